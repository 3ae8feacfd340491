//! How many things there are still to be done, for those who wait for the last.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A number of open holds, or of settlements on their way.
#[derive(Debug, Default)]
pub(crate) struct Outstanding {
    count: AtomicUsize,
    none: Notify,
}

impl Outstanding {
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    /// Adds one more to fewer than `most`; whether it did.
    #[cfg(feature = "redis")]
    pub(crate) fn add_below(&self, most: usize) -> bool {
        let add = |count| (count < most).then_some(count + 1);
        let added = self
            .count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        added.is_ok()
    }

    pub(crate) fn remove(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none.notify_waiters();
        }
    }

    #[cfg(feature = "redis")]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) async fn none(&self) {
        loop {
            let mut notified = std::pin::pin!(self.none.notified());
            // Listen first, look then: one that goes in between is not missed.
            notified.as_mut().enable();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}
