//! The store of a fleet: counters and holds on Redis or Valkey.

mod connection;
mod decode;
mod deliveries;
mod encode;
mod epochs;
mod explain;
mod names;
mod question;
mod reply;
mod script;
mod sentinel;
mod shared;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;

use self::shared::Shared;
use super::StoreError;

pub use self::connection::Connection;

/// How long Redis may take to be connected to, and to answer, unless another [time](RedisStore::timeout) was set.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(100);

/// How many settlements may wait to be booked unless another [number](RedisStore::max_waiting) was set.
pub const DEFAULT_MAX_WAITING: usize = 65_536;

/// The largest amount of a limit that is counted exactly, in its unit: 2^53 - 1. In nano-dollars it is 9,007,199 dollars.
pub const LARGEST_AMOUNT: u64 = encode::TOP - 1;

/// Keeps counters and holds on a Redis or Valkey server, for all instances that share it. Cheap to clone.
pub struct RedisStore<C = Connection> {
    connection: C,
    settings: Settings,
    shared: Arc<Shared>,
}

#[derive(Debug, Clone)]
struct Settings {
    prefix: Arc<str>,
    timeout: Duration,
    max_waiting: usize,
    /// Whether the times that callers give are taken for Redis' own.
    has_callers_time: bool,
}

impl RedisStore {
    /// Connects when it is first asked, and again whenever the connection is lost: so it can be made while Redis is away.
    ///
    /// | address | is |
    /// | --- | --- |
    /// | `redis://[user:password@]host[:port][/db]` | one server |
    /// | `redis+cluster://[user:password@]host[:port],host[:port]…` | a cluster, of which at least one of these nodes is up |
    /// | `redis+sentinel://[user:password@]host[:port],host[:port]…/name[/db]` | what these sentinels say is the master of this name; the password is the master's |
    ///
    /// `valkey` may stand for `redis`. `rediss://`, `rediss+cluster://` and `rediss+sentinel://` are encrypted: they need one of the TLS
    /// features of the `redis` crate, which you name as a dependency of your own.
    ///
    /// # Errors
    /// When the address makes no sense, or when it is called outside of a Tokio runtime.
    pub fn connect(address: &str) -> Result<Self, StoreError> {
        Self::connect_within(address, DEFAULT_TIMEOUT)
    }

    /// [Connects](Self::connect), with another [time](Self::timeout) for connecting and for each answer.
    ///
    /// # Errors
    /// As with [`connect`](Self::connect).
    pub fn connect_within(address: &str, timeout: Duration) -> Result<Self, StoreError> {
        Ok(Self::new(Connection::to(address, timeout)?).timeout(timeout))
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// A store on a connection of your own. It has to connect again by itself when it is lost.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            settings: Settings {
                prefix: Arc::from(""),
                timeout: DEFAULT_TIMEOUT,
                max_waiting: DEFAULT_MAX_WAITING,
                has_callers_time: false,
            },
            shared: Arc::new(Shared::new()),
        }
    }

    /// What the names of all of its keys begin with, before `tq1:{organization}`. Nothing unless set; braces become underscores.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = names::prefix(prefix).into();
        self
    }

    /// How long Redis may take to answer, connecting included; [100 ms](DEFAULT_TIMEOUT) unless set. A connection has times of its own:
    /// to connect to an address with another one there is [`connect_within`](Self::connect_within).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How many settlements may wait to be booked while Redis is slow or away; [65,536](DEFAULT_MAX_WAITING) unless set. One more is
    /// given up, and told of as [lost](crate::store::Report::Lost).
    #[must_use]
    pub fn max_waiting(mut self, settlements: usize) -> Self {
        self.settings.max_waiting = settlements;
        self
    }

    /// Takes the times that callers give for those of Redis: for tests, which cannot wait.
    #[doc(hidden)]
    #[must_use]
    pub fn at_callers_time(mut self) -> Self {
        self.settings.has_callers_time = true;
        self
    }
}

impl<C: Clone> Clone for RedisStore<C> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            settings: self.settings.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("settings", &self.settings)
            .field("waiting", &self.shared.waiting.count())
            .finish_non_exhaustive()
    }
}
