//! Windows of time: buckets that leak, calendar periods that end.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Over which time a limit's amount is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// A token bucket of the limit's amount: `refill` comes back `every` so often, steadily.
    Bucket {
        /// How much comes back.
        refill: u64,
        /// In which time.
        every: Duration,
    },
    /// A calendar period in the policy's time zone.
    Calendar(Period),
    /// No window: only what is under way counts (`concurrent`).
    Gauge,
}

impl Window {
    /// The window's part in the default id of a limit of that amount: `day`, `minute`, `100per1s`.
    pub(crate) fn name(&self, amount: u64) -> String {
        match *self {
            Self::Calendar(period) => period.as_str().into(),
            Self::Gauge => "now".into(),
            Self::Bucket { refill, every } => match (every.as_nanos(), refill == amount) {
                (1_000_000_000, true) => "second".into(),
                (60_000_000_000, true) => "minute".into(),
                (3_600_000_000_000, true) => "hour".into(),
                _ => format!("{refill}per{}", every_name(every)),
            },
        }
    }
}

/// A time as a policy's file writes it, in the largest unit that is exact: `500ms`, `1s`, `90s`, `2h`.
fn every_name(every: Duration) -> String {
    let nanos = every.as_nanos();
    let units = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
    ];
    let exact = units.iter().find(|(unit, _)| nanos.is_multiple_of(*unit));
    let (unit, name) = exact.copied().unwrap_or((1, "ns"));
    format!("{}{name}", nanos / unit)
}

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// From midnight to midnight: 23, 24 or 25 hours.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last day of a month.
    Month,
}

impl Period {
    /// All periods, in the order of their length.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// `day`, `week` or `month`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// One instance of a [`Period`]: a certain day, week or month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `{kind}:{local start date}`, the part of a counter's key that parts one period from the next.
    pub id: Arc<str>,
    /// The first microsecond of it, since the Unix epoch.
    pub starts_at: i64,
    /// The first microsecond after it.
    pub ends_at: i64,
}

impl Span {
    /// The instance of `period` that holds the time `wall`, in microseconds since the Unix epoch.
    ///
    /// Times beyond the calendar's years (-9999 to 9999) are taken as its ends.
    #[must_use]
    pub fn containing(period: Period, wall: i64, zone: &TimeZone) -> Self {
        let now = Timestamp::from_microsecond(wall).unwrap_or(Timestamp::MAX);
        let today = zone.to_datetime(now).date();
        let first = match period {
            Period::Day => today,
            Period::Week => {
                let since_monday = i64::from(today.weekday().to_monday_zero_offset());
                today.saturating_sub(since_monday.days())
            }
            Period::Month => today.first_of_month(),
        };
        let next = match period {
            Period::Day => first.saturating_add(1.day()),
            Period::Week => first.saturating_add(1.week()),
            Period::Month => first.saturating_add(1.month()),
        };
        Self {
            id: format!("{}:{first}", period.as_str()).into(),
            starts_at: midnight(first, zone),
            ends_at: midnight(next, zone),
        }
    }
}

/// The first instant of a local day: where clocks skip midnight, the first one that exists.
fn midnight(date: Date, zone: &TimeZone) -> i64 {
    let start = date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    start.unwrap_or(Timestamp::MAX).as_microsecond()
}
