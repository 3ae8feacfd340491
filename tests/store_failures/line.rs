//! A store at the end of a line that can be cut.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_token_quota::clock::{FakeClock, Moment};
use tower_token_quota::store::{
    Adjustment, Balance, BoxFuture, Charge, Decision, HoldId, MemoryStore, Reports, Reservation,
    Settlement, Store, StoreError,
};

/// A store in memory, with a line to it that can be cut. Settlements arrive in any case, as those of a queue do in the end: at
/// once, unless they are kept back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) is_cut: Arc<AtomicBool>,
    /// Whether it is only the answers that are lost.
    pub(crate) is_deaf: Arc<AtomicBool>,
    /// Whether settlements wait.
    pub(crate) keeps_back: Arc<AtomicBool>,
    pub(crate) waiting: Arc<Mutex<Vec<Settlement>>>,
    pub(crate) asked: Arc<AtomicUsize>,
    /// How many seconds pass until it is seen that nobody answers.
    pub(crate) patience: Arc<AtomicU64>,
    pub(crate) clock: FakeClock,
}

impl Line {
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn lose_answers(&self) {
        self.is_deaf.store(true, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
        self.is_deaf.store(false, Ordering::SeqCst);
    }

    pub(crate) fn keep_settlements_back(&self) {
        self.keeps_back.store(true, Ordering::SeqCst);
    }

    /// Delivers the settlements that wait.
    pub(crate) fn deliver(&self) {
        for settlement in std::mem::take(&mut *self.waiting.lock().unwrap()) {
            self.store.settle(settlement);
        }
    }

    /// How often it was asked since the last time.
    pub(crate) fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn answer<T>(&self, ask: impl FnOnce() -> T) -> Result<T, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let lost = || StoreError("the line is cut".to_owned());
        if self.is_cut.load(Ordering::SeqCst) {
            let patience = self.patience.load(Ordering::SeqCst);
            self.clock.advance(Duration::from_secs(patience));
            return Err(lost());
        }
        let answer = ask();
        if self.is_deaf.load(Ordering::SeqCst) {
            return Err(lost());
        }
        Ok(answer)
    }
}

impl Store for Line {
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        let answer = self.answer(|| self.store.reserve_now(&reservation));
        Box::pin(std::future::ready(answer))
    }
    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.store.report_to(reports);
    }
    fn settle(&self, settlement: Settlement) {
        if self.keeps_back.load(Ordering::SeqCst) {
            self.waiting.lock().unwrap().push(settlement);
        } else {
            self.store.settle(settlement);
        }
    }
    fn renew(&self, id: HoldId, organization: &str, now: Moment, expires_in: Duration) {
        self.store.renew(id, organization, now, expires_in);
    }
    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        let answer = self.answer(|| self.store.peek_now(&charges, now));
        Box::pin(std::future::ready(answer))
    }
    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        let answer = self.answer(|| self.store.adjust_now(&charge, adjustment, now));
        Box::pin(std::future::ready(answer))
    }
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let answer = self.answer(|| ());
        Box::pin(std::future::ready(answer))
    }
    fn drain(&self) -> BoxFuture<'_, ()> {
        self.store.drain()
    }
}
