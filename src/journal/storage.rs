//! Where a journal is written.

use std::fmt;

use super::{Entry, JournalError, OpenHold};
use crate::store::arithmetic::State;
use crate::store::{Charge, HoldId, Past};

/// Where a [`JournalStore`](super::JournalStore) writes: a SQLite file, or in tests something that looks over its shoulder.
///
/// One thread uses it after the other, never two at once. An error means that nothing of what was written since the last
/// [`sync`](Self::sync) is there; it will be written again.
pub trait Storage: fmt::Debug + Send + 'static {
    /// Writes an entry, which is nowhere yet. A hold or a settlement of an id that is there already changes nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, entry: &Entry) -> Result<(), JournalError>;

    /// Brings all that was written onto the disk, in one atomic step, and returns when it is there.
    ///
    /// # Errors
    /// When it cannot be brought there.
    fn sync(&mut self) -> Result<(), JournalError>;

    /// Reads what is on disk.
    ///
    /// # Errors
    /// When it cannot be read, or makes no sense.
    fn read(&mut self) -> Result<Kept, JournalError>;

    /// Forgets a little of what need not be kept any longer, and brings that onto the disk. Returns whether there is more to forget.
    ///
    /// # Errors
    /// When it cannot be written.
    fn tidy(&mut self) -> Result<bool, JournalError>;
}

/// What a storage has kept.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Kept {
    /// The counters that still count.
    pub counters: Vec<KeptCounter>,
    /// The holds that nobody has settled.
    pub open: Vec<OpenHold>,
    /// The ids that were settled lately.
    pub done: Vec<HoldId>,
    /// What else is known of the time before.
    pub past: Past,
}

/// A counter as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptCounter {
    /// Its last charge, whose amount says nothing.
    pub charge: Charge,
    /// All that is counted. Its steady time is the wall clock's.
    pub state: State,
}
