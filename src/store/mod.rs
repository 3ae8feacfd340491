//! Where counters live: the [`Store`] trait, the data that goes in and out of it, and the stores.
//!
//! A store takes data, never closures: the same [`Reservation`] works on a map in memory and in a script on a server.

pub mod arithmetic;
mod charge;
mod key;
mod listener;
mod memory;
mod past;
#[cfg(feature = "redis")]
pub mod redis;

pub use charge::{Booking, Charge, Rule};
pub use key::{CounterKey, HoldId};

pub(crate) use key::{HoldIds, KeyBuilder, KeyParts};
pub(crate) use listener::Listener;
pub use memory::MemoryStore;
pub use past::{Books, MonthTotals, Past, RunningPeriod};
#[cfg(feature = "redis")]
pub use redis::RedisStore;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::money::Usd;
use crate::prices::{Cost, Part};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};
use crate::watch::Basis;

/// A future that a [`Store`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// For how long a hold in a store of its own lives without being renewed.
pub const DEFAULT_EXPIRY: Duration = Duration::from_secs(3600);

/// For how long a settlement may be delivered again: ids of settled holds are remembered for a hold's life and this.
pub const LONGEST_RETRY: Duration = Duration::from_secs(3600);

/// All that a store needs to decide on a call.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The hold's id, made by us. The same id again changes nothing and gets the same decision.
    pub id: HoldId,
    /// Whose it is: the part that all of its counters' keys begin with, and by which a store may place it.
    pub organization: Arc<str>,
    /// The caller's time; a store with a clock of its own uses that instead.
    pub now: Moment,
    /// After which time an unsettled hold is given up.
    pub expires_in: Duration,
    /// What to try, in order: the asked model's charges, then each rung's.
    pub candidates: Vec<Vec<Charge>>,
    /// For each candidate what is booked should nobody ever say what its call used, for stores that write it down before the
    /// call is made. Of a candidate without one the estimate is booked, and no call is recorded.
    pub unreconciled: Vec<Unreconciled>,
}

/// What a call is booked at while nobody knows what it used: the most that it may have.
#[derive(Debug, Clone)]
pub struct Unreconciled {
    /// For each charge of its candidate, in order.
    pub actuals: Vec<u64>,
    /// The call, as one whose usage never came.
    pub record: Arc<CallRecord>,
}

/// What a store decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// One candidate fits, and all of its charges are applied.
    Granted {
        /// Which one.
        candidate: usize,
        /// The counter of each of its charges, in order, as it stands after the charge.
        balances: Vec<Balance>,
        /// The charges, by position, that a shadow limit would have refused; they were not applied.
        would_block: Vec<usize>,
    },
    /// None fits; nothing has changed.
    Refused(Vec<Refusal>),
    /// This hold has been settled already; nothing has changed.
    Closed,
    /// A charge's period does not run by the store's clock; nothing has changed. [`Store::clock_offset`] tells how far the
    /// clocks are apart.
    WrongPeriod,
}

/// A counter, for people: what is used, what is held, how much there is, and when it is whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// What is booked: a bucket's level, a period's usage.
    pub used: u64,
    /// What open holds have reserved beside it; always zero for buckets, which charge at once.
    pub held: u64,
    /// The amount of the limit.
    pub amount: u64,
    /// Calls that a shadow limit would have refused since the counter began.
    pub would_block: u64,
    /// In how many microseconds the counter is whole again: a bucket has leaked dry, a period has ended.
    /// `None` for gauges, whose end nobody knows.
    pub resets_in: Option<u64>,
}

impl Balance {
    /// What is left to reserve; debt shows as zero.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.amount
            .saturating_sub(self.used)
            .saturating_sub(self.held)
    }
}

/// Why a charge was refused, from the most lasting reason to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More than the limit's whole amount: waiting will not help.
    NeverFits,
    /// A calendar period's amount is spent.
    Quota,
    /// A bucket is too full just now.
    Rate,
    /// Too many calls are under way.
    Concurrent,
}

/// One charge that did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The candidate's position in the reservation.
    pub candidate: usize,
    /// The charge's position in the candidate.
    pub charge: usize,
    /// Why.
    pub reason: Reason,
    /// The counter, unchanged.
    pub balance: Balance,
    /// In how many microseconds this charge would fit if nothing else came: `None` where waiting does not help or nobody knows.
    pub wait: Option<u64>,
}

