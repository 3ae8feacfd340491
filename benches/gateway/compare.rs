//! Two gateways, one after the other, round after round.

use std::array;
use std::time::Duration;

use crate::load::{Load, Texts};
use crate::measure::median;
use crate::process::Gateway;

const ROUNDS: usize = 21;
const WINDOW: Duration = Duration::from_millis(400);

/// What one gateway did in each round.
#[derive(Default)]
pub(crate) struct Figures {
    per_second: Vec<f64>,
    requests: u64,
    processor: Duration,
}

/// The first round warms up and does not count. Which of the two comes first changes from round to round.
pub(crate) async fn compare(
    gateways: [&Gateway; 2],
    connections: usize,
    texts: Texts,
) -> [Figures; 2] {
    let mut figures: [Figures; 2] = array::from_fn(|_| Figures::default());
    for round in 0..=ROUNDS {
        let first = round % 2;
        for at in [first, 1 - first] {
            let before = gateways[at].processor_time();
            let gateway = gateways[at].address;
            let load = Load::of(gateway, connections, texts, round, WINDOW).await;
            let processor = gateways[at].processor_time() - before;
            if round > 0 {
                figures[at].add(&load, processor);
            }
        }
    }
    figures
}

impl Figures {
    fn add(&mut self, load: &Load, processor: Duration) {
        self.per_second.push(load.per_second());
        self.requests += load.requests;
        self.processor += processor;
    }

    pub(crate) fn per_second(&self) -> f64 {
        median(self.per_second.iter().copied()).unwrap()
    }

    /// How much of what the other did this one did, within one round.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        let rounds = self.per_second.iter().zip(&other.per_second);
        median(rounds.map(|(its, others)| its / others)).unwrap()
    }

    pub(crate) fn processor_per_request(&self) -> f64 {
        self.processor.as_secs_f64() / self.requests as f64
    }
}
