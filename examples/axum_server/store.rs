//! Where usage is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tower_token_quota::Quota;
use tower_token_quota::journal::{self, JournalError, JournalStore};
use tower_token_quota::store::RedisStore;
use tower_token_quota::store::redis::DEFAULT_TIMEOUT;

use crate::Failure;

/// What `--store` says when it is left out.
pub(crate) const DEFAULT: &str = "sqlite:./quota.db";

/// How the addresses of servers begin that speak Redis' protocol.
const REDIS: [&str; 2] = ["redis", "valkey"];

/// What `--store` says.
pub(crate) enum Store {
    /// This process's memory.
    Memory,
    /// A journal in a file, and how long the disk may take.
    Sqlite(PathBuf, Option<Duration>),
    /// Redis or Valkey, where other instances keep theirs too.
    Redis(RedisStore),
}

impl Store {
    /// Reads `memory`, `sqlite:PATH`, or an address of Redis, which need not answer yet but within this time when it is asked.
    pub(crate) fn open(address: &str, timeout: Option<Duration>) -> Result<Self, String> {
        let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
        match scheme {
            "memory" if timeout.is_some() => {
                Err("--store-timeout: memory answers at once".to_owned())
            }
            "memory" => Ok(Self::Memory),
            "sqlite" => match file(rest) {
                Ok(path) => Ok(Self::Sqlite(path.into(), timeout)),
                Err(wrong) => Err(format!("--store sqlite:… {wrong}")),
            },
            // What comes after may have a password in it: only what can have none is repeated.
            _ if !REDIS.iter().any(|redis| scheme.starts_with(redis)) => Err(format!(
                "--store {}: write memory, sqlite:PATH or redis://HOST:PORT (see --help)",
                without_secrets(address)
            )),
            _ => {
                let store = RedisStore::connect_within(address, timeout.unwrap_or(DEFAULT_TIMEOUT));
                // What comes after the scheme may have a password: it is not repeated.
                store
                    .map(Self::Redis)
                    .map_err(|error| format!("--store {scheme}:…: {error}"))
            }
        }
    }

    /// Has the quota keep its usage there. Also returns what is not wrong, but should be known.
    pub(crate) async fn keep(
        self,
        quota: Quota,
        expiry: Option<Duration>,
    ) -> Result<(Quota, Option<String>), String> {
        let quota = match expiry {
            Some(expiry) => quota.hold_expiry(expiry),
            None => quota,
        };
        match self {
            Self::Memory => Ok((quota, None)),
            Self::Redis(store) => Ok((quota.store(store), None)),
            Self::Sqlite(path, patience) => {
                let file = path.clone();
                let journal = blocking(move || JournalStore::open(file)).await?;
                let note = note(&path, &journal);
                let journal = match patience {
                    Some(patience) => journal.patience(patience),
                    None => journal,
                };
                Ok((quota.store(journal), note))
            }
        }
    }

    /// Copies what is kept there into a new file.
    pub(crate) async fn back_up(self, to: PathBuf) -> Result<(), Failure> {
        match self {
            Self::Memory | Self::Redis(_) => {
                let wrong = "--backup copies a file: what is kept in memory or on Redis is none";
                Err(Failure::Wrong(wrong.to_owned()))
            }
            Self::Sqlite(from, _) => {
                let done = format!("{} is copied to {}", from.display(), to.display());
                let copied = blocking(move || journal::backup(from, to)).await;
                copied.map_err(Failure::Failed)?;
                eprintln!("{done}");
                Ok(())
            }
        }
    }
}

/// The path after `sqlite:`. Others' addresses have slashes before it, two or three or four, and do not mean the same by them.
fn file(path: &str) -> Result<&str, &'static str> {
    match path {
        "" => Err("names no file; write sqlite:PATH"),
        _ if path.starts_with("//") => Err(
            "has slashes before the path; write sqlite:PATH, such as sqlite:quota.db or sqlite:/var/lib/quota.db",
        ),
        path => Ok(path),
    }
}

/// An address of we know not what, as far as it is a host and a port.
fn without_secrets(address: &str) -> String {
    let (host, port) = address.split_once(':').unwrap_or((address, "0"));
    let is_port = port.parse::<u16>().is_ok();
    let is_in_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    match host.chars().all(is_in_name) {
        true if is_port => address.to_owned(),
        true => format!("{host}:…"),
        false => "…".to_owned(),
    }
}

/// The disk is waited for aside.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

fn note(path: &Path, journal: &JournalStore) -> Option<String> {
    let path = path.display();
    match (journal.is_new(), journal.recovered()) {
        (true, _) => Some(format!("{path}: a new journal; usage begins at zero.")),
        (false, 0) => None,
        (false, calls) => Some(format!(
            "{path}: calls that were under way when the last gateway ended: {calls}. They are booked at the most that they may \
             have used: select * from unreconciled_holds."
        )),
    }
}
