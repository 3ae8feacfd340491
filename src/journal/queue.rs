//! What waits for the disk, between those who ask and the thread that writes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::Entry;
use crate::store::{Listener, Report, Reports, StoreError};

/// So many settlements wait for a disk that takes none at the most; what comes then is given up.
pub(super) const MOST_WAITING: usize = 65_536;

pub(super) const CLOSED: &str = "the journal is closed";

/// What to do when an entry is on disk, or could not be brought there.
pub(super) type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// An entry on its way. With somebody who waits it is given up if it fails, and he is told; without, it is written again.
pub(super) struct Item {
    pub(super) entry: Option<Entry>,
    pub(super) done: Option<Done>,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) items: VecDeque<Item>,
    /// Those who wait for all to be on disk.
    pub(super) drained: Vec<oneshot::Sender<()>>,
    /// Whether the last transaction failed.
    pub(super) is_failing: bool,
    /// Until when nothing is tried after a failure, unless somebody waits for it.
    pub(super) rests_until: Option<Instant>,
    /// How many of the items somebody waits for.
    pub(super) asked: usize,
    /// Whether the thread that writes waits for more.
    pub(super) is_awaited: bool,
    /// Since when a transaction is under way.
    pub(super) busy_since: Option<Instant>,
    pub(super) is_stopping: bool,
    pub(super) is_closed: bool,
}

pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) more: Condvar,
    pub(super) listener: Arc<Listener>,
}

impl Queue {
    pub(super) fn is_idle(&self) -> bool {
        self.is_closed || (self.items.is_empty() && self.busy_since.is_none())
    }

    /// Whether to write now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let rests = self.asked == 0 && self.rests_until.is_some_and(|until| now < until);
        !self.items.is_empty() && (!rests || self.is_stopping)
    }
}

impl Shared {
    /// Lets go of a queue that has more in it. Who is busy need not be woken.
    pub(super) fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        let is_awaited = std::mem::take(&mut queue.is_awaited);
        drop(queue);
        if is_awaited {
            self.more.notify_one();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of an entry that is given up.
    pub(super) fn lose(&self, entry: Option<Entry>, reason: &str) {
        if let Some(Entry::Settled(settlement)) = &entry {
            self.listener.report(Report::Lost { settlement, reason });
        }
    }
}
