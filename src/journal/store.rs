//! The store that is kept in a journal: memory decides, the journal remembers.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use super::fold;
use super::queue::CLOSED;
use super::recover::{Recovered, recover};
use super::writer::{Trouble, Writer};
use super::{DAY, Entry, JournalError, Kept, OpenHold, SqliteStorage, Storage};
use crate::clock::Moment;
use crate::store::{
    Adjustment, Balance, Books, BoxFuture, Charge, Decision, HoldId, Listener, MemoryStore, Past,
    Report, Reports, Reservation, RunningPeriod, Settled, Settlement, Store, StoreError,
};

/// For how long ids of settled holds are remembered, in microseconds: a day, also over restarts.
const DONE: u64 = DAY.unsigned_abs();

/// For how long a transaction may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store whose usage outlives restarts and crashes: see [the module](super).
pub struct JournalStore {
    memory: Arc<MemoryStore>,
    listener: Arc<Listener>,
    past: Past,
    recovered: Recovered,
    /// What is put into memory when the first call tells what time it is.
    kept: Mutex<Kept>,
    awake: OnceLock<()>,
    told: Once,
    is_new: bool,
    patience: Duration,
    writer: Writer,
}

impl JournalStore {
    /// Opens the journal in a file, or begins a new one where there is none. Holds that its last process left open are booked now.
    ///
    /// It reads all of the file, and so blocks for as long as that takes.
    ///
    /// # Errors
    /// When the file is another process's, damaged, of a newer version, no journal, or cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let storage = SqliteStorage::open(path)?;
        let is_new = storage.is_new();
        let store = Self::with_storage(storage)?;
        Ok(Self { is_new, ..store })
    }

    /// Keeps the journal in another storage.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn with_storage(storage: impl Storage) -> Result<Self, JournalError> {
        let mut storage: Box<dyn Storage> = Box::new(storage);
        let (mut kept, recovered) = recover(&mut *storage)?;
        let listener = Arc::<Listener>::default();
        Ok(Self {
            memory: Arc::default(),
            writer: Writer::start(storage, listener.clone())?,
            listener,
            past: std::mem::take(&mut kept.past),
            recovered,
            kept: Mutex::new(kept),
            awake: OnceLock::new(),
            told: Once::new(),
            is_new: false,
            patience: PATIENCE,
        })
    }

    /// For how long the disk may be busy with one transaction, and a call may wait for it; five seconds unless set. If it takes
    /// longer, the store does not answer calls that wait or come then, and their limits' [failure
    /// rules](crate::policy::OnStoreFailure) hold.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether there was no file, and a new journal was begun.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// How many holds the last process left open. They are booked at the most that their calls may have used, and unreconciled.
    #[must_use]
    pub fn recovered(&self) -> usize {
        self.recovered.holds()
    }

    /// Puts into memory what was kept, at the first call: it tells what time it is.
    fn wake(&self, now: Moment) {
        self.awake.get_or_init(|| self.restore(now));
        self.tell_recovered();
    }

    /// Tells of what was booked when the journal was opened, once: nobody listened then.
    fn tell_recovered(&self) {
        self.told.call_once(|| self.recovered.tell(&*self.listener));
    }

    fn restore(&self, now: Moment) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { counters, done, .. } = std::mem::take(&mut *kept);
        for counter in counters {
            let (charge, then) = (&counter.charge, fold::moment(now.wall));
            let state = counter.state.rebased(charge.rule, then, now);
            self.memory.restore(&charge.key, charge.rule, state, now);
        }
        self.memory.keep_settled_for(DONE);
        for id in done {
            self.memory.remember_settled(id, now);
        }
    }

    /// Fails while the disk takes nothing: then nothing is known of what will be booked, and failure rules hold.
    async fn working(&self) -> Result<(), StoreError> {
        match self.writer.trouble(self.patience) {
            None => Ok(()),
            Some(Trouble::Failing) => self.written(None).await,
            Some(Trouble::Stuck) => Err(silent()),
        }
    }

    /// Waits until an entry is on disk, but not for ever. It may still get there: whoever gave up settles what he asked for.
    async fn written(&self, entry: Option<Entry>) -> Result<(), StoreError> {
        let written = tokio::time::timeout(self.patience, self.writer.written(entry)).await;
        written.unwrap_or_else(|_| Err(silent()))
    }

    fn note_would_block(&self, reservation: &Reservation, decision: &Decision) {
        let Decision::Granted {
            candidate,
            would_block,
            ..
        } = decision
        else {
            return;
        };
        // The decision may be of an earlier reservation of this id, with other candidates.
        let charges = reservation.candidates.get(*candidate);
        let charges = charges.map_or(&[][..], Vec::as_slice);
        let blocked = would_block
            .iter()
            .filter_map(|position| charges.get(*position));
        let blocked = blocked.filter(|charge| fold::is_kept(charge));
        let charges: Vec<Charge> = blocked.cloned().collect();
        if !charges.is_empty() {
            self.writer.write(Entry::WouldBlock {
                hold: reservation.id,
                charges,
                now: reservation.now,
            });
        }
    }
}

