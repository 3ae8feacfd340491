//! What all clones of a [`Quota`](super::Quota) share.

use std::sync::Arc;
use std::time::Duration;

use super::backend::Backend;
use super::calendar::Calendar;
use super::follow::FollowUps;
use super::guard::Guard;
use super::in_force::InForce;
use super::pace::Told;
use crate::body::BufferBudget;
use crate::clock::{Clock, Moment, SystemClock};
use crate::count::{CountCache, Offload};
use crate::learn::Learned;
use crate::outstanding::Outstanding;
use crate::policy::{Period, Policy, Span};
use crate::store::{HoldId, HoldIds, MemoryStore, Store};
use crate::watch::{Event, Ledger, Observer, Observers};

const MAX_BUFFERED: usize = 256 << 20;

/// Holds are renewed while an answer passes, each time a quarter of their life is over: that takes some time to be.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(super) in_force: Arc<InForce>,
    pub(super) backend: Backend,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observers: Arc<Observers>,
    ids: Arc<HoldIds>,
    calendar: Arc<Calendar>,
    pub(super) open: Arc<Outstanding>,
    pub(super) learned: Arc<Learned>,
    pub(super) counted: Arc<CountCache>,
    pub(super) follow_ups: Arc<FollowUps>,
    pub(super) paces_told: Arc<Told>,
    /// For how long a hold lives without being renewed, where that was said.
    pub(super) hold_life: Option<Duration>,
    pub(crate) buffers: BufferBudget,
    pub(crate) offload: Offload,
}

impl Engine {
    pub(super) fn new(policy: Policy) -> Self {
        let observers = Observers::default();
        observers.ledger().use_zone(policy.timezone().clone());
        Self {
            in_force: Arc::new(InForce::new(policy)),
            backend: Backend::Memory(Arc::new(MemoryStore::new())),
            clock: Arc::new(SystemClock::default()),
            observers: Arc::new(observers),
            ids: Arc::new(HoldIds::new()),
            calendar: Arc::default(),
            open: Arc::default(),
            learned: Arc::default(),
            counted: Arc::new(CountCache::new(CountCache::DEFAULT_BYTES)),
            follow_ups: Arc::default(),
            paces_told: Arc::default(),
            hold_life: None,
            buffers: BufferBudget::new(MAX_BUFFERED),
            offload: Offload::default(),
        }
    }

    pub(super) fn use_store(&mut self, store: Arc<dyn Store>) {
        let past = store.past();
        let ledger = Ledger::of(&past);
        let mut observers = (*self.observers).clone();
        observers.use_ledger(ledger);
        self.observers = Arc::new(observers);
        self.calendar = Arc::new(Calendar::of(&past));
        self.backend = Backend::Other(Arc::new(Guard::new(store, self.ids.clone())));
        self.keep_books(&self.policy());
    }

    /// Settings are over: the store learns whom to report to.
    pub(super) fn begin(self) -> Arc<Self> {
        let engine = Arc::new(self);
        let observers = engine.observers.clone();
        match &engine.backend {
            Backend::Memory(store) => store.report_to(observers),
            Backend::Other(guard) => guard.report_to(observers),
        }
        engine
    }

    pub(super) fn use_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
    }

    pub(super) fn add_observer(&mut self, observer: Arc<dyn Observer>) {
        let mut observers = (*self.observers).clone();
        observers.add(observer);
        self.observers = Arc::new(observers);
    }

    pub(super) fn expire_holds_after(&mut self, life: Duration) {
        self.hold_life = Some(life.max(SHORTEST_LIFE));
    }

    pub(super) fn limit_count_cache(&mut self, bytes: usize) {
        self.counted = Arc::new(CountCache::new(bytes));
    }

    pub(super) fn limit_buffers(&mut self, bytes: usize) {
        self.buffers = BufferBudget::new(bytes);
    }

    /// The time, by the clock of the store where that has one.
    pub(crate) fn now(&self) -> Moment {
        let now = self.clock.now();
        let offset = match &self.backend {
            Backend::Memory(_) => 0,
            Backend::Other(guard) => guard.store().clock_offset(),
        };
        Moment {
            wall: now.wall.saturating_add(offset),
            ..now
        }
    }

    pub(crate) fn next_id(&self) -> HoldId {
        self.ids.next()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.observers.ledger()
    }

    /// The running instance of a period, told of if a clock was set to begin it.
    pub(super) fn span(&self, period: Period, now: Moment, policy: &Policy) -> Span {
        let current = self.calendar.current(period, now, policy.timezone());
        if let (Some(began), Backend::Other(guard)) = (current.began, &self.backend) {
            guard.store().period_began(began);
        }
        if current.jumped {
            self.tell(|| Event::ClockJumped {
                period,
                to: current.span.id.clone(),
            });
        }
        current.span
    }
}
