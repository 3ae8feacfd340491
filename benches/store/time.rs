//! How long rounds take, and whether a thread had to wait for a core meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// So many rounds between two looks at the clock.
const BATCH: usize = 256;

/// Two threads that begin together work side by side for so long; that one begins a little later then says little.
const SIDE_BY_SIDE: Duration = Duration::from_millis(10);

/// How many rounds a thread did in how long, and for how long it waited meanwhile for a core that others had.
struct Span {
    rounds: usize,
    took: Duration,
    waited: Duration,
}

impl Span {
    fn of(rounds: usize, mut round: impl FnMut(usize)) -> Self {
        let (waited, begin) = (waited_for_a_core(), Instant::now());
        for number in 0..rounds {
            round(number);
        }
        Self {
            rounds,
            took: begin.elapsed(),
            waited: waited_for_a_core().saturating_sub(waited),
        }
    }

    /// As many rounds as there are in this time, about.
    fn lasting(time: Duration, mut round: impl FnMut(usize)) -> Self {
        let mut span = Self::of(BATCH, &mut round);
        while span.took < time {
            let more = Self::of(BATCH, &mut round);
            span.rounds += more.rounds;
            span.took += more.took;
            span.waited += more.waited;
        }
        span
    }

    fn was_disturbed(&self) -> bool {
        self.waited > self.took / 20
    }
}

/// For how long this thread has waited for a core since it began; nothing where the system does not tell.
fn waited_for_a_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').nth(1).and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Nanoseconds for each round, and whether anyone had to wait.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) nanos: f64,
    pub(crate) disturbed: bool,
}

/// How long so many rounds take, each.
pub(crate) fn time(rounds: usize, round: impl FnMut(usize)) -> Time {
    let span = Span::of(rounds, round);
    Time {
        nanos: span.took.as_secs_f64() * 1e9 / rounds as f64,
        disturbed: span.was_disturbed(),
    }
}

/// How long two threads that work beside each other take for a round of either.
pub(crate) fn together(parts: [impl FnMut(usize) + Send; 2]) -> Time {
    let ready = AtomicUsize::new(0);
    let begin_together = || {
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < 2 {
            std::hint::spin_loop();
        }
    };
    let spans = thread::scope(|scope| {
        let run = |part| {
            scope.spawn(move || {
                begin_together();
                Span::lasting(SIDE_BY_SIDE, part)
            })
        };
        parts.map(run).map(|thread| thread.join().unwrap())
    });
    let rate = |span: &Span| span.rounds as f64 / span.took.as_secs_f64();
    Time {
        nanos: 1e9 / spans.iter().map(rate).sum::<f64>(),
        disturbed: spans.iter().any(Span::was_disturbed),
    }
}
