//! Calendar months.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month whose first moment it is, in microseconds since the Unix epoch.
    pub(super) fn begun_at(start: i64, zone: &TimeZone) -> Self {
        let start = Timestamp::from_microsecond(start).unwrap_or(Timestamp::MIN);
        let first = zone.to_datetime(start);
        Self {
            year: first.year(),
            month: first.month(),
        }
    }

    /// The month of a name such as `2026-11`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (year, month) = name.rsplit_once('-')?;
        let month = Self {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
        };
        (1..=12).contains(&month.month).then_some(month)
    }

    /// The month after it: after December, January.
    pub(crate) fn next(self) -> Self {
        match self {
            Self { year, month: 12 } => Self {
                year: year.saturating_add(1),
                month: 1,
            },
            Self { year, month } => Self {
                year,
                month: month + 1,
            },
        }
    }

    /// So many months before it.
    pub(super) fn earlier_by(self, months: usize) -> Self {
        let count = self.count() - i64::try_from(months).unwrap_or(i64::MAX / 2);
        let year = i16::try_from(count.div_euclid(12)).unwrap_or(i16::MIN);
        let month = i8::try_from(1 + count.rem_euclid(12)).unwrap_or(1);
        Self { year, month }
    }

    /// How many months lie between the two.
    pub(super) fn apart(self, other: Self) -> u64 {
        self.count().abs_diff(other.count())
    }

    /// Months since January of the year 0.
    fn count(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_december_comes_january() {
        let december = Month {
            year: 2026,
            month: 12,
        };
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().next().to_string(), "2027-02");
    }

    #[test]
    fn months_are_counted_over_the_turns_of_years() {
        let month = |year, month| Month { year, month };
        assert_eq!(month(2026, 11).earlier_by(36), month(2023, 11));
        assert_eq!(month(2026, 1).earlier_by(1), month(2025, 12));
        assert_eq!(month(2026, 12).earlier_by(12), month(2025, 12));
        assert_eq!(month(2026, 1).apart(month(2024, 12)), 13);
        assert_eq!(month(2024, 12).apart(month(2026, 1)), 13);
    }
}
