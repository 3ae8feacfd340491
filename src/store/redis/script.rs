//! The scripts. Each is one text: what they share, and then its own part.

use std::sync::OnceLock;

use ::redis::aio::ConnectionLike;
use ::redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};

/// A script, known to servers by the hash of its text: a new version is a new script.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    hash: OnceLock<String>,
}

macro_rules! script {
    ($($part:literal),+) => {
        Script {
            text: concat!("-- tower-token-quota tq1\n", $(include_str!(concat!("lua/", $part, ".lua"))),+),
            hash: OnceLock::new(),
        }
    };
}

pub(super) static RESERVE: Script = script!("arithmetic", "counters", "holds", "reserve");
pub(super) static SETTLE: Script = script!("arithmetic", "counters", "holds", "settle");
pub(super) static RENEW: Script = script!("arithmetic", "counters", "holds", "renew");
pub(super) static PEEK: Script = script!("arithmetic", "counters", "holds", "peek");
pub(super) static ADJUST: Script = script!("arithmetic", "counters", "holds", "adjust");

impl Script {
    /// Runs it by its hash, and by its text where the server does not know that: a new server, one that was restarted or
    /// flushed, a slot's new owner. It does from then on.
    pub(super) async fn run(
        &self,
        connection: &mut impl ConnectionLike,
        keys: &[String],
        arguments: &[String],
    ) -> Result<Value, RedisError> {
        let by_hash = command("EVALSHA", self.hash(), keys, arguments);
        match by_hash.query_async(connection).await {
            Err(error) if is_unknown(&error) => {
                let by_text = command("EVAL", self.text, keys, arguments);
                by_text.query_async(connection).await
            }
            answered => answered,
        }
    }

    fn hash(&self) -> &str {
        let hash = || ::redis::Script::new(self.text).get_hash().to_owned();
        self.hash.get_or_init(hash)
    }
}

fn is_unknown(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn command(name: &str, script: &str, keys: &[String], arguments: &[String]) -> Cmd {
    let mut command = ::redis::cmd(name);
    command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::super::names::VERSION;
    use super::*;

    /// The servers of a fleet that is being upgraded know the scripts of both versions.
    #[test]
    fn each_text_names_the_version_of_the_keys_that_it_writes() {
        let begins = format!("-- tower-token-quota {VERSION}\n");
        for script in [&RESERVE, &SETTLE, &RENEW, &PEEK, &ADJUST] {
            assert!(script.text.starts_with(&begins));
            assert_eq!(script.hash().len(), 40);
        }
    }
}
