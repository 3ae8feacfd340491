//! The thread that writes. All that is queued goes into one transaction: while the disk is busy with one, the next gathers.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::queue::{CLOSED, Done, Item, Shared};
use super::{JournalError, Storage};
use crate::store::StoreError;

/// So many entries go into one transaction at the most.
const BATCH: usize = 1_024;

/// How long to leave a disk alone that took nothing.
const REST: Duration = Duration::from_millis(250);

/// How long between two times of looking for what need not be kept.
const TIDY: Duration = Duration::from_secs(60);

/// How long between two steps of forgetting it.
const PAUSE: Duration = Duration::from_millis(20);

/// The thread's side of the queue.
pub(super) struct Thread {
    storage: Box<dyn Storage>,
    shared: Arc<Shared>,
    tidy_at: Instant,
}

impl Thread {
    pub(super) fn new(storage: Box<dyn Storage>, shared: Arc<Shared>) -> Self {
        Self {
            storage,
            shared,
            tidy_at: Instant::now(),
        }
    }

    pub(super) fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            match batch.is_empty() {
                true => self.tidy(),
                false => self.write(batch),
            }
        }
    }

    /// What is to be written now; nothing in it when it is time to tidy. None when it is over.
    fn next_batch(&self) -> Option<Vec<Item>> {
        let mut queue = self.shared.lock();
        loop {
            let now = Instant::now();
            // First: where batch follows on batch, it would never be time.
            if self.tidy_at <= now && !queue.is_stopping {
                return Some(Vec::new());
            }
            if queue.is_due(now) {
                let count = queue.items.len().min(BATCH);
                let batch: Vec<Item> = queue.items.drain(..count).collect();
                queue.asked -= batch.iter().filter(|item| item.done.is_some()).count();
                queue.busy_since = Some(now);
                return Some(batch);
            }
            if queue.is_stopping {
                return None;
            }
            let rest = queue.rests_until.filter(|_| !queue.items.is_empty());
            let until = rest.map_or(self.tidy_at, |rest| rest.min(self.tidy_at));
            queue.is_awaited = true;
            let waited = self.shared.more.wait_timeout(queue, until - now);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.is_awaited = false;
        }
    }

    /// Writes a batch, and tells all who wait for it. What nobody waits for is written again, should it fail.
    fn write(&mut self, batch: Vec<Item>) {
        let written = self.try_to_write(&batch);
        let written = written.map_err(|error| StoreError(error.to_string()));
        let dones = match &written {
            Ok(()) => self.note_success(batch),
            Err(_) => self.note_failure(batch),
        };
        for done in dones {
            done(written.clone());
        }
    }

    fn try_to_write(&mut self, batch: &[Item]) -> Result<(), JournalError> {
        for entry in batch.iter().filter_map(|item| item.entry.as_ref()) {
            self.storage.write(entry)?;
        }
        self.storage.sync()
    }

    /// Returns whom to tell.
    fn note_success(&self, batch: Vec<Item>) -> Vec<Done> {
        let mut queue = self.shared.lock();
        queue.busy_since = None;
        queue.is_failing = false;
        queue.rests_until = None;
        if queue.items.is_empty() {
            queue.drained.clear();
        }
        // Those who have more to write do not wait until the batch is let go.
        drop(queue);
        batch.into_iter().filter_map(|item| item.done).collect()
    }

    /// Returns whom to tell: also those who wait for what would have come after it.
    fn note_failure(&self, batch: Vec<Item>) -> Vec<Done> {
        let mut queue = self.shared.lock();
        queue.busy_since = None;
        queue.is_failing = true;
        queue.rests_until = Some(Instant::now() + REST);
        queue.asked = 0;
        let waiting = std::mem::take(&mut queue.items);
        let mut dones = Vec::new();
        for item in batch.into_iter().chain(waiting) {
            match item.done {
                Some(done) => dones.push(done),
                None => queue.items.push_back(item),
            }
        }
        let lost = match queue.is_stopping {
            true => std::mem::take(&mut queue.items),
            false => VecDeque::new(),
        };
        if queue.items.is_empty() {
            queue.drained.clear();
        }
        drop(queue);
        for item in lost {
            self.shared.lose(item.entry, "the disk takes nothing");
        }
        dones
    }

    fn tidy(&mut self) {
        let has_more = self.storage.tidy();
        let has_more = has_more.unwrap_or_else(|error| {
            tracing::warn!(target: "tower_token_quota", %error, "the journal cannot be tidied");
            false
        });
        self.tidy_at = Instant::now() + if has_more { PAUSE } else { TIDY };
    }
}

/// Nobody waits for a thread that has gone, whyever it has.
impl Drop for Thread {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.is_closed = true;
        queue.drained.clear();
        let left = std::mem::take(&mut queue.items);
        drop(queue);
        for item in left {
            self.shared.lose(item.entry, CLOSED);
        }
    }
}
