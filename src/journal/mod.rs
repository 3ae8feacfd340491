//! A store whose usage outlives restarts and crashes: a SQLite file under a [`MemoryStore`](crate::store::MemoryStore).
//!
//! ```
//! use tower_token_quota::journal::JournalStore;
//! use tower_token_quota::{Demand, Limit, Policy, Quota, Subject, Tier, Usage, Usd};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("quota.db");
//! let monthly = Limit::usd(Usd::dollars(5)).per_month().id("monthly");
//! let policy = || Policy::new().tier(Tier::new("pro").limit(monthly.clone())).build();
//! let alice = Subject::user("alice", "pro");
//!
//! let quota = Quota::new(policy()?).store(JournalStore::open(&file)?);
//! let hold = quota.reserve(&alice, Demand::new("gpt-4o-mini").input_tokens(1_000)).await?;
//! hold.settle(Usage::new(1_000, 100));
//! quota.drain().await;
//! drop(quota);
//!
//! // Another day, another process.
//! let quota = Quota::new(policy()?).store(JournalStore::open(&file)?);
//! assert_eq!(quota.status(&alice).await?[0].used, Usd::from_nanos(210_000).nanos());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # What it promises
//! - With [`Durability::Reserve`](crate::policy::Durability::Reserve), the default of dollars, a hold is on disk before its call may be
//!   made. After any crash the books can be too high, never too low: what was under way is booked at the most that it may have used, and is unreconciled.
//! - With [`Durability::Settle`](crate::policy::Durability::Settle) only settlements are written: a crash forgets what was under way.
//! - A settlement is on disk with the next transaction, which begins when the one before it is there. Nothing waits for that but
//!   [`Quota::drain`](crate::Quota::drain); what is queued when the store is dropped is written too.
//! - A file that is damaged, another process's, of another version or cannot be written is a [`JournalError`] when it is opened.
//! - When the disk takes nothing at run time, the store does not answer, and [failure rules](crate::policy::OnStoreFailure) hold. Up to
//!   65,536 settlements wait for it; what is beyond that is told of as lost. It mends by itself.
//! - What is under way is not kept ([`Rule::Gauge`](crate::store::Rule::Gauge)), nor are calls that were refused.
//!
//! The file's tables and views are described in `src/journal/schema.sql`, and in the file itself (`.schema`).

mod backup;
mod check;
mod counters;
mod days;
mod entry;
mod error;
mod fold;
mod heard;
mod keep;
mod lock;
mod look;
mod open;
mod queue;
mod read;
mod recover;
mod rows;
mod sqlite;
mod storage;
mod store;
mod terms;
mod thread;
mod totals;
mod writer;

pub use backup::backup;
pub use entry::{Entry, OpenHold};
pub use error::JournalError;
pub use sqlite::SqliteStorage;
pub use storage::{Kept, KeptCounter, Storage};
pub use store::JournalStore;

/// Microseconds of a day.
const DAY: i64 = 24 * 3600 * 1_000_000;
