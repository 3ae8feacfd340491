//! How many things there are still to be done, for those who wait for the last.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A number of open holds, or of settlements on their way.
#[derive(Debug, Default)]
pub(crate) struct Outstanding {
    count: AtomicUsize,
    /// By how many the last is waited for: seldom by anybody, and then nobody has to be told of it.
    waiting: AtomicUsize,
    none: Notify,
}

impl Outstanding {
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// Adds one more to fewer than `most`; whether it did.
    #[cfg(feature = "redis")]
    pub(crate) fn add_below(&self, most: usize) -> bool {
        let add = |count| (count < most).then_some(count + 1);
        let added = self
            .count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
        added.is_ok()
    }

    pub(crate) fn remove(&self) {
        // Either this sees who waits, or he sees that it was the last.
        let was_last = self.count.fetch_sub(1, Ordering::SeqCst) == 1;
        if was_last && self.waiting.load(Ordering::SeqCst) > 0 {
            self.none.notify_waiters();
        }
    }

    #[cfg(feature = "redis")]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) async fn none(&self) {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut notified = std::pin::pin!(self.none.notified());
            // Listen first, look then: one that goes in between is not missed.
            notified.as_mut().enable();
            if self.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// One who waits, until he has seen the last or is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
