//! What a store knows of the time before this process.

use std::sync::Arc;

use crate::policy::{DEFAULT_RECORD_DAYS, Period, Span};
use crate::watch::Totals;

/// What a store that outlives its process has to tell the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Past {
    /// When the first call that it knows of was admitted, in microseconds since the Unix epoch.
    pub since: Option<i64>,
    /// When it last heard of anything, as above.
    pub until: Option<i64>,
    /// The day, week and month that ran then, as far as they were used.
    pub running: Vec<RunningPeriod>,
    /// What calls have cost month by month, the oldest first.
    pub months: Vec<MonthTotals>,
}

/// How books are kept, by stores that keep any.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Books {
    /// In which time zone days and months are told apart, by its IANA name.
    pub zone: Arc<str>,
    /// For how many days the records of calls are kept. Totals are kept for ever.
    pub record_days: u32,
}

impl Default for Books {
    /// In UTC, and for 90 days.
    fn default() -> Self {
        Self {
            zone: "UTC".into(),
            record_days: DEFAULT_RECORD_DAYS,
        }
    }
}

/// A day, week or month that runs, and what came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPeriod {
    /// Whether it is a day, a week or a month.
    pub period: Period,
    /// Which one.
    pub span: Span,
    /// Periods that ended by this time, in microseconds since the Unix epoch, are closed: a clock that is set back does not open them again.
    pub closed_until: i64,
}

/// What the calls of one month, organization, project and model have cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthTotals {
    /// The month, as `2026-11`.
    pub month: Arc<str>,
    /// Who paid.
    pub organization: Arc<str>,
    /// For what, if that was said.
    pub project: Option<Arc<str>>,
    /// The canonical model.
    pub model: Arc<str>,
    /// Its calls.
    pub totals: Totals,
}