/// What a hold's call really used. Data, so that a store can write it down and deliver it later.
///
/// Without bookings it takes back a reservation whose decision nobody has seen: whatever the id holds is released, and if
/// it holds nothing yet it never will.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The hold's id. The same id again changes nothing.
    pub id: HoldId,
    /// Whose it is, as in the reservation.
    pub organization: Arc<str>,
    /// The caller's time; a store with a clock of its own uses that instead.
    pub now: Moment,
    /// Every charge that was applied, with what to book for it.
    pub bookings: Vec<Booking>,
    /// The call, for those who are told of it; nothing for a reservation that is taken back.
    pub record: Option<Arc<CallRecord>>,
}

/// A call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// Who pays.
    pub subject: Subject,
    /// The API that was called; `None` for calls of unknown APIs and for those without HTTP.
    pub api: Option<&'static str>,
    /// When it was admitted, in microseconds since the Unix epoch.
    pub admitted_at: i64,
    /// The canonical name of the model that was asked for.
    pub asked: Arc<str>,
    /// The canonical name of the model that was called.
    pub model: Arc<str>,
    /// What had been reserved.
    pub reserved: Estimate,
    /// What was booked.
    pub usage: Usage,
    /// How the usage was found.
    pub basis: Basis,
    /// What the call cost, by the prices when it was admitted.
    pub cost: Cost,
    /// What the same usage would have cost of the model that was asked for, where another one was called, both have prices,
    /// and it is known what was used.
    pub asked_cost: Option<Usd>,
    /// What an earlier settlement has booked for the same call and this one corrects.
    pub corrects: Option<Replaced>,
}

/// The name of what is summed together.
pub(crate) const OTHER: &str = "other";

impl CallRecord {
    /// The model that its cost is summed up by. Callers invent names: of a model that nobody has heard of, that has no price, and
    /// that ran nothing, no sum is kept.
    pub(crate) fn summed_as(&self) -> Arc<str> {
        let ran = self.basis != Basis::NothingRan;
        let has_price = !self.cost.unpriced.contains(Part::Model);
        if ran || has_price || crate::model::facts(&self.model).is_some() {
            self.model.clone()
        } else {
            OTHER.into()
        }
    }
}

/// What was booked for a call, and is no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// The id of the settlement that booked it.
    pub hold: HoldId,
    /// The usage.
    pub usage: Usage,
    /// The cost.
    pub cost: Usd,
}

/// How a settlement found its hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Open: the hold was replaced by the actual amounts.
    OnTime,
    /// Expired: what the expiry kept was corrected to the actual amounts.
    Late,
    /// Unknown to the store: the actual amounts were booked in full, less what an earlier settlement
    /// [had booked](Booking::booked).
    Unknown,
    /// Settled before: nothing has changed.
    Repeated,
    /// Open when the process before this one ended: what the call may have used at the most was booked when the store was opened
    /// again.
    Recovered,
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

/// What a store has done.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Report<'a> {
    /// A settlement was booked.
    Settled {
        /// The settlement.
        settlement: &'a Settlement,
        /// How it found its hold.
        how: Settled,
    },
    /// A counter's usage reached a threshold for the first time. Of several at once the lowest is told of first; those that a
    /// settlement crossed are told of after it.
    #[non_exhaustive]
    Crossed {
        /// The charge that was booked, given up or corrected; it names counter, limit and rule.
        charge: &'a Charge,
        /// The threshold, in percent of the rule's amount.
        percent: u8,
        /// The counter's usage then.
        used: u64,
        /// The call that was settled; nothing where a hold expired or an operator corrected the counter.
        record: Option<&'a CallRecord>,
    },
    /// A settlement was given up, because it could not be delivered in time or too many are waiting: it is not booked, and
    /// what its hold reserved ends as expiry says.
    #[non_exhaustive]
    Lost {
        /// The settlement.
        settlement: &'a Settlement,
        /// Why.
        reason: &'a str,
    },
    /// The store has forgotten an organization's usage: it came back empty.
    #[non_exhaustive]
    Emptied {
        /// Whose.
        organization: &'a str,
    },
}

/// Whom a store tells of what it has done, whenever it has done it. Called with no lock held.
pub trait Reports: Send + Sync + 'static {
    /// Takes note of it.
    fn report(&self, report: Report<'_>);
}

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
