//! Time comes only through [`Clock`], so that tests can hold it in their hands.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of a [`Clock`]: the calendar's time and a steady time beside it.
///
/// Calendar windows are judged by `wall`, which people and time servers may set back or forth.
/// Buckets, expiry and eviction are judged by `steady`, which only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment {
    /// Microseconds since the Unix epoch, UTC.
    pub wall: i64,
    /// Microseconds since an arbitrary start; never goes back.
    pub steady: u64,
}

impl Moment {
    /// The wall time as the standard library writes it.
    #[must_use]
    pub fn system_time(self) -> SystemTime {
        let distance = Duration::from_micros(self.wall.unsigned_abs());
        if self.wall < 0 {
            UNIX_EPOCH - distance
        } else {
            UNIX_EPOCH + distance
        }
    }
}

/// Where a [`Quota`](crate::Quota) reads the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Moment;
}

/// The machine's own clock: wall time from [`SystemTime`], steady time from [`Instant`].
///
/// The wall clock is read once in a millisecond, and in between goes on as the steady one does: whoever sets it is followed about
/// a millisecond later.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
    ahead: Arc<Ahead>,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            ahead: Arc::default(),
        }
    }
}

impl SystemClock {
    fn steady(&self) -> u64 {
        saturating_micros(self.start.elapsed())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let steady = self.steady();
        let read = || {
            let wall = micros_since_epoch(SystemTime::now());
            (wall, self.steady())
        };
        Moment {
            wall: self.ahead.wall(steady, read),
            steady,
        }
    }
}

/// For how long the clocks are taken to go alike, in microseconds.
const ALIKE: u64 = 1_000;

/// How far the wall clock is ahead of the steady one.
#[derive(Debug, Default)]
struct Ahead {
    by: AtomicI64,
    /// Until when that is believed, in steady microseconds.
    until: AtomicU64,
}

impl Ahead {
    /// The wall time at a steady time; `read` asks for it, and for the steady time after that.
    fn wall(&self, steady: u64, read: impl FnOnce() -> (i64, u64)) -> i64 {
        if steady < self.until.load(Ordering::Acquire) {
            let by = self.by.load(Ordering::Relaxed);
            return by.saturating_add_unsigned(steady);
        }
        let (wall, after) = read();
        // Whoever was kept waiting between the two readings does not know how far they are apart.
        if after.saturating_sub(steady) < ALIKE {
            let by = wall.saturating_sub_unsigned(steady);
            self.by.store(by, Ordering::Relaxed);
            self.until
                .store(steady.saturating_add(ALIKE), Ordering::Release);
        }
        wall
    }
}

/// A clock that moves only when a test moves it. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use tower_token_quota::clock::{Clock, FakeClock};
///
/// let clock = FakeClock::at("2026-11-30T23:59:59Z");
/// let before = clock.now();
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.now().steady - before.steady, 1_000_000);
/// ```
#[derive(Debug, Clone, Default)]
pub struct FakeClock {
    now: Arc<Mutex<Moment>>,
}

impl FakeClock {
    /// A clock that stands at an RFC 3339 time.
    ///
    /// # Panics
    /// When `time` is not RFC 3339: this is a tool for tests.
    #[must_use]
    pub fn at(time: &str) -> Self {
        let clock = Self::default();
        clock.set_wall(time);
        clock
    }

    /// Lets wall and steady time pass together.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        let micros = saturating_micros(by);
        now.steady = now.steady.saturating_add(micros);
        now.wall = now.wall.saturating_add_unsigned(micros);
    }

    /// Sets the wall clock, back or forth, as an operator or a time server does; steady time stays.
    ///
    /// # Panics
    /// When `time` is not RFC 3339.
    #[track_caller]
    pub fn set_wall(&self, time: &str) {
        let time: jiff::Timestamp = match time.parse() {
            Ok(time) => time,
            Err(error) => panic!("{time:?} is not an RFC 3339 time: {error}"),
        };
        self.lock().wall = time.as_microsecond();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Moment> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Moment {
        *self.lock()
    }
}

/// Whole microseconds, or the largest number of them that fits.
pub(crate) fn saturating_micros(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000);
    seconds.saturating_add(duration.subsec_micros().into())
}

fn micros_since_epoch(time: SystemTime) -> i64 {
    let signed = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_is_followed_a_millisecond_later() {
        let ahead = Ahead::default();
        let at = |steady, wall| ahead.wall(steady, || (wall, steady + 1));
        assert_eq!(at(5_000, 70_000), 70_000);
        assert_eq!(at(5_999, 0), 70_999, "it goes on as the steady one does");
        assert_eq!(at(6_000, -3), -3);
        assert_eq!(at(6_500, 0), 497);
    }

    #[test]
    fn a_reading_that_took_long_tells_nobody_else_the_time() {
        let ahead = Ahead::default();
        assert_eq!(ahead.wall(5_000, || (70_000, 6_000)), 70_000);
        assert_eq!(ahead.wall(5_001, || (65_002, 5_002)), 65_002);
    }
}
