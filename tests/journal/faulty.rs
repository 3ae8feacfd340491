//! A disk that is full, or hangs, when a test says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use tower_token_quota::journal::{Entry, JournalError, JournalStore, Kept, SqliteStorage, Storage};

use crate::folder::Folder;

/// What is wrong with a disk: nothing, at first. Clones are of the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_full: AtomicBool,
    hangs: Mutex<bool>,
    goes_on: Condvar,
}

impl Faults {
    /// A folder's journal, on a disk that has these.
    pub(crate) fn open(&self, folder: &Folder) -> JournalStore {
        let disk = Disk {
            inner: SqliteStorage::open(folder.file()).unwrap(),
            batch: Vec::new(),
            faults: self.clone(),
        };
        JournalStore::with_storage(disk).unwrap()
    }

    pub(crate) fn fill(&self) {
        self.0.is_full.store(true, Ordering::SeqCst);
    }

    pub(crate) fn make_room(&self) {
        self.0.is_full.store(false, Ordering::SeqCst);
    }

    /// Nothing moves for as long as what is returned is kept: also a test that fails lets go of the disk.
    pub(crate) fn hang(&self) -> Hanging {
        *self.0.hangs.lock().unwrap() = true;
        Hanging(self.clone())
    }

    fn wait(&self) {
        let hangs = self.0.hangs.lock().unwrap();
        drop(self.0.goes_on.wait_while(hangs, |hangs| *hangs).unwrap());
    }
}

#[must_use]
pub(crate) struct Hanging(Faults);

impl Drop for Hanging {
    fn drop(&mut self) {
        let Faults(shared) = &self.0;
        *shared.hangs.lock().unwrap() = false;
        shared.goes_on.notify_all();
    }
}

#[derive(Debug)]
struct Disk {
    inner: SqliteStorage,
    batch: Vec<Entry>,
    faults: Faults,
}

impl Storage for Disk {
    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.batch.push(entry.clone());
        Ok(())
    }
    fn sync(&mut self) -> Result<(), JournalError> {
        self.faults.wait();
        let batch = std::mem::take(&mut self.batch);
        if self.faults.0.is_full.load(Ordering::SeqCst) {
            return Err(JournalError::Other("the disk is full".to_owned()));
        }
        for entry in &batch {
            self.inner.write(entry)?;
        }
        self.inner.sync()
    }
    fn read(&mut self) -> Result<Kept, JournalError> {
        self.inner.read()
    }
    fn tidy(&mut self) -> Result<bool, JournalError> {
        Ok(false)
    }
}
