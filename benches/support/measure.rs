//! Measuring: what stands in the middle, and what calls cost.
#![allow(dead_code)] // each benchmark uses a part of it

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The one in the middle; of an even number the later of the two there, and none of none.
pub(crate) fn median<T: PartialOrd + Copy>(all: impl IntoIterator<Item = T>) -> Option<T> {
    let mut all: Vec<T> = all.into_iter().collect();
    all.sort_by(|one, other| one.partial_cmp(other).expect("figures can be compared"));
    all.get(all.len() / 2).copied()
}

/// The median processor time of a call, from samples of so many calls. What each call needs is made before the clock runs.
pub(crate) async fn time_of_call<T>(
    samples: usize,
    calls: u32,
    mut make: impl FnMut() -> T,
    mut call: impl AsyncFnMut(T),
) -> Duration {
    let mut times = Vec::with_capacity(samples);
    // The first sample warms up.
    for sample in 0..=samples {
        let made: Vec<T> = (0..calls).map(|_| make()).collect();
        let begin = processor_time();
        for one in made {
            call(one).await;
        }
        if sample > 0 {
            times.push((processor_time() - begin) / calls);
        }
    }
    median(times).expect("a sample at least")
}

/// What this process took of the processors so far, all its threads together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("time goes on")
}
