//! An observer that writes down what it sees.

use std::sync::{Arc, Mutex};

use tower_token_quota::Usd;
use tower_token_quota::watch::{Event, Observer};

/// Keeps all events but those of counting, of which every call has one. Clones share them.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<Event>>>);

impl Observer for Events {
    fn observe(&self, event: &Event) {
        if !matches!(event, Event::Counted { .. }) {
            self.0.lock().unwrap().push(event.clone());
        }
    }
}

impl Events {
    /// All events since they were last taken.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// In few words, all events since they were last taken.
    pub fn words(&self) -> Vec<String> {
        self.take().iter().map(words).collect()
    }
}

/// An event's name and what tells it from others of that name.
pub fn words(event: &Event) -> String {
    match event {
        Event::Admitted {
            model,
            downgraded_from,
            ..
        } => match downgraded_from {
            Some(asked) => format!("admitted {model} for {asked}"),
            None => format!("admitted {model}"),
        },
        Event::Refused { kind, limits, .. } => {
            format!("refused {} {}", kind.as_str(), limits.join(","))
                .trim_end()
                .to_owned()
        }
        Event::Replied { limit, .. } => format!("replied {limit}"),
        Event::WouldBlock { limit, .. } => format!("would block {limit}"),
        Event::SoftLimitPassed { limit, .. } => format!("soft passed {limit}"),
        Event::Crossed {
            limit,
            percent,
            level,
            ..
        } => format!("{limit} {percent} {level}"),
        Event::PaceExceeded {
            limit,
            today,
            daily,
            ..
        } => format!(
            "pace {limit} {} of {}",
            Usd::from_nanos(*today),
            Usd::from_nanos(*daily)
        ),
        Event::Settled { usage, basis, .. } => format!(
            "settled {}+{} {}",
            usage.input_tokens,
            usage.output_tokens,
            basis.as_str()
        ),
        Event::ProviderLimited { status, .. } => format!("provider limited {status}"),
        Event::StoreFailed { .. } => "store failed".to_owned(),
        Event::StoreRecovered => "store recovered".to_owned(),
        Event::Degraded { rule, .. } => format!("degraded {}", rule.as_str()),
        Event::Unmetered => "unmetered".to_owned(),
        Event::PolicyChanged => "policy changed".to_owned(),
        Event::Adjusted { limit, .. } => format!("adjusted {limit}"),
        other => format!("{other:?}"),
    }
}