fn silent() -> StoreError {
    StoreError("the disk does not answer".to_owned())
}

impl Store for JournalStore {
    /// Ready when the hold is on disk, if one of its charges asks for that.
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        Box::pin(async move {
            self.wake(reservation.now);
            self.working().await?;
            let decision = self.memory.reserve_now(&reservation);
            self.note_would_block(&reservation, &decision);
            if let Some(hold) = OpenHold::granted(&reservation, &decision) {
                self.written(Some(Entry::Hold(hold))).await?;
            }
            Ok(decision)
        })
    }

    fn past(&self) -> Past {
        self.past.clone()
    }

    fn keep_books(&self, books: Books) {
        self.writer.write(Entry::Books(books));
    }

    fn period_began(&self, period: RunningPeriod) {
        self.writer.write(Entry::Period(period));
    }

    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.listener.set(reports.clone());
        self.memory.report_to(reports);
    }

    /// Booked in memory before it returns, and on disk with the next transaction.
    fn settle(&self, settlement: Settlement) {
        self.wake(settlement.now);
        let how = self.memory.settle_then(&settlement, |how| {
            let settlement = &settlement;
            self.listener.report(Report::Settled { settlement, how });
        });
        if how != Settled::Repeated {
            self.writer.write(Entry::Settled(settlement));
        }
    }

    fn renew(&self, id: HoldId, _organization: &str, now: Moment, expires_in: Duration) {
        self.wake(now);
        self.memory.renew_now(id, now, expires_in);
    }

    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        Box::pin(async move {
            self.wake(now);
            self.working().await?;
            Ok(self.memory.peek_now(&charges, now))
        })
    }

    /// Ready when the correction is on disk. One that could not be brought there is not made.
    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        Box::pin(async move {
            self.wake(now);
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let memory = self.memory.clone();
            let entry = Entry::Adjusted {
                charge: charge.clone(),
                adjustment,
                now,
            };
            // In memory by whoever has written it: also if the operator has left meanwhile.
            self.writer.write_then(Some(entry), move |written| {
                let adjusted = written.map(|()| memory.adjust_now(&charge, adjustment, now));
                let _ = sender.send(adjusted);
            });
            let closed = |_| StoreError(CLOSED.to_owned());
            receiver.await.map_err(closed)?
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.working())
    }

    /// Those that the thread has at hand are not counted.
    fn waiting(&self) -> usize {
        self.writer.waiting()
    }

    /// Also where no call came.
    fn drain(&self) -> BoxFuture<'_, ()> {
        self.tell_recovered();
        Box::pin(self.writer.drain())
    }
}

impl fmt::Debug for JournalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalStore")
            .field("memory", &self.memory)
            .field("writer", &self.writer)
            .finish_non_exhaustive()
    }
}
