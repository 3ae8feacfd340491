//! A recorder whose counters are kept for a moment.

use std::fmt;
use std::iter;
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
    // The latest in which something was counted.
    second: AtomicU64,
    // By the value of the label that they share: few metrics share one.
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
        if self.second.load(Ordering::Relaxed) < second {
            self.second.fetch_max(second, Ordering::Relaxed);
            self.kept.clear();
        }
        metrics::with_local_recorder(&self.recorder, count);
    }

    /// Adds to counters of this recorder that share a label, while it counts.
    pub(super) fn add<'c>(&self, shared: Label<'_>, counts: impl Iterator<Item = &'c Count>) {
        let (_, value) = shared;
        let mut unknown: SmallVec<[&Count; 4]> = SmallVec::new();
        let kept = self.kept.get(value.as_str());
        for count in counts {
            let mut kept = kept.iter().flat_map(|kept| kept.iter());
            match kept.find(|kept| kept.is_of(count)) {
                Some(kept) => kept.counter.increment(count.number),
                None => unknown.push(count),
            }
        }
        drop(kept);
        for count in unknown {
            let kept = Kept {
                metric: count.metric,
                label: count.label,
                counter: count.counter(shared),
            };
            kept.counter.increment(count.number);
            self.kept.entry(value.shared()).or_default().push(kept);
        }
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").finish_non_exhaustive()
    }
}

/// A counter, with what tells it from others that share a label.
struct Kept {
    metric: &'static str,
    label: Option<Word>,
    counter: Counter,
}

impl Kept {
    // A name that a program has at two places is at worst taken for two metrics, which share a counter of the recorder.
    fn is_of(&self, count: &Count) -> bool {
        ptr::eq(self.metric, count.metric) && self.label == count.label
    }
}

/// What is added to a metric, with a label of its own where it has one.
pub(super) struct Count {
    pub(super) metric: &'static str,
    pub(super) label: Option<Word>,
    pub(super) number: u64,
}

impl Count {
    pub(super) fn one(metric: &'static str, label: Option<Word>) -> Self {
        Self {
            metric,
            label,
            number: 1,
        }
    }

    /// The counter that the recorder in force has for it.
    pub(super) fn counter(&self, (name, value): Label<'_>) -> Counter {
        let shared = metrics::Label::new(name, value.shared());
        let own = self
            .label
            .map(|(name, value)| metrics::Label::from_static_parts(name, value));
        let labels: Vec<_> = iter::once(shared).chain(own).collect();
        counter!(self.metric, labels)
    }
}

/// A label that has few values, and the one that it has.
type Word = (&'static str, &'static str);

/// A label, and the value that it has.
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
            let counter = counters.get(&Key::from_parts(metric, &[("model", "m")]))?;
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
        let add = |millis| {
            bound.at(Duration::from_millis(millis), || {
                bound.add(
                    ("model", Value::Word("m")),
                    [Count::one("calls", None)].iter(),
                );
            });
            recorder.value("calls")
        };
        assert_eq!([add(100), add(999)], [Some(1), Some(2)]);
        recorder.forget();
        assert_eq!(add(999), None, "the counter was kept");
        assert_eq!([add(1_000), add(1_001)], [Some(1), Some(2)]);
    }

    #[test]
    fn what_differs_in_a_label_is_counted_apart() {
        let bound = Bound::to(Forgetful::default());
        bound.at(Duration::ZERO, || {
            for [model, kind] in [["a", "b"], ["b", "a"], ["ab", ""], ["a", "b"]] {
                let tokens = Count::one("tokens", Some(("kind", kind)));
                bound.add(("model", Value::Word(model)), [tokens].iter());
            }
        });
        let kept: usize = bound.kept.iter().map(|kept| kept.len()).sum();
        assert_eq!(kept, 3);
    }
}
