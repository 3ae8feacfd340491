//! Whom a store tells of what it does.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Report, Reports};

/// Passes on what it is told to whoever listens. Nobody may, and another one from whichever thread.
#[derive(Default)]
pub(crate) struct Listener(RwLock<Option<Arc<dyn Reports>>>);

impl Listener {
    /// From now on this one listens, in place of whoever did before.
    pub(crate) fn set(&self, reports: Arc<dyn Reports>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(reports);
    }
}

impl Reports for Listener {
    fn report(&self, report: Report<'_>) {
        let listener = self.0.read();
        // No lock is held while somebody is told: he may ask the store.
        let listener = listener.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listener) = listener {
            listener.report(report);
        }
    }
}
