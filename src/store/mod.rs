//! Where counters live: the [`Store`] trait, the data that goes in and out of it, and the stores.
//!
//! A store takes data, never closures: the same [`Reservation`] works on a map in memory and in a script on a server.

pub mod arithmetic;
mod balance;
mod call_record;
mod charge;
mod decision;
mod hold_id;
mod hold_ids;
mod key;
mod listener;
mod memory;
mod past;
#[cfg(feature = "redis")]
pub mod redis;
mod report;
mod reservation;
mod settlement;

pub use balance::Balance;
pub use call_record::{CallRecord, Replaced};
pub use charge::{Booking, Charge, Rule};
pub use decision::{Decision, Reason, Refusal};
pub use hold_id::HoldId;
pub use key::CounterKey;
pub use memory::MemoryStore;
pub use past::{Books, MonthTotals, Past, RunningPeriod};
#[cfg(feature = "redis")]
pub use redis::RedisStore;
pub use report::{Report, Reports};
pub use reservation::{Reservation, Unreconciled};
pub use settlement::{Settled, Settlement};

pub(crate) use call_record::OTHER;
pub(crate) use hold_id::LANES;
pub(crate) use hold_ids::HoldIds;
pub(crate) use key::{KeyBuilder, KeyParts};
pub(crate) use listener::Listener;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;

/// A future that a [`Store`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// For how long a hold in a store of its own lives without being renewed.
pub const DEFAULT_EXPIRY: Duration = Duration::from_secs(3600);

/// For how long a settlement may be delivered again: ids of settled holds are remembered for a hold's life and this.
pub const LONGEST_RETRY: Duration = Duration::from_secs(3600);

/// Keeps counters and holds.
///
/// An implementer promises, at every call and under any concurrency:
/// - **all or nothing**: a granted candidate's hard and soft charges all apply, a refused reservation changes nothing;
/// - **no over-admission**: after a grant `used + held <= amount` on every hard counter it charged;
/// - **exactly once**: a repeated `reserve` or `settle` of one id changes nothing;
/// - **each threshold once**: what [`State::cross`](arithmetic::State::cross) says after a settlement, an expiry or a correction,
///   in the same atomic step, is [told of](Report::Crossed) once; the marks live as long as the counter;
/// - **debt is booked**: what is settled above the reservation is added in full;
/// - the arithmetic is that of [`arithmetic`], to the last unit.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Decides on a call in one atomic step: tries the candidates in order and applies the first that fits.
    ///
    /// A candidate that does not fit passes the search on only if all of the hard charges that refuse it
    /// [downgrade](Charge::downgrades); else the search ends there.
    ///
    /// # Errors
    /// When the store cannot be reached in time. The caller then settles the id at zero, in case it was applied.
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>>;

    /// The largest amount of a limit that it counts to the last unit. A larger one counts as this.
    fn largest_amount(&self) -> u64 {
        u64::MAX
    }

    /// Whether it writes down, before a call is made, [what is booked](Reservation::unreconciled) should nobody ever say what
    /// that used. One that does not is not told.
    fn keeps_holds(&self) -> bool {
        true
    }

    /// By how many microseconds the store's wall clock is ahead of [ours](Reservation::now), as far as that is known. The
    /// engine plans by the store's time: all instances are in the same day, week and month.
    fn clock_offset(&self) -> i64 {
        0
    }

    /// What the store knows of the time before this process. Asked for once, before the first call.
    fn past(&self) -> Past {
        Past::default()
    }

    /// Says how books are kept from now on. Never blocks.
    fn keep_books(&self, _books: Books) {}

    /// Says which day, week or month runs from now on, so that a store which outlives the process can tell the next one. Never blocks.
    fn period_began(&self, _period: RunningPeriod) {}

    /// Says whom to tell from now on, in place of whoever was told before. Called before the first call.
    fn report_to(&self, reports: Arc<dyn Reports>);

    /// Replaces a hold by what its call used. Of an id that it does not know it books what is beyond [`Booking::booked`], and
    /// gives back what is below it, but for buckets. Never blocks: a remote store queues it, and reports it once it is booked.
    fn settle(&self, settlement: Settlement);

    /// Puts off a hold's expiry to `expires_in` from now. A hold that is gone is left alone.
    fn renew(&self, id: HoldId, organization: &str, now: Moment, expires_in: Duration);

    /// Reads counters. Those that do not exist are as fresh ones. A charge's amount is ignored.
    ///
    /// # Errors
    /// When the store cannot be reached in time.
    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>>;

    /// Corrects a counter and returns it. A charge's amount is ignored.
    ///
    /// # Errors
    /// When the store cannot be reached in time.
    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>>;

    /// Whether the store answers.
    ///
    /// # Errors
    /// Why it does not.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// How many settlements were handed over and are not booked yet.
    fn waiting(&self) -> usize {
        0
    }

    /// Waits until every settlement that was handed over is booked.
    fn drain(&self) -> BoxFuture<'_, ()>;
}

/// A correction by an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Gives back: usage falls by this much, to zero at the lowest.
    Credit(u64),
    /// Takes: usage rises by this much, beyond the limit's amount if need be.
    Debit(u64),
    /// Usage becomes zero; what open holds have reserved stays.
    Reset,
}

/// A store could not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the quota store is unavailable: {0}")]
pub struct StoreError(pub String);
