//! Two things measured in turns.

use std::time::{Duration, Instant};

use crate::measure::median;
use crate::time::Time;

const PAIRS: usize = 41;
const LONGEST: Duration = Duration::from_secs(5);

/// Two things measured in turns: the least times of both in nanoseconds, and the median of their ratios.
pub(crate) struct Pair {
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    pub(crate) ratio: f64,
    pub(crate) tries: usize,
    pub(crate) counted: usize,
}

impl Pair {
    pub(crate) fn measure(
        mut ours: impl FnMut() -> Time,
        mut theirs: impl FnMut() -> Time,
    ) -> Self {
        ours();
        theirs();
        let (begin, mut tries, mut pairs) = (Instant::now(), 0, Vec::new());
        while pairs.len() < PAIRS && begin.elapsed() < LONGEST {
            let pair = (ours(), theirs());
            tries += 1;
            if !pair.0.disturbed && !pair.1.disturbed {
                pairs.push((pair.0.nanos, pair.1.nanos));
            }
        }
        let ratios = pairs.iter().map(|(ours, theirs)| ours / theirs);
        let ratio = median(ratios).unwrap_or(f64::NAN);
        let (ours, theirs): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        Self {
            ratio,
            ours: least(&ours),
            theirs: least(&theirs),
            tries,
            counted: pairs.len(),
        }
    }
}

fn least(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::INFINITY, f64::min)
}
