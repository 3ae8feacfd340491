//! What holds while the store does not answer: each limit's own rule, and nothing beyond it.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::clock::{FakeClock, Moment};
use tower_token_quota::policy::{OnStoreFailure, PolicyBuilder};
use tower_token_quota::store::{
    Adjustment, Balance, BoxFuture, Charge, Decision, HoldId, MemoryStore, Reports, Reservation,
    Settlement, Store, StoreError,
};
use tower_token_quota::{Demand, Hold, Limit, Quota, RejectionKind, Subject, Tier, Usage, Usd};

mod support;
use support::watch::Events;
use support::{Provider, alice, call, hello_call, metered, policy, quota_of};

/// A store in memory, with a line to it that can be cut. Settlements arrive in any case, as those of a queue do in the end: at
/// once, unless they are kept back.
#[derive(Debug, Clone, Default)]
struct Line {
    store: Arc<MemoryStore>,
    is_cut: Arc<AtomicBool>,
    /// Whether it is only the answers that are lost.
    is_deaf: Arc<AtomicBool>,
    /// Whether settlements wait.
    keeps_back: Arc<AtomicBool>,
    waiting: Arc<Mutex<Vec<Settlement>>>,
    asked: Arc<AtomicUsize>,
    /// How many seconds pass until it is seen that nobody answers.
    patience: Arc<AtomicU64>,
    clock: FakeClock,
}

impl Line {
    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    fn lose_answers(&self) {
        self.is_deaf.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
        self.is_deaf.store(false, Ordering::SeqCst);
    }

    fn keep_settlements_back(&self) {
        self.keeps_back.store(true, Ordering::SeqCst);
    }

    /// Delivers the settlements that wait.
    fn deliver(&self) {
        for settlement in std::mem::take(&mut *self.waiting.lock().unwrap()) {
            self.store.settle(settlement);
        }
    }

    /// How often it was asked since the last time.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn answer<T>(&self, ask: impl FnOnce() -> T) -> Result<T, StoreError> {
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

/// An instance whose store is at the end of a line.
struct Instance {
    quota: Quota,
    line: Line,
    clock: FakeClock,
    events: Events,
}

fn instance(policy: PolicyBuilder) -> Instance {
    let (clock, events) = (FakeClock::at(support::NOON), Events::default());
    let line = Line {
        clock: clock.clone(),
        ..Line::default()
    };
    let quota = quota_of(policy, &clock)
        .store(line.clone())
        .observer(events.clone());
    Instance {
        quota,
        line,
        clock,
        events,
    }
}

/// One limit of requests a day, by this rule.
fn daily(amount: u64, rule: OnStoreFailure) -> Tier {
    let limit = Limit::requests(amount).per_day().id("daily");
    Tier::new("t").limit(limit.on_store_failure(rule))
}

async fn ask(quota: &Quota) -> Result<Hold, RejectionKind> {
    let demand = Demand::new("gpt-4o-mini").input_tokens(1).output_tokens(1);
    let decided = quota.reserve(&alice(), demand).await;
    decided.map_err(|rejection| rejection.kind)
}

/// How many calls pass until one does not, and why that one does not.
async fn passing(quota: &Quota) -> (usize, RejectionKind) {
    for passed in 0..1_000 {
        match ask(quota).await {
            Ok(hold) => hold.settle(Usage::new(1, 1)),
            Err(kind) => return (passed, kind),
        }
    }
    panic!("nothing bounds the calls");
}

fn used(line: &Line, quota: &Quota) -> u64 {
    line.mend();
    support::run(quota.health()).unwrap();
    let daily = support::limit(quota, "daily");
    assert_eq!(daily.held, 0, "nothing is under way");
    daily.used
}

#[tokio::test]
async fn a_closed_limit_refuses_until_the_store_answers_again() {
    let it = instance(policy(daily(9, OnStoreFailure::Closed)));
    let service = metered(&it.quota, &Provider::using(8, 2));
    assert_eq!(call(&service, hello_call()).await.status, 200);
    it.line.cut();
    let refused = call(&service, hello_call()).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("x-quota-degraded"), "closed");
    assert_eq!(refused.header("retry-after"), "1");
    it.line.mend();
    let served = call(&service, hello_call()).await;
    assert_eq!(
        (served.status.as_u16(), served.header("x-quota-degraded")),
        (200, "")
    );
    assert_eq!(support::limit(&it.quota, "daily").used, 2);
}

