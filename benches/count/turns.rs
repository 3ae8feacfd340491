//! Measuring beside each other what is to be compared, in the processor's time: what else the machine does is not in it.

use std::time::Duration;

use cpu_time::ThreadTime;

use crate::measure::median;

/// Rounds of short works, and of those that take more than a few milliseconds.
const ROUNDS: usize = 41;
const LONG_ROUNDS: usize = 7;

/// The median times of several works, done in turns: what else the machine does falls on all of them.
pub(crate) fn medians<const N: usize>(mut works: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let repeats: [u32; N] = std::array::from_fn(|at| repeats(works[at]));
    let mut samples: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    let are_short = repeats.iter().all(|repeats| *repeats > 1);
    for _ in 0..if are_short { ROUNDS } else { LONG_ROUNDS } {
        for (at, work) in works.iter_mut().enumerate() {
            let begin = ThreadTime::now();
            (0..repeats[at]).for_each(|_| work());
            samples[at].push(begin.elapsed() / repeats[at]);
        }
    }
    samples.map(|samples| median(samples).unwrap())
}

/// What was made, and is not looked at.
pub(crate) fn done<T>(made: T) {
    std::mem::drop(std::hint::black_box(made));
}

/// How often a work is done to take about two milliseconds.
fn repeats(work: &mut dyn FnMut()) -> u32 {
    work();
    let begin = ThreadTime::now();
    work();
    let once = begin.elapsed().as_nanos().max(1);
    u32::try_from((2_000_000 / once).clamp(1, 100_000)).unwrap()
}

/// How many times as long one takes as another.
pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

pub(crate) fn mb_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}
