//! Which day, week and month it is, as the quota sees it: periods move forward only.

use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use crate::clock::Moment;
use crate::policy::{Period, Span};
use crate::store::{Past, RunningPeriod};

/// The running day, week and month.
///
/// A clock that steps back stays in the period it left, so that a closed period is never opened again. A period that a
/// clock jumped into, at the start or later, has closed none: it is left again when the clock is set right. A changed time
/// zone takes effect when the running period ends.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    running: Mutex<[Option<Running>; Period::ALL.len()]>,
}

#[derive(Debug, Clone)]
struct Running {
    span: Span,
    /// When it was first seen to run, to tell a clock that was set from time that passed.
    seen: Seen,
    /// Until when periods are closed: the end of the last one that ended because time passed.
    closed_until: i64,
}

/// By whom a time was seen.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Here(Moment),
    /// By a process before this one, whose steady clock is gone: the wall time alone.
    Before(i64),
}

/// The running instance of a period.
pub(super) struct Current {
    pub(super) span: Span,
    /// Whether it began because somebody set the clock forward by more than a period.
    pub(super) jumped: bool,
    /// What is to be remembered, if it began just now.
    pub(super) began: Option<RunningPeriod>,
}

impl Calendar {
    /// A calendar whose running periods a process before this one has seen.
    ///
    /// How long nobody ran is known by the wall clock only. After a stop that was longer than a period it cannot be told from a clock that
    /// was set forward, and the calendar does as if it had been: what it left can be returned to.
    pub(super) fn of(past: &Past) -> Self {
        let mut all = [const { None }; Period::ALL.len()];
        for running in &past.running {
            all[running.period as usize] = Some(Running {
                span: running.span.clone(),
                seen: Seen::Before(past.until.unwrap_or(running.span.starts_at)),
                closed_until: running.closed_until,
            });
        }
        Self {
            running: Mutex::new(all),
        }
    }

    /// The period that runs at a moment.
    pub(super) fn current(&self, period: Period, now: Moment, zone: &TimeZone) -> Current {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut all[period as usize];
        if let Some(running) = slot
            && running.holds(now.wall)
        {
            running.seen = running.seen.by_us(now);
            return Current {
                span: running.span.clone(),
                jumped: false,
                began: None,
            };
        }
        let before = slot.take();
        let span = Span::containing(period, now.wall, zone);
        let jumped = before.as_ref().is_some_and(|last| last.jumped_to(now));
        let closed_until = before.map_or(i64::MIN, |last| last.closed_at(now, jumped));
        *slot = Some(Running {
            span: span.clone(),
            seen: Seen::Here(now),
            closed_until,
        });
        let began = Some(RunningPeriod {
            period,
            span: span.clone(),
            closed_until,
        });
        Current {
            span,
            jumped,
            began,
        }
    }
}

impl Running {
    fn holds(&self, wall: i64) -> bool {
        let set_right = wall < self.span.starts_at && wall >= self.closed_until;
        wall < self.span.ends_at && !set_right
    }

    /// Until when periods are closed once this one is left.
    fn closed_at(&self, now: Moment, jumped: bool) -> i64 {
        let has_ended = now.wall >= self.span.ends_at && !jumped;
        if has_ended {
            self.span.ends_at
        } else {
            self.closed_until
        }
    }

    /// Whether the wall clock has gone further than time has, by more than the period's length.
    fn jumped_to(&self, now: Moment) -> bool {
        let (seen, by_time) = match self.seen {
            Seen::Here(seen) => (seen.wall, i128::from(now.steady) - i128::from(seen.steady)),
            Seen::Before(wall) => (wall, 0),
        };
        let by_wall = i128::from(now.wall) - i128::from(seen);
        by_wall - by_time > i128::from(self.span.ends_at) - i128::from(self.span.starts_at)
    }
}

impl Seen {
    /// The first time that this process saw it, if none before has seen more.
    fn by_us(self, now: Moment) -> Self {
        match self {
            Self::Here(_) => self,
            Self::Before(_) => Self::Here(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock, FakeClock};

    const HOUR: Duration = Duration::from_secs(3600);

    fn day(calendar: &Calendar, clock: &FakeClock, zone: &TimeZone) -> (String, bool) {
        let current = calendar.current(Period::Day, clock.now(), zone);
        (current.span.id.to_string(), current.jumped)
    }

    #[test]
    fn a_clock_that_steps_back_does_not_open_a_closed_period() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2026-11-30T23:30:00Z"));
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-30");
        clock.advance(HOUR);
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-12-01");
        clock.set_wall("2026-11-30T12:00:00Z");
        assert_eq!(
            day(&calendar, &clock, &TimeZone::UTC),
            ("day:2026-12-01".into(), false)
        );
    }

    #[test]
    fn a_clock_that_jumps_is_told_from_days_without_calls() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2026-11-01T12:00:00Z"));
        day(&calendar, &clock, &TimeZone::UTC);
        clock.advance(HOUR * 24 * 5);
        assert_eq!(
            day(&calendar, &clock, &TimeZone::UTC),
            ("day:2026-11-06".into(), false)
        );
        clock.set_wall("2026-11-20T12:00:00Z");
        assert_eq!(
            day(&calendar, &clock, &TimeZone::UTC),
            ("day:2026-11-20".into(), true)
        );
    }

    #[test]
    fn a_clock_that_jumped_and_is_set_right_returns_to_the_period_it_left() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2026-11-01T12:00:00Z"));
        day(&calendar, &clock, &TimeZone::UTC);
        clock.set_wall("2100-01-01T12:00:00Z");
        assert_eq!(
            day(&calendar, &clock, &TimeZone::UTC),
            ("day:2100-01-01".into(), true)
        );
        clock.set_wall("2026-11-01T13:00:00Z");
        assert_eq!(
            day(&calendar, &clock, &TimeZone::UTC),
            ("day:2026-11-01".into(), false)
        );
    }

    #[test]
    fn a_clock_that_was_ahead_at_the_start_is_set_right() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2036-01-01T12:00:00Z"));
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2036-01-01");
        clock.set_wall("2026-11-21T12:00:00Z");
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-21");
        clock.advance(HOUR * 24);
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-22");
        clock.set_wall("2026-11-21T12:00:00Z");
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-22");
    }

    #[test]
    fn a_clock_that_jumped_twice_is_set_right() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2026-11-21T12:00:00Z"));
        for wall in [
            "2026-11-21T12:00:00Z",
            "2050-01-01T00:00:00Z",
            "2100-01-01T00:00:00Z",
        ] {
            clock.set_wall(wall);
            day(&calendar, &clock, &TimeZone::UTC);
        }
        clock.set_wall("2026-11-21T12:30:00Z");
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-21");
    }

    #[test]
    fn a_changed_time_zone_takes_effect_at_the_next_boundary() {
        let (calendar, clock) = (Calendar::default(), FakeClock::at("2026-11-21T03:00:00Z"));
        let new_york = TimeZone::get("America/New_York").expect("a time zone");
        assert_eq!(day(&calendar, &clock, &TimeZone::UTC).0, "day:2026-11-21");
        assert_eq!(day(&calendar, &clock, &new_york).0, "day:2026-11-21");
        clock.advance(HOUR * 20);
        assert_eq!(day(&calendar, &clock, &new_york).0, "day:2026-11-21");
        clock.advance(HOUR * 7);
        assert_eq!(day(&calendar, &clock, &new_york).0, "day:2026-11-22");
    }
}