#[tokio::test]
async fn an_open_limit_lets_calls_pass_and_they_are_booked_in_the_end() {
    let it = instance(policy(daily(2, OnStoreFailure::Open)));
    let service = metered(&it.quota, &Provider::using(8, 2));
    it.line.cut();
    for _ in 0..5 {
        let served = call(&service, hello_call()).await;
        assert_eq!(served.status, 200);
        assert_eq!(served.header("x-quota-degraded"), "open");
    }
    it.line.mend();
    it.quota.health().await.unwrap();
    assert_eq!(
        support::limit(&it.quota, "daily").used,
        5,
        "beyond the amount: that is a debt"
    );
    assert_eq!(ask(&it.quota).await.unwrap_err(), RejectionKind::QuotaSpent);
}

#[tokio::test]
async fn a_local_limit_has_its_share_of_what_was_left() {
    let it = instance(policy(daily(10, OnStoreFailure::Local)).instances(2));
    for _ in 0..4 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (3, RejectionKind::QuotaSpent));
    let service = metered(&it.quota, &Provider::using(8, 2));
    let refused = call(&service, hello_call()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-quota-degraded"), "local");
    it.line.mend();
    it.quota.health().await.unwrap();
    assert_eq!(support::limit(&it.quota, "daily").used, 7);
    assert_eq!(passing(&it.quota).await, (3, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn a_store_that_is_missing_at_the_start_never_turns_a_limit_off() {
    let it = instance(policy(daily(10, OnStoreFailure::Local)).instances(4));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (2, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn what_fits_the_limit_but_not_the_share_is_no_call_that_could_never_fit() {
    let it = instance(policy(daily(3, OnStoreFailure::Local)).instances(4));
    it.line.cut();
    assert_eq!(
        ask(&it.quota).await.unwrap_err(),
        RejectionKind::StoreUnavailable
    );
}

#[tokio::test]
async fn a_bucket_refills_by_its_share() {
    let limit = Limit::requests(8).per_minute().id("bucket");
    let it = instance(policy(Tier::new("t").limit(limit)).instances(2));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (4, RejectionKind::RateLimited));
    it.clock.advance(Duration::from_secs(15));
    assert_eq!(passing(&it.quota).await, (1, RejectionKind::RateLimited));
    it.clock.advance(Duration::from_secs(600));
    assert_eq!(passing(&it.quota).await, (4, RejectionKind::RateLimited));
}

#[tokio::test]
async fn calls_under_way_are_bounded_too() {
    let it = instance(policy(Tier::new("t").limit(Limit::concurrent(4))).instances(2));
    it.line.cut();
    let first = ask(&it.quota).await.unwrap();
    let second = ask(&it.quota).await.unwrap();
    assert_eq!(
        ask(&it.quota).await.unwrap_err(),
        RejectionKind::TooManyConcurrent
    );
    first.release();
    let third = ask(&it.quota).await.unwrap();
    drop((second, third));
    it.quota.drain().await;
}

/// An instance with a share of 4 of 8, that has admitted three calls by itself. The store answers again and has not booked them.
async fn three_without_the_store() -> Instance {
    let it = instance(policy(daily(8, OnStoreFailure::Local)).instances(2));
    it.line.keep_settlements_back();
    it.line.cut();
    for _ in 0..3 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
    it.line.mend();
    it
}

#[tokio::test]
async fn an_answer_does_not_grant_anew_what_was_admitted_without_the_store() {
    let it = three_without_the_store().await;
    it.clock.advance(Duration::from_secs(1));
    // The store knows of this one only. Half of it, and the three, are 4 of the share of 4.
    ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (0, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn what_the_store_has_booked_counts_as_its_own_again() {
    let it = three_without_the_store().await;
    it.line.deliver();
    it.clock.advance(Duration::from_secs(1));
    ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    it.line.cut();
    assert_eq!(
        passing(&it.quota).await,
        (2, RejectionKind::QuotaSpent),
        "half of the 4 that are left"
    );
}

#[tokio::test]
async fn an_answer_does_not_forget_calls_under_way_that_were_admitted_without_the_store() {
    for limit in [Limit::concurrent(4), Limit::requests(4).per_minute()] {
        let it = instance(policy(Tier::new("t").limit(limit)).instances(2));
        it.line.cut();
        let first = ask(&it.quota).await.unwrap();
        it.line.mend();
        let second = ask(&it.quota).await.unwrap();
        it.line.cut();
        assert!(ask(&it.quota).await.is_err());
        drop((first, second));
        it.quota.drain().await;
    }
}

#[tokio::test]
async fn dollars_are_closed_and_tokens_are_local_unless_said_otherwise() {
    let tokens = Limit::tokens(100).per_day();
    let dollars = Limit::usd(Usd::dollars(1)).per_month();
    let local = instance(policy(Tier::new("t").limit(tokens.clone())));
    let closed = instance(policy(Tier::new("t").limit(tokens).limit(dollars)));
    for it in [&local, &closed] {
        it.line.cut();
    }
    assert_eq!(
        ask(&local.quota).await.unwrap().degraded(),
        Some(OnStoreFailure::Local)
    );
    assert_eq!(
        ask(&closed.quota).await.unwrap_err(),
        RejectionKind::StoreUnavailable
    );
}

#[tokio::test]
async fn soft_and_shadow_limits_refuse_nothing_then_either() {
    let closed = |limit: Limit| limit.on_store_failure(OnStoreFailure::Closed);
    let tier = Tier::new("t")
        .limit(closed(Limit::requests(1).per_day().id("soft").soft()))
        .limit(closed(Limit::requests(1).per_day().id("shadow").shadow()));
    let it = instance(policy(tier));
    it.line.cut();
    for _ in 0..3 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
}

#[tokio::test]
async fn a_rung_with_a_closed_limit_is_not_called_in_place_of_one_without() {
    let big = Limit::requests(1)
        .per_day()
        .id("big")
        .for_models(["gpt-4o"]);
    let small = Limit::requests(9)
        .per_day()
        .id("small")
        .for_models(["gpt-4o-mini"]);
    let tier = Tier::new("t")
        .ladder(["gpt-4o-mini"])
        .limit(big.then_downgrade())
        .limit(small.on_store_failure(OnStoreFailure::Closed));
    let it = instance(policy(tier));
    it.line.cut();
    let demand = || Demand::new("gpt-4o").input_tokens(1).output_tokens(1);
    let subject = alice();
    let first = it.quota.reserve(&subject, demand()).await.unwrap();
    assert_eq!(first.model(), "gpt-4o");
    let second = it.quota.reserve(&subject, demand()).await.unwrap_err();
    assert_eq!(second.kind, RejectionKind::StoreUnavailable);
}

#[tokio::test]
async fn a_decision_that_was_lost_on_its_way_is_taken_back() {
    for rule in [OnStoreFailure::Closed, OnStoreFailure::Local] {
        let it = instance(policy(daily(9, rule)));
        it.line.lose_answers();
        let decided = ask(&it.quota).await;
        assert_eq!(decided.is_ok(), rule == OnStoreFailure::Local);
        let expected = u64::from(decided.is_ok());
        drop(decided);
        let store = it.line.clone();
        let used = tokio::task::spawn_blocking(move || used(&store, &it.quota));
        assert_eq!(used.await.unwrap(), expected, "{rule:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_asked_once_a_second() {
    let it = instance(policy(daily(1_000, OnStoreFailure::Local)));
    it.line.cut();
    for _ in 0..20 {
        ask(&it.quota).await.unwrap().release();
    }
    assert_eq!(it.line.asked(), 3, "then it is left alone");
    assert!(it.quota.status(&alice()).await.is_err());
    assert_eq!(it.line.asked(), 0, "by those who only look, too");
    for _ in 0..3 {
        it.clock.advance(Duration::from_secs(1));
        for _ in 0..5 {
            ask(&it.quota).await.unwrap().release();
        }
        assert_eq!(it.line.asked(), 1);
    }
    it.events.take();
    it.line.mend();
    it.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        ask(&it.quota).await.unwrap().release();
    }
    assert_eq!(it.line.asked(), 2, "it answers: all ask it again");
    let words = it.events.words();
    assert_eq!(words[0], "store recovered");
    assert!(!words.iter().any(|word| word.starts_with("degraded")));
}

#[tokio::test]
async fn a_store_that_lets_us_wait_is_left_alone_all_the_same() {
    let it = instance(policy(daily(1_000, OnStoreFailure::Local)));
    it.line.patience.store(5, Ordering::SeqCst);
    it.line.cut();
    for _ in 0..20 {
        ask(&it.quota).await.unwrap().release();
    }
    assert_eq!(it.line.asked(), 3);
}

#[tokio::test]
async fn observers_see_what_was_decided_without_the_store() {
    let it = instance(policy(daily(9, OnStoreFailure::Local)));
    it.line.cut();
    ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    assert_eq!(
        it.events.words(),
        [
            "store failed",
            "degraded local",
            "admitted gpt-4o-mini",
            "settled 1+1 reported"
        ]
    );
}

/// What one instance goes through.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Call { tokens: u64, answers: bool },
    Deliver,
}

/// What the store says of the day.
fn told(quota: &Quota) -> u64 {
    let daily = support::limit(quota, "daily");
    daily.used + daily.held
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        8 => (1..40_u64, any::<bool>()).prop_map(|(tokens, answers)| Turn::Call { tokens, answers }),
        1 => Just(Turn::Deliver),
    ];
    proptest::collection::vec(turn, 0..60)
}

/// What one of several instances does.
#[derive(Debug, Clone, Copy)]
struct Step {
    by: usize,
    tokens: u64,
}

fn steps(instances: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..instances, 1..40_u64).prop_map(|(by, tokens)| Step { by, tokens });
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(support::cases(200))]

    /// Some calls get an answer and some do not, and settlements come late: what it was told, and what it has admitted since and before that the
    /// answer did not know of, is within the amount.
    #[test]
    fn p1_an_instance_counts_what_the_store_has_told_and_what_it_could_not_know(amount in 1..400_u64, turns in turns()) {
        let it = instance(policy(Tier::new("t").limit(Limit::tokens(amount).per_day().id("daily"))));
        it.line.keep_settlements_back();
        // What it admitted by itself and the store has not booked, and all that it should count.
        let (mut unbooked, mut counted) = (0, 0);
        for turn in turns {
            let Turn::Call { tokens, answers } = turn else {
                it.line.deliver();
                unbooked = 0;
                continue;
            };
            if answers {
                it.line.mend();
            } else {
                it.line.cut();
            }
            it.line.asked();
            let demand = Demand::new("gpt-4o-mini").input_tokens(tokens).output_tokens(0);
            let decided = support::run(it.quota.reserve(&alice(), demand));
            let was_told = answers && it.line.asked() > 0;
            it.line.mend();
            if was_told {
                counted = told(&it.quota) + unbooked;
            }
            let Ok(hold) = decided else { continue };
            if hold.degraded().is_some() {
                unbooked += tokens;
                counted += tokens;
                prop_assert!(counted <= amount, "{counted} of {amount}");
            }
            hold.settle(Usage::new(tokens, 0));
            // A second, after which a store that was left alone is asked again.
            it.clock.advance(Duration::from_millis(300));
        }
    }

    /// The bound that the rule states. What every instance knows may be old: then it may be more, and never more than the amount.
    #[test]
    fn p1_instances_on_their_own_admit_no_more_together_than_was_left(
        amount in 1..400_u64,
        with_store in steps(4),
        without in steps(4),
    ) {
        let line = Line::default();
        let clock = FakeClock::at(support::NOON);
        let tier = || Tier::new("t").limit(Limit::tokens(amount).per_day().id("daily"));
        let fleet: Vec<Quota> = (0..4)
            .map(|_| quota_of(policy(tier()).instances(4), &clock).store(line.clone()))
            .collect();
        let admit = |step: &Step| {
            let demand = Demand::new("gpt-4o-mini").input_tokens(step.tokens);
            let decided = support::run(fleet[step.by].reserve(&Subject::user("alice", "t"), demand.output_tokens(0)));
            decided.map_or(0, |hold| {
                hold.settle(Usage::new(step.tokens, 0));
                step.tokens
            })
        };
        let before: u64 = with_store.iter().map(admit).sum();
        prop_assert!(before <= amount);
        // All of them learn how things stand: a call that cannot pass tells as much as one that does.
        for by in 0..4 {
            admit(&Step { by, tokens: 0 });
        }
        line.cut();
        let alone: u64 = without.iter().map(admit).sum();
        prop_assert!(before + alone <= amount, "{before} and {alone} of {amount}");
    }
}
