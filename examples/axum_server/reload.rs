//! The policy's file, read anew on SIGHUP. What callers have used stays: it belongs to the limits' ids.

use std::io;

use tower_token_quota::Quota;

use crate::config::Config;
use crate::signals;

/// Puts the policy of the file in force on every SIGHUP. A wrong one changes nothing.
pub(crate) fn on_hangup(config: Config, quota: Quota) -> io::Result<()> {
    let mut hangups = signals::hangups()?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match config.policy() {
                Ok(policy) => {
                    quota.set_policy(policy);
                    tracing::info!("the policy was read anew");
                }
                Err(wrong) => tracing::error!("{wrong}; the policy in force stays"),
            }
        }
    });
    Ok(())
}
