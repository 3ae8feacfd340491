//! What all clones of a [`Quota`](super::Quota) share.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::plan::Prepared;
use crate::body::BufferBudget;
use crate::clock::{Clock, Moment, SystemClock, saturating_micros};
use crate::count::{CountCache, Offload};
use crate::learn::{Learned, Lesson};
use crate::outstanding::Outstanding;
use crate::policy::{Period, Policy, PolicyError, Span};
use crate::reject::Rejection;
use crate::settle::Outcome;
use crate::store::{
    Adjustment, Balance, Books, BoxFuture, Charge, DEFAULT_EXPIRY, HoldId, HoldIds, MemoryStore,
    Report, Reports, Reservation, Rule, Settlement, Store, StoreError,
};
use crate::subject::Subject;
use crate::usage::Usage;
use crate::watch::{Event, Ledger, Observer, Observers};

use super::calendar::Calendar;
use super::follow::{Billed, FollowUp, FollowUps};
use super::guard::{Around, Decided, Guard};
use super::hold::{ChargedLimit, Granted};

use super::pace::{ChargedPace, Told};

const MAX_BUFFERED: usize = 256 << 20;

/// Holds are renewed while an answer passes, each time a quarter of their life is over: that takes some time to be.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(crate) struct Engine {
    policy: Arc<RwLock<Arc<Policy>>>,
    backend: Backend,
    clock: Arc<dyn Clock>,
    observers: Arc<Observers>,
    ids: Arc<HoldIds>,
    calendar: Arc<Calendar>,
    open: Arc<Outstanding>,
    pub(super) learned: Arc<Learned>,
    pub(super) counted: Arc<CountCache>,
    follow_ups: Arc<FollowUps>,
    paces_told: Arc<Told>,
    /// For how long a hold lives without being renewed, where that was said.
    hold_life: Option<Duration>,
    pub(crate) buffers: BufferBudget,
    pub(crate) offload: Offload,
}

/// The memory store is called as it is; any other through its trait, which boxes futures.
#[derive(Debug, Clone)]
enum Backend {
    Memory(Arc<MemoryStore>),
    Other(Arc<Guard>),
}

