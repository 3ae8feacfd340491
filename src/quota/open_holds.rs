//! How many holds there are to be settled, for those who wait for the last.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many holds of this process are open.
#[derive(Debug, Default)]
pub(super) struct OpenHolds {
    count: AtomicUsize,
    none: Notify,
}

impl OpenHolds {
    pub(super) fn add(&self) {
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn remove(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none.notify_waiters();
        }
    }

    pub(super) async fn none(&self) {
        loop {
            let mut notified = std::pin::pin!(self.none.notified());
            // Listen first, look then: a hold that goes in between is not missed.
            notified.as_mut().enable();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}
