//! Time comes only through [`Clock`], so that tests can hold it in their hands.

use std::fmt;
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
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment {
            wall: micros_since_epoch(SystemTime::now()),
            steady: saturating_micros(self.start.elapsed()),
        }
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
