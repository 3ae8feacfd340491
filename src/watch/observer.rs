//! Who is told of events.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Event, Ledger};

/// Sees every event.
///
/// It is called on the path of calls, with no lock held: it must not block, and hands slow work to a queue of its own.
/// Its panics are caught.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

/// All observers of a quota, and the ledger, which needs no event to be made.
#[derive(Clone, Default)]
pub(crate) struct Observers {
    observers: Vec<Arc<dyn Observer>>,
    ledger: Arc<Ledger>,
}

impl Observers {
    pub(crate) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.observers.push(observer);
    }

    pub(crate) fn use_ledger(&mut self, ledger: Ledger) {
        self.ledger = Arc::new(ledger);
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Tells all observers of an event, which is only made if there is one.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.observers.is_empty() {
            return;
        }
        let event = event();
        for observer in &self.observers {
            // A panic would come out of destructors too, where it ends the process.
            let observed = catch_unwind(AssertUnwindSafe(|| observer.observe(&event)));
            if observed.is_err() {
                tracing::error!(target: "tower_token_quota", "an observer panicked");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.observers.len())
    }
}
