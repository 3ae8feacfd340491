//! To which day and month a call belongs.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::policy::{Period, Span};

/// A day, as `2026-11-30`.
pub(super) struct Day {
    span: Span,
    name: String,
}

impl Day {
    pub(super) fn day(&self) -> &str {
        &self.name
    }

    pub(super) fn month(&self) -> &str {
        self.name.rsplit_once('-').map_or("", |(month, _)| month)
    }
}

/// The days of a time zone. A changed one takes effect with another day, as it does for limits.
pub(super) struct Days {
    zone: TimeZone,
    /// The last one that was asked for: most have the same.
    last: Option<Arc<Day>>,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            last: None,
        }
    }
}

impl Days {
    pub(super) fn use_zone(&mut self, name: &str) {
        self.zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
    }

    /// The day of a time.
    pub(super) fn of(&mut self, at: i64) -> Arc<Day> {
        if let Some(last) = &self.last
            && (last.span.starts_at..last.span.ends_at).contains(&at)
        {
            return last.clone();
        }
        let span = Span::containing(Period::Day, at, &self.zone);
        let name = span.id.split_once(':').map_or("", |(_, date)| date);
        let name = name.to_owned();
        let day = Arc::new(Day { span, name });
        self.last = Some(day.clone());
        day
    }
}
