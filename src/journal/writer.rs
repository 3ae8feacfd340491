//! The hand at the queue of what is to be written.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::queue::{CLOSED, Item, MOST_WAITING, Shared};
use super::thread::Thread;
use super::{Entry, JournalError, Storage};
use crate::store::{Listener, StoreError};

/// Why not to rely on the disk.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The last transaction failed. The next may not.
    Failing,
    /// A transaction has been under way for too long.
    Stuck,
}

/// When it goes, what is queued is written, and the thread ends.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// # Errors
    /// When the operating system has no thread to give.
    pub(super) fn start(
        storage: Box<dyn Storage>,
        listener: Arc<Listener>,
    ) -> Result<Self, JournalError> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            more: Condvar::new(),
            listener,
        });
        let thread = std::thread::Builder::new().name("quota-journal".to_owned());
        let theirs = Thread::new(storage, shared.clone());
        let thread = thread.spawn(move || theirs.run());
        let thread = thread.map_err(|error| JournalError::Other(error.to_string()))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Writes an entry when the disk gets to it, and again if it fails.
    pub(super) fn write(&self, entry: Entry) {
        let mut queue = self.shared.lock();
        let problem = match () {
            () if queue.is_closed => CLOSED,
            () if queue.items.len() >= MOST_WAITING => "too many settlements wait for the disk",
            () => {
                queue.items.push_back(Item {
                    entry: Some(entry),
                    done: None,
                });
                return self.shared.wake(queue);
            }
        };
        drop(queue);
        self.shared.lose(Some(entry), problem);
    }

    /// Writes an entry, or only looks whether the disk takes anything, and does something when it is there. It is tried once.
    pub(super) fn write_then(
        &self,
        entry: Option<Entry>,
        done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) {
        let mut queue = self.shared.lock();
        if queue.is_closed {
            drop(queue);
            return done(Err(StoreError(CLOSED.to_owned())));
        }
        queue.asked += 1;
        queue.items.push_back(Item {
            entry,
            done: Some(Box::new(done)),
        });
        self.shared.wake(queue);
    }

    /// Waits until an entry is on disk. It is queued when this is called, not when it is awaited.
    pub(super) fn written(
        &self,
        entry: Option<Entry>,
    ) -> impl Future<Output = Result<(), StoreError>> + use<> {
        let (sender, receiver) = oneshot::channel();
        self.write_then(entry, |written| {
            // Who has left does not want to know.
            let _ = sender.send(written);
        });
        async {
            let closed = |_| StoreError(CLOSED.to_owned());
            receiver.await.map_err(closed)?
        }
    }

    /// What is wrong with the disk, if a transaction may take so long.
    pub(super) fn trouble(&self, patience: Duration) -> Option<Trouble> {
        let queue = self.shared.lock();
        match queue.busy_since {
            Some(since) if since.elapsed() > patience => Some(Trouble::Stuck),
            _ => queue.is_failing.then_some(Trouble::Failing),
        }
    }

    /// How many settlements are queued.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.shared.lock();
        let entries = queue.items.iter().filter_map(|item| item.entry.as_ref());
        entries
            .filter(|entry| matches!(entry, Entry::Settled(_)))
            .count()
    }

    /// Waits until all that is queued is on disk.
    pub(super) fn drain(&self) -> impl Future<Output = ()> + use<> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.shared.lock();
        match queue.is_idle() {
            true => drop(sender),
            false => queue.drained.push(sender),
        }
        async {
            // Dropped unheard: there is nothing to wait for any more.
            let _ = receiver.await;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.more.notify_one();
        let thread = self.thread.take();
        // An observer that holds the last quota may let go of it there: a thread cannot wait for itself.
        let is_other =
            |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        if let Some(thread) = thread.filter(is_other) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("queued", &self.shared.lock().items.len())
            .finish_non_exhaustive()
    }
}
