//! What can happen.

use std::sync::Arc;

use super::{AlertLevel, Basis, ProviderLimit};
use crate::api::Opaque;
use crate::money::Usd;
use crate::policy::{OnStoreFailure, Period, Unit};
use crate::prices::Cost;
use crate::reject::RejectionKind;
use crate::store::{CounterKey, HoldId, Settled};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};

/// Something that happened to a call, a counter or the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A call was admitted.
    #[non_exhaustive]
    Admitted {
        /// The hold's id: that of the event that it was settled, too.
        hold: HoldId,
        /// Who pays.
        subject: Subject,
        /// The model that will be called.
        model: Arc<str>,
        /// The model that was asked for, when it is another one.
        downgraded_from: Option<Arc<str>>,
        /// Input tokens reserved.
        input_tokens: u64,
        /// Output tokens reserved.
        output_tokens: u64,
    },
    /// A call was answered by us.
    #[non_exhaustive]
    Refused {
        /// Who it was, if that was found out.
        subject: Option<Subject>,
        /// The asked model, if the body was read.
        model: Option<Arc<str>>,
        /// Why.
        kind: RejectionKind,
        /// The ids of the limits that refused, each once.
        limits: Vec<Arc<str>>,
        /// What the asked model was expected to use, where that was found out: what the refusal saved, at most.
        estimate: Option<Estimate>,
        /// The most that this could have cost, where the model has a price.
        cost: Option<Usd>,
    },
    /// A limit's canned reply was given in a model's place.
    #[non_exhaustive]
    Replied {
        /// Who it was.
        subject: Subject,
        /// The asked model.
        model: Arc<str>,
        /// The limit whose reply it is.
        limit: Arc<str>,
        /// The most that the call could have cost, where the model has a price.
        cost: Option<Usd>,
    },
    /// A shadow limit would have refused an admitted call.
    #[non_exhaustive]
    WouldBlock {
        /// Who pays.
        subject: Subject,
        /// The limit's id.
        limit: Arc<str>,
    },
    /// A soft limit was passed by an admitted call.
    #[non_exhaustive]
    SoftLimitPassed {
        /// Who pays.
        subject: Subject,
        /// The limit's id.
        limit: Arc<str>,
    },
    /// A day has spent more than 1.5 times of what is its share of a budget: told once for each day and counter, by each process.
    #[non_exhaustive]
    PaceExceeded {
        /// Who pays for the call that did it.
        subject: Subject,
        /// The budget's counter, which says whose it is.
        counter: CounterKey,
        /// The budget's id.
        limit: Arc<str>,
        /// What is spent and held today, in nano-dollars.
        today: u64,
        /// The day's budget in nano-dollars: what was left at its beginning, divided by the days left, this one included.
        daily: u64,
        /// When the day ends, in microseconds since the Unix epoch.
        ends_at: i64,
    },
    /// A call's hold was settled.
    #[non_exhaustive]
    Settled {
        /// The hold's id.
        hold: HoldId,
        /// Who pays.
        subject: Subject,
        /// The API that was called; `None` for calls of unknown APIs and for those without HTTP.
        api: Option<&'static str>,
        /// The model that was asked for.
        asked: Arc<str>,
        /// The model that was called.
        model: Arc<str>,
        /// What had been reserved.
        reserved: Estimate,
        /// What was booked.
        usage: Usage,
        /// How the usage was found.
        basis: Basis,
        /// What the call cost, by the prices when it was admitted; for one that is unreconciled, the most it may have cost.
        cost: Cost,
        /// What the same usage would have cost of the asked model, where another one was called, both have prices, and it is
        /// known what was used.
        asked_cost: Option<Usd>,
        /// When it was admitted, in microseconds since the Unix epoch: calendar limits book it in the period that this is in.
        admitted_at: i64,
        /// When it was settled.
        at: i64,
        /// How the store found the hold.
        settled: Settled,
    },
    /// What is used of a day, week or month has reached a threshold: told of once for each threshold, counter and period.
    #[non_exhaustive]
    Crossed {
        /// The counter, which names whom it counts and in which period. With `percent` it names the event.
        counter: CounterKey,
        /// Who paid for the call that was settled; nobody where a hold expired or an operator corrected the counter.
        subject: Option<Subject>,
        /// The limit's id.
        limit: Arc<str>,
        /// The threshold, in percent of the amount.
        percent: u8,
        /// How urgent it is.
        level: AlertLevel,
        /// What is used now, in the unit; dollars in nano-dollars.
        used: u64,
        /// How much there is, in the unit.
        amount: u64,
        /// What the limit counts.
        unit: Unit,
        /// When the period ends, in microseconds since the Unix epoch.
        ends_at: i64,
    },
    /// An answer that was not ready when its call ended was asked for again, and has told what the call used.
    #[non_exhaustive]
    Corrected {
        /// The correction's own id.
        hold: HoldId,
        /// Who pays.
        subject: Subject,
        /// The API that was called.
        api: Option<&'static str>,
        /// The model that was asked for.
        asked: Arc<str>,
        /// The model that was called.
        model: Arc<str>,
        /// The id of the settlement that is corrected.
        replaces: HoldId,
        /// What had been booked when the call ended.
        booked: Usage,
        /// The cost that had been booked then.
        booked_cost: Usd,
        /// What is booked instead.
        usage: Usage,
        /// What that cost.
        cost: Cost,
        /// When the call was admitted, in microseconds since the Unix epoch.
        admitted_at: i64,
        /// When it was corrected.
        at: i64,
    },
    /// What came back changed what is expected of a model's calls.
    #[non_exhaustive]
    Learned {
        /// The API's name.
        api: &'static str,
        /// The canonical model.
        model: Arc<str>,
        /// By how many millionths an estimate of its input is multiplied, from 1,000,000 to 2,000,000, if that changed.
        input_millionths: Option<u32>,
        /// Output tokens that 19 of 20 answers do not exceed, if that changed.
        typical_output_tokens: Option<u64>,
        /// Input tokens that 19 of 20 calls opaque for this reason do not hide more of, if that changed.
        hidden_input_tokens: Option<(u64, Opaque)>,
    },
    /// The provider refused with its own 429 or 402: our account with it is limited. Nothing was booked but the request.
    #[non_exhaustive]
    ProviderLimited {
        /// Whose call it was.
        subject: Subject,
        /// The model that was called.
        model: Arc<str>,
        /// The provider's status.
        status: u16,
        /// Which of the provider's limits it was, as far as it said so.
        reason: ProviderLimit,
        /// Whether the tier's canned reply was given in place of the provider's refusal.
        replied: bool,
    },
    /// The texts of a call were counted, whether it was admitted then or not; a request on whose way down a ladder two tokenizers
    /// are asked is counted by both.
    #[non_exhaustive]
    Counted {
        /// Bytes of texts whose count was known from an earlier call.
        known: u64,
        /// Bytes of texts that had to be counted.
        fresh: u64,
    },
    /// A call passed unmetered: of an unknown API, where the policy lets such calls pass.
    Unmetered,
    /// The store did not answer.
    #[non_exhaustive]
    StoreFailed {
        /// What it said.
        reason: String,
    },
    /// A call was decided without the store, which did not answer.
    #[non_exhaustive]
    Degraded {
        /// By which rule: the strictest of those of its limits. `Closed` has refused it.
        rule: OnStoreFailure,
    },
    /// The store answers again, after it was left alone for a while.
    StoreRecovered,
    /// What a call used could not be booked in the store, and never will be: the store did not answer for too long, or too
    /// many settlements were waiting. Its reservation ends as expiry says.
    #[non_exhaustive]
    SettlementLost {
        /// The hold's id.
        hold: HoldId,
        /// Who pays; nobody where a reservation was to be taken back.
        subject: Option<Subject>,
        /// The API that was called, where it was one we know.
        api: Option<&'static str>,
        /// The model that was asked for.
        asked: Option<Arc<str>>,
        /// The model that was called.
        model: Option<Arc<str>>,
        /// What the call used.
        usage: Usage,
        /// What it cost.
        cost: Cost,
        /// When the call was admitted, in microseconds since the Unix epoch: calendar limits book it in the period that this is in.
        admitted_at: Option<i64>,
        /// Why.
        reason: String,
    },
    /// The store has forgotten what an organization used: it came back empty.
    #[non_exhaustive]
    StoreEmptied {
        /// Whose usage it was.
        organization: Arc<str>,
    },
    /// The policy was replaced.
    PolicyChanged,
    /// The calendar moved by more than a period at once: a clock was set. A new period has begun. It is left again if
    /// the clock is set right before it ends; else `Quota::adjust` corrects what it changed.
    #[non_exhaustive]
    ClockJumped {
        /// The period that began early.
        period: Period,
        /// Its id.
        to: Arc<str>,
    },
    /// An operator corrected a counter.
    #[non_exhaustive]
    Adjusted {
        /// Whose.
        subject: Subject,
        /// The limit's id.
        limit: Arc<str>,
        /// What it counts.
        unit: Unit,
    },
}
