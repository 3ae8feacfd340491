//! A recorder whose counters are kept for a moment.

use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use metrics::{Counter, Recorder, SharedString, counter};
use smallvec::SmallVec;

use crate::hashing::{SecretHasher, secret_hasher};

/// The recorder that an observer is bound to, with the counters it was lately asked for: to ask is most of what it costs to
/// add to one.
///
/// Exporters forget a metric that nobody has added to for a while, and what is added to its old counter then is lost. So all are
/// let go at each turn of a second, less than any such while; which also bounds how many there are.
pub(super) struct Bound {
    recorder: Box<dyn Recorder + Send + Sync>,
    start: Instant,
    // The last in which something was counted.
    second: AtomicU64,
    // By the value of their first label: few metrics share one.
    kept: DashMap<SharedString, Vec<Kept>, SecretHasher>,
}

impl Bound {
    pub(super) fn to(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self {
            recorder: Box::new(recorder),
            start: Instant::now(),
            second: AtomicU64::default(),
            kept: DashMap::with_hasher(secret_hasher()),
        }
    }

    /// Counts now, at this recorder.
    pub(super) fn now(&self, count: impl FnOnce()) {
        self.at(self.start.elapsed(), count);
    }

    /// Counts so long after the start.
    fn at(&self, time: Duration, count: impl FnOnce()) {
        let second = time.as_secs();
        if self.second.load(Ordering::Relaxed) != second {
            self.kept.clear();
            self.second.store(second, Ordering::Relaxed);
        }
        metrics::with_local_recorder(&self.recorder, count);
    }

    /// Adds to a counter of this recorder, while it counts.
    pub(super) fn add(&self, metric: &'static str, labels: &[Label<'_>], number: u64) {
        let (first, others) = match labels {
            [] => (Value::Word(""), labels),
            [(_, first), others @ ..] => (*first, others),
        };
        if let Some(kept) = self.kept.get(first.as_str())
            && let Some(kept) = kept.iter().find(|kept| kept.is_of(metric, others))
        {
            return kept.counter.increment(number);
        }
        let counter = counter(metric, labels);
        counter.increment(number);
        let values = others.iter().map(|(_, value)| value.shared()).collect();
        self.kept.entry(first.shared()).or_default().push(Kept {
            metric,
            values,
            counter,
        });
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").finish_non_exhaustive()
    }
}

/// A counter, with what tells it from the others of its first label.
struct Kept {
    metric: &'static str,
    values: SmallVec<[SharedString; 1]>,
    counter: Counter,
}

impl Kept {
    /// Whether it is this metric's, with such values of the other labels. Which labels they are goes with the metric; and a name
    /// that a program has at two places is at worst taken for two metrics, which share a counter of the recorder.
    fn is_of(&self, metric: &'static str, others: &[Label<'_>]) -> bool {
        let values = others.iter().map(|(_, value)| value.as_str());
        ptr::eq(self.metric, metric) && self.values.iter().map(|value| &**value).eq(values)
    }
}

/// A label's name and its value.
pub(super) type Label<'a> = (&'static str, Value<'a>);

/// The value of a label.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Word(&'static str),
    Name(&'a Arc<str>),
}

impl Value<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Name(name) => name,
        }
    }

    fn shared(self) -> SharedString {
        match self {
            Self::Word(word) => word.into(),
            Self::Name(name) => name.clone().into(),
        }
    }
}

/// The counter that the recorder in force has for a metric with such labels.
pub(super) fn counter(metric: &'static str, labels: &[Label<'_>]) -> Counter {
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| metrics::Label::new(*name, value.shared()))
        .collect();
    counter!(metric, labels)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use metrics::{Gauge, Histogram, Key, KeyName, Metadata, Unit};

    use super::*;

    /// Forgets its counters when told to.
    #[derive(Default, Clone)]
    struct Forgetful(Arc<Mutex<HashMap<Key, Arc<AtomicU64>>>>);

    impl Forgetful {
        fn value(&self, metric: &'static str) -> Option<u64> {
            let counters = self.0.lock().expect("no panic");
            let counter = counters.get(&Key::from_static_name(metric))?;
            Some(counter.load(Ordering::Relaxed))
        }

        fn forget(&self) {
            self.0.lock().expect("no panic").clear();
        }
    }

    impl Recorder for Forgetful {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let mut counters = self.0.lock().expect("no panic");
            counters.entry(key.clone()).or_default().clone().into()
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn a_counter_that_was_forgotten_is_asked_for_anew_when_the_second_turns() {
        let recorder = Forgetful::default();
        let bound = Bound::to(recorder.clone());
        let count = |millis| {
            bound.at(Duration::from_millis(millis), || {
                bound.add("calls", &[], 1);
            });
            recorder.value("calls")
        };
        assert_eq!([count(100), count(999)], [Some(1), Some(2)]);
        recorder.forget();
        assert_eq!(count(999), None, "the counter was kept");
        assert_eq!([count(1_000), count(1_001)], [Some(1), Some(2)]);
    }

    #[test]
    fn what_differs_in_a_label_is_counted_apart() {
        let bound = Bound::to(Forgetful::default());
        bound.at(Duration::ZERO, || {
            for [model, kind] in [["a", "b"], ["b", "a"], ["ab", ""], ["a", "b"]] {
                let labels = [("model", Value::Word(model)), ("kind", Value::Word(kind))];
                bound.add("tokens", &labels, 1);
            }
        });
        let kept: usize = bound.kept.iter().map(|kept| kept.len()).sum();
        assert_eq!(kept, 3);
    }
}
