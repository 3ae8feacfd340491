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
        let now = timestamp(wall);
        let today = zone.to_datetime(now).date();
        let first = period.first_day(today);
        Self {
            id: format!("{}:{first}", period.as_str()).into(),
            starts_at: midnight(first, zone)
                .unwrap_or(Timestamp::MIN)
                .as_microsecond(),
            ends_at: period
                .next_day(first)
                .and_then(|next| midnight(next, zone))
                .unwrap_or(Timestamp::MAX)
                .as_microsecond(),
        }
    }
}

impl Period {
    /// The first day of the period that holds a day.
    fn first_day(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(since_monday.days())
            }
            Self::Month => day.first_of_month(),
        }
    }

    /// The first day after the period that begins with a day; `None` after the last year.
    fn next_day(self, first: Date) -> Option<Date> {
        let next = match self {
            Self::Day => first.checked_add(1.day()),
            Self::Week => first.checked_add(1.week()),
            Self::Month => first.checked_add(1.month()),
        };
        next.ok()
    }
}

fn timestamp(wall: i64) -> Timestamp {
    let edge = if wall < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_microsecond(wall).unwrap_or(edge)
}

/// The first instant of a local day: where clocks skip midnight, the first one that exists.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = date.to_zoned(zone.clone()).ok()?;
    Some(start.timestamp())
}

#[cfg(test)]
mod tests;
