//! Whether anything still comes through a connection.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use ::redis::RedisResult;
use tokio::time::Instant;

use crate::clock::saturating_micros;

/// So many commands in a row without an answer…
const UNANSWERED: u32 = 3;
/// …and for so long none at all: a server that is only slow is not connected to again and again.
pub(super) const LASTING: Duration = Duration::from_secs(1);

/// What a connection has let hear of itself. One that an address translator or a proxy has forgotten may stay open for ever and carry nothing.
#[derive(Debug)]
pub(super) struct Silence {
    made: Instant,
    /// Microseconds from then to the last answer.
    heard: AtomicU64,
    unanswered: AtomicU32,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self {
            made: Instant::now(),
            heard: AtomicU64::new(0),
            unanswered: AtomicU32::new(0),
        }
    }

    /// Whether it is time for another connection.
    pub(super) fn is_lasting(&self) -> bool {
        let heard = Duration::from_micros(self.heard.load(Ordering::Relaxed));
        self.unanswered.load(Ordering::Relaxed) >= UNANSWERED
            && self.made.elapsed() >= heard + LASTING
    }

    /// A command is sent. Whoever stops waiting for its answer has heard none.
    pub(super) fn ask(&self) -> Asked<'_> {
        Asked {
            silence: self,
            is_over: false,
        }
    }

    /// Something was heard, or is only waited for from now on.
    pub(super) fn broken(&self) {
        let now = saturating_micros(self.made.elapsed());
        self.heard.fetch_max(now, Ordering::Relaxed);
        self.unanswered.store(0, Ordering::Relaxed);
    }
}

/// A command that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    silence: &'a Silence,
    is_over: bool,
}

impl Asked<'_> {
    /// What came of it. An error is an answer too, unless it is that there was none.
    pub(super) fn heard<T>(mut self, answer: &RedisResult<T>) {
        if !matches!(answer, Err(error) if error.is_timeout()) {
            self.is_over = true;
            self.silence.broken();
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.silence.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn unanswered(silence: &Silence, times: u32) {
        for _ in 0..times {
            drop(silence.ask());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_lasts_when_several_have_waited_in_vain_and_for_a_while() {
        let silence = Silence::new();
        unanswered(&silence, UNANSWERED);
        assert!(!silence.is_lasting(), "not for long");
        advance(LASTING).await;
        assert!(silence.is_lasting());
        silence.ask().heard(&Ok(()));
        assert!(!silence.is_lasting());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_nobody_uses_is_not_silent() {
        let silence = Silence::new();
        unanswered(&silence, UNANSWERED - 1);
        advance(10 * LASTING).await;
        assert!(!silence.is_lasting());
        unanswered(&silence, 1);
        assert!(silence.is_lasting());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_an_answer_and_a_timeout_is_none() {
        use std::io::{Error, ErrorKind};
        let silence = Silence::new();
        advance(LASTING).await;
        for kind in [ErrorKind::TimedOut, ErrorKind::ConnectionRefused] {
            unanswered(&silence, UNANSWERED - 1);
            silence.ask().heard::<()>(&Err(Error::from(kind).into()));
            assert_eq!(silence.is_lasting(), kind == ErrorKind::TimedOut);
        }
    }
}