/// A decision that is there, or under way.
pub(super) enum Deciding {
    Ready(Decided),
    Waiting(BoxFuture<'static, Result<Decided, StoreError>>),
}

impl Engine {
    pub(super) fn new(policy: Policy) -> Self {
        let observers = Observers::default();
        observers.ledger().use_zone(policy.timezone().clone());
        Self {
            policy: Arc::new(RwLock::new(Arc::new(policy))),
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

    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the store counts all of a policy's limits to the last unit.
    pub(super) fn check(&self, policy: &Policy) -> Result<(), PolicyError> {
        let most = match &self.backend {
            Backend::Memory(_) => u64::MAX,
            Backend::Other(guard) => guard.store().largest_amount(),
        };
        match policy.limits_of_all().find(|limit| limit.largest() > most) {
            Some(limit) => Err(limit.too_large(most)),
            None => Ok(()),
        }
    }

    pub(super) fn set_policy(&self, policy: Arc<Policy>) -> Arc<Policy> {
        let mut current = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        self.keep_books(&policy);
        let before = std::mem::replace(&mut *current, policy);
        drop(current);
        self.observers.tell(|| Event::PolicyChanged);
        before
    }

    /// Puts a changed policy in force, if nobody has put another in force meanwhile: its own, else, which the change is to be
    /// made to anew.
    pub(super) fn replace_policy(
        &self,
        base: &Arc<Policy>,
        policy: Policy,
    ) -> Result<(), Arc<Policy>> {
        let mut current = self.policy.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current, base) {
            return Err(current.clone());
        }
        self.keep_books(&policy);
        *current = Arc::new(policy);
        drop(current);
        self.observers.tell(|| Event::PolicyChanged);
        Ok(())
    }

    /// How books are kept by a policy: in which time zone days and months are told apart.
    fn keep_books(&self, policy: &Policy) {
        let zone = policy.timezone();
        self.ledger().use_zone(zone.clone());
        if let Backend::Other(guard) = &self.backend {
            guard.store().keep_books(Books {
                zone: zone.iana_name().unwrap_or("UTC").into(),
                record_days: policy.record_days(),
            });
        }
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

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        self.observers.tell(event);
    }

    /// Tells of a call that we answered, or replied to in a model's place.
    pub(crate) fn tell_refused(
        &self,
        subject: Option<&Subject>,
        model: Option<&str>,
        rejection: &Rejection,
    ) {
        self.tell(|| match (&rejection.reply, subject) {
            (Some(reply), Some(subject)) => Event::Replied {
                subject: subject.clone(),
                model: model.unwrap_or_default().into(),
                limit: reply.limit.clone(),
                cost: rejection.cost,
            },
            _ => Event::Refused {
                subject: subject.cloned(),
                model: model.map(Into::into),
                kind: rejection.kind,
                limits: rejection.limit_ids(),
                estimate: rejection.estimate,
                cost: rejection.cost,
            },
        });
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

    /// After which time a hold is given up unless it is renewed. In memory it lives and dies with its owner; only one
    /// that was leaked on purpose is left for expiry to find.
    fn hold_life(&self) -> Duration {
        self.hold_life.unwrap_or(match self.backend {
            Backend::Memory(_) => Duration::from_secs(24 * 60 * 60),
            Backend::Other(_) => DEFAULT_EXPIRY,
        })
    }

    /// When a hold that was renewed now is renewed again: long before it expires.
    pub(super) fn renew_at(&self, now: u64) -> u64 {
        now.saturating_add(saturating_micros(self.hold_life() / 4))
    }

    pub(super) fn decide(&self, id: HoldId, prepared: &Prepared) -> Deciding {
        let (now, life) = (prepared.now, self.hold_life());
        match &self.backend {
            Backend::Memory(store) => {
                let decision = store.reserve_lent(id, now, life, &prepared.candidates);
                Deciding::Ready(decision.into())
            }
            Backend::Other(guard) => {
                let reservation = Reservation {
                    id,
                    organization: prepared.subject.shared_organization(),
                    now,
                    expires_in: life,
                    candidates: prepared.charges(),
                    unreconciled: match guard.store().keeps_holds() {
                        true => prepared.unreconciled(),
                        false => Vec::new(),
                    },
                };
                let (guard, clock) = (guard.clone(), self.clock.clone());
                let observers = self.observers.clone();
                let instances = prepared.policy.instances();
                Deciding::Waiting(Box::pin(async move {
                    let around = Around {
                        clock: &*clock,
                        observers: &observers,
                    };
                    guard.reserve(reservation, instances, around).await
                }))
            }
        }
    }

    /// Notes that there is one more hold to be settled.
    pub(super) fn opened(&self) {
        self.open.add();
    }

    /// Tells of an admitted call.
    pub(super) fn tell_admitted(&self, id: HoldId, granted: &Granted) {
        let subject = granted.subject();
        self.tell(|| Event::Admitted {
            hold: id,
            subject: subject.clone(),
            model: granted.model().shared_canonical(),
            downgraded_from: granted
                .downgraded_from()
                .map(|asked| asked.shared_canonical()),
            input_tokens: granted.candidate().reserved.input_tokens,
            output_tokens: granted.candidate().reserved.output_tokens,
        });
        for limit in granted.limits() {
            self.tell_warnings(subject, &limit);
        }
        for day in granted.paces() {
            self.tell_pace(subject, day);
        }
    }

    /// Tells of a day on which a budget is spent too fast, once.
    fn tell_pace(&self, subject: &Subject, day: ChargedPace<'_>) {
        if !day.pace.is_too_fast() || !self.paces_told.is_first(&day.charge.key) {
            return;
        }
        self.tell(|| Event::PaceExceeded {
            subject: subject.clone(),
            counter: day.of.key.clone(),
            limit: day.of.limit.clone(),
            today: day.pace.today(),
            daily: day.pace.daily(),
            ends_at: match day.charge.rule {
                Rule::Budget { ends_at, .. } => ends_at,
                Rule::Bucket { .. } | Rule::Gauge { .. } => 0,
            },
        });
    }

    fn tell_warnings(&self, subject: &Subject, limit: &ChargedLimit<'_>) {
        let (subject, id) = (|| subject.clone(), || limit.charge.limit.clone());
        if limit.would_block {
            self.tell(|| Event::WouldBlock {
                subject: subject(),
                limit: id(),
            });
        }
        if limit.is_soft_and_passed() {
            self.tell(|| Event::SoftLimitPassed {
                subject: subject(),
                limit: id(),
            });
        }
    }

    pub(super) fn settle(&self, id: HoldId, granted: Granted, outcome: Outcome) {
        if let (Outcome::Reported(usage), Some(lesson)) = (outcome, &granted.candidate().lesson) {
            self.learn(lesson, &usage);
        }
        let settlement = granted.settlement(id, self.now(), outcome);
        self.book(settlement);
        self.open.remove();
    }

    fn book(&self, settlement: Settlement) {
        match &self.backend {
            Backend::Memory(store) => {
                let settlement = &settlement;
                store.settle_then(settlement, |how| {
                    self.observers.report(Report::Settled { settlement, how });
                });
            }
            Backend::Other(guard) => guard.settle(settlement),
        }
    }

    /// Settles at the whole reservation, and remembers what that booked until the answer is asked for again.
    pub(super) fn settle_until_followed(
        &self,
        id: HoldId,
        granted: Granted,
        answer: (&'static str, &str),
    ) {
        let (units, now) = (granted.units(), self.now());
        let billed = Billed {
            asked: granted.asked().clone(),
            called: granted.model().clone(),
        };
        let settlement = granted.settlement(id, now, Outcome::Unreconciled);
        let follow_up =
            FollowUp::new(self.next_id(), settlement.clone(), units, now.steady).billed_by(billed);
        // Booked first: a correction that came before it would be overtaken.
        self.book(settlement);
        self.open.remove();
        self.follow_ups.add(answer, follow_up);
    }

    /// Whether an answer was not ready when its call ended, and has not told its usage since.
    pub(crate) fn awaits(&self, answer: (&'static str, &str)) -> bool {
        self.follow_ups.knows(answer, self.now().steady)
    }

    /// Corrects what was booked for an answer that was not ready then, once.
    pub(crate) fn correct(&self, answer: (&'static str, &str), usage: Usage) {
        if let Some(follow_up) = self.follow_ups.take(answer) {
            self.book(follow_up.corrected(usage, self.now()));
        }
    }

    fn learn(&self, lesson: &Lesson, usage: &Usage) {
        let Some(learnt) = self.learned.learn(lesson, usage) else {
            return;
        };
        self.tell(|| Event::Learned {
            api: lesson.api,
            model: lesson.model.clone(),
            input_millionths: learnt.input.map(|factor| factor.millionths()),
            typical_output_tokens: learnt.typical_output,
            hidden_input_tokens: learnt.hidden_input.zip(lesson.opaque),
        });
    }

    /// Takes back a reservation whose decision nobody has seen, in case it was granted.
    pub(super) fn abandon(&self, id: HoldId, organization: &str) {
        if let Backend::Other(guard) = &self.backend {
            guard.settle(Settlement {
                id,
                organization: organization.into(),
                now: self.now(),
                bookings: Vec::new(),
                record: None,
            });
        }
    }

    pub(super) fn renew(&self, id: HoldId, organization: &str) {
        let (now, life) = (self.now(), self.hold_life());
        match &self.backend {
            Backend::Memory(store) => store.renew_now(id, now, life),
            Backend::Other(guard) => guard.renew(id, organization, now, life),
        }
    }

    fn around(&self) -> Around<'_> {
        Around {
            clock: &*self.clock,
            observers: &self.observers,
        }
    }

    pub(super) async fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> Result<Vec<Balance>, StoreError> {
        match &self.backend {
            Backend::Memory(store) => Ok(store.peek_now(&charges, now)),
            Backend::Other(guard) => guard.peek(charges, now, self.around()).await,
        }
    }

    pub(super) async fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> Result<Balance, StoreError> {
        // An operator who takes usage away has seen what was booked for answers that are to come.
        if !matches!(adjustment, Adjustment::Debit(_)) {
            self.follow_ups.forget_counter(&charge.key);
        }
        match &self.backend {
            Backend::Memory(store) => Ok(store.adjust_now(&charge, adjustment, now)),
            Backend::Other(guard) => guard.adjust(charge, adjustment, now, self.around()).await,
        }
    }

    pub(super) async fn health(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Other(guard) => guard.health(self.around()).await,
        }
    }

    pub(super) fn waiting_settlements(&self) -> usize {
        match &self.backend {
            Backend::Memory(_) => 0,
            Backend::Other(guard) => guard.store().waiting(),
        }
    }

    pub(super) async fn drain(&self) {
        self.open.none().await;
        if let Backend::Other(guard) = &self.backend {
            guard.store().drain().await;
        }
    }
}
