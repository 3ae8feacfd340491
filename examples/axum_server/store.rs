//! Where usage is kept.

use std::time::Duration;

use tower_token_quota::Quota;
use tower_token_quota::store::RedisStore;
use tower_token_quota::store::redis::DEFAULT_TIMEOUT;

/// What `--store` says when it is left out.
pub(crate) const MEMORY: &str = "memory";

/// What `--store` says.
pub(crate) enum Store {
    /// This process's memory.
    Memory,
    /// Redis or Valkey, where other instances keep theirs too.
    Redis(RedisStore),
}

impl Store {
    /// Reads `memory`, or an address of Redis, which need not answer yet but within this time when it is asked.
    pub(crate) fn open(address: &str, timeout: Option<Duration>) -> Result<Self, String> {
        // What comes after the scheme may have a password: it is not repeated.
        let scheme = address.split(':').next().unwrap_or_default();
        match scheme {
            MEMORY => Ok(Self::Memory),
            "sqlite" => {
                Err("--store sqlite:… is not in this version yet; write --store memory".to_owned())
            }
            _ => {
                let store = RedisStore::connect_within(address, timeout.unwrap_or(DEFAULT_TIMEOUT));
                store
                    .map(Self::Redis)
                    .map_err(|error| format!("--store {scheme}:…: {error}"))
            }
        }
    }

    /// Has the quota keep its usage there.
    pub(crate) async fn keep(
        self,
        quota: Quota,
        expiry: Option<Duration>,
    ) -> Result<Quota, String> {
        let quota = match expiry {
            Some(expiry) => quota.hold_expiry(expiry),
            None => quota,
        };
        match self {
            Self::Memory => Ok(quota),
            Self::Redis(store) => Ok(quota.store(store)),
        }
    }
}
