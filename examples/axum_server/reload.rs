//! Policy, prices and the webhook's address, read anew on SIGHUP. What callers have used stays: it belongs to the limits' ids.

use std::io;

use tower_token_quota::Quota;

use crate::config::Config;
use crate::signals;
use crate::webhook::Address;

/// Puts what the files say in force on every SIGHUP. What is wrong changes nothing.
pub(crate) fn on_hangup(config: Config, quota: Quota, webhook: Address) -> io::Result<()> {
    let mut hangups = signals::hangups()?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            let reader = config.clone();
            // Price lists are long.
            let read = tokio::task::spawn_blocking(move || reader.read()).await;
            let read = read.unwrap_or_else(|error| Err(error.to_string()));
            let checked = read.and_then(|it| config.check(&it.policy, &quota).map(|()| it));
            match checked {
                Ok(configured) => {
                    quota.set_policy(configured.policy);
                    webhook.set(configured.webhook);
                    for note in configured.notes {
                        tracing::warn!("{note}");
                    }
                    tracing::info!("the policy was read anew");
                }
                Err(wrong) => tracing::error!("{wrong}; the policy in force stays"),
            }
        }
    });
    Ok(())
}
