//! The store of a fleet: counters and holds on Redis or Valkey.

mod address;
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
mod silence;
mod store;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;

use self::shared::Shared;

pub use self::address::ConnectError;
pub use self::connection::Connection;

/// How long Redis may take to be connected to, and to answer, unless another [time](RedisStore::timeout) was set.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(100);

/// How many settlements may wait to be booked unless another [number](RedisStore::max_waiting) was set.
pub const DEFAULT_MAX_WAITING: usize = 65_536;

/// The largest amount of a limit that is counted exactly, in its unit: 2^53 - 1. In nano-dollars it is 9,007,199 dollars.
pub const LARGEST_AMOUNT: u64 = encode::TOP - 1;

/// Keeps counters and holds on Redis or Valkey, for all instances that share it: a limit of 10,000 is 10,000 for the whole fleet. Cheap to
/// clone; clones share what is on its way.
///
/// ```no_run
/// use tower_token_quota::store::RedisStore;
/// use tower_token_quota::{Limit, Policy, Quota, Tier};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::new().tier(Tier::new("free").limit(Limit::tokens(10_000).per_day())).build()?;
/// let store = RedisStore::connect("redis://10.0.0.5:6379")?;
/// let quota = Quota::new(policy).store(store);
/// quota.check_policy(&quota.policy())?; // whether Redis can count what it allows
/// # Ok(())
/// # }
/// ```
///
/// # What it does
/// - **One script reserves** all candidates' charges, all or none, in one round trip; another one settles. They are known to Redis by a
///   hash, and are sent again when it has forgotten them.
/// - **Redis' clock** leaks buckets and expires holds, never that of an instance. The periods that a call names have to run by it, give or take
///   5 seconds. An instance whose clock is more than a second off learns that, and plans by Redis'.
/// - **The same id twice changes nothing**, whichever answer was lost.
/// - **Settlements wait for nobody**: each is delivered in a task of its own with the same id until it is booked, for
///   [an hour](crate::store::LONGEST_RETRY). 64 are at once, and beside them 64 of those that have failed before: what cannot be booked keeps nothing
///   waiting but what corrects it. [`drain`](crate::store::Store::drain) waits for them. When more than [`max_waiting`](Self::max_waiting) wait, when
///   the hour is over, or when the runtime ends first, a settlement is told of as [lost](crate::store::Report::Lost), and its hold ends as expiry says.
/// - **Holds of an instance that died expire**, at the next call of their organization: dollars and calls stay booked as estimated, tokens and what is
///   under way are given back. A settlement that comes later corrects that.
/// - **Thresholds are crossed once** for the whole fleet, and told of by the instance that booked. One that was crossed by an expiry or by a
///   correction is not told of if just that answer is lost.
/// - **Redis that came back empty** is noticed, and [told of](crate::store::Report::Emptied), when an organization is asked about that this instance has asked
///   about before.
///
/// What holds while Redis does not answer is the [policy's](crate::policy::OnStoreFailure) to say. Whether it answers is judged of the store, not of each
/// organization: after three failures in a row, whosesoever, an instance decides for a second without asking, for all. So an organization whose node of a cluster
/// is away can take the store from others, for a second at a time.
///
/// # Amounts
/// Scripts count in doubles: exactly to 2^53 - 1, the [largest amount](LARGEST_AMOUNT). In dollars that is $9,007,199.25 in one counter.
/// [`Quota::check_policy`](crate::Quota::check_policy) says whether a policy has larger ones.
///
/// # Memory and work
/// Measured by `cargo bench --bench redis_memory` on Redis 7.0, with limits and users whose names are of usual length:
///
/// | what | takes |
/// | --- | --- |
/// | a counter | 150 to 200 bytes |
/// | an open hold of 4 limits | 970 bytes, with its place among those that are due |
/// | 1,000 calls a second of 10 seconds each, one organization | 10 MB of open holds |
/// | the id of a settled hold, for 2 hours | a third of a byte, if its organization makes all calls of an instance; at most 350 bytes, if it makes one of 1,000 |
/// | a call with 4 limits, reserved one after the other, and settled | 280 µs of the server's processor, on two busy cores |
///
/// All keys of an organization have its name for a hash tag, so they stand in one slot, on one server, which runs one script at a time. At 280 µs that
/// is a ceiling of 3,600 calls a second for one organization; others are beside it on other nodes of a cluster.
///
/// Nobody has to clean up: each key ends by itself. With holds of an hour, a bucket's goes two hours after it has leaked dry, a gauge's at once when nothing is under
/// way, a period's a day after its end; calls that a shadow limit would have refused are known for a day longer. A hold that was
/// given up is kept for two hours, for its settlement. An idle organization leaves one key of 150 bytes, its epoch, for 100 days.
///
/// # Requirements
/// Redis 5 or later, or Valkey (tests run on Redis 7.0). A server that evicts keys to make room forgets what was used: `maxmemory-policy noeviction` is the
/// setting for a store. What a failover to a replica that lags behind has lost was never counted.
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
    /// features of the `redis` crate, such as `tokio-rustls-comp`, which you name as a dependency of your own. A cluster has no other database
    /// than 0.
    ///
    /// # Errors
    /// When the address makes no sense, or when it is called outside of a Tokio runtime.
    pub fn connect(address: &str) -> Result<Self, ConnectError> {
        Self::connect_within(address, DEFAULT_TIMEOUT)
    }

    /// [Connects](Self::connect), with another [time](Self::timeout) for connecting and for each answer.
    ///
    /// # Errors
    /// As with [`connect`](Self::connect).
    pub fn connect_within(address: &str, timeout: Duration) -> Result<Self, ConnectError> {
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
