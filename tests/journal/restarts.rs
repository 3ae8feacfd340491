//! What outlives a restart, and what a crash leaves.

use std::time::Duration;

use futures_util::FutureExt as _;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::JournalStore;
use tower_token_quota::policy::Enforcement;
use tower_token_quota::store::{
    Adjustment, Charge, Report, Reports, Settled, Settlement, Store as _,
};
use tower_token_quota::watch::Event;
use tower_token_quota::{
    DEFAULT_ORGANIZATION, Limit, LimitStatus, Policy, Quota, Tier, Usage, Usd,
};

use crate::faulty::Faults;
use crate::folder::{Folder, MOST, limits, reserve, reserve_for, tokens_only, written};
use crate::store_support::{at, budget, hard, settlement};
use crate::support::watch::Events;
use crate::support::{self, NOON, Provider, alice, call, hello_call, metered};

fn states(quota: &Quota) -> Vec<(String, u64, u64, u64)> {
    let state = |limit: LimitStatus| {
        (
            limit.id.to_string(),
            limit.used,
            limit.held,
            limit.would_block,
        )
    };
    support::status(quota, &alice())
        .into_iter()
        .map(state)
        .collect()
}

#[tokio::test]
async fn a_restart_changes_no_figure() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOON));
    let quota = folder.quota(limits(), &clock);
    let project = alice().project("web-app");
    for output in [100, 200, 1_500] {
        let hold = reserve_for(&quota, &project).await;
        hold.unwrap().settle(Usage::new(1_000, output));
    }
    reserve(&quota).await.unwrap().release();
    quota
        .adjust(&alice(), "usd", None, Adjustment::Debit(77))
        .await
        .unwrap();
    let (before, report) = (states(&quota), quota.report().await.unwrap());
    assert!(
        before
            .iter()
            .any(|(id, _, _, would_block)| id == "shadow" && *would_block == 2)
    );
    quota.drain().await;
    drop(quota);

    let quota = folder.quota(limits(), &clock);
    assert_eq!(states(&quota), before);
    assert_eq!(quota.report().await.unwrap(), report);
    assert_eq!(folder.ask("SELECT count(*) FROM open_holds"), ["0"]);
    assert_eq!(folder.ask("SELECT count(*) FROM unreconciled_holds"), ["0"]);
}

#[tokio::test]
async fn what_is_dropped_without_being_drained_is_written_all_the_same() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOON));
    let quota = folder.quota(tokens_only(), &clock);
    for _ in 0..50 {
        reserve(&quota).await.unwrap().settle(Usage::new(1, 1));
    }
    drop(quota);
    let quota = folder.quota(tokens_only(), &clock);
    assert_eq!(support::limit(&quota, "tokens").used, 100);
}

#[tokio::test]
async fn a_hold_of_dollars_is_on_disk_when_its_call_is_made() {
    let folder = std::sync::Arc::new(Folder::new());
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let disk = folder.clone();
    let provider = Provider::new(move |_| {
        let after_a_crash = disk.crashed().open().unwrap();
        assert_eq!(after_a_crash.recovered(), 1);
        Ok(support::provider::json_answer(
            200,
            &support::provider::completion(8, 2),
        ))
    });
    let served = call(&metered(&quota, &provider), hello_call()).await;
    assert_eq!((served.status.as_u16(), provider.seen().len()), (200, 1));
}

#[tokio::test]
async fn a_hold_of_tokens_is_not_waited_for_and_its_settlement_is_written() {
    let folder = std::sync::Arc::new(Folder::new());
    let quota = folder.quota(tokens_only(), &FakeClock::at(NOON));
    let hold = reserve(&quota).await.unwrap();
    assert_eq!(folder.crashed().open().unwrap().recovered(), 0);
    hold.settle(Usage::new(3, 4));
    quota.drain().await;
    let crashed = folder.crashed();
    let quota = crashed.quota(tokens_only(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&quota, "tokens").used, 7);
}

#[tokio::test]
async fn after_a_crash_open_holds_are_booked_at_their_most_and_unreconciled() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOON));
    let quota = folder.quota(limits(), &clock);
    reserve(&quota).await.unwrap().settle(Usage::new(1_000, 0));
    let open = reserve(&quota).await.unwrap();
    written(&quota).await;
    let crashed = folder.crashed();
    drop(open);

    let store = crashed.open().unwrap();
    assert_eq!(store.recovered(), 1);
    let events = Events::default();
    let quota = support::quota_of(limits(), &clock)
        .store(store)
        .observer(events.clone());
    let usd = support::limit(&quota, "usd");
    assert_eq!((usd.used, usd.held), (150_000 + MOST, 0));
    assert_eq!(support::limit(&quota, "tokens").used, 1_000 + 2_000);
    assert_eq!(support::limit(&quota, "concurrent").held, 0);
    let report = quota.report_of(DEFAULT_ORGANIZATION).await.unwrap();
    assert_eq!(report.totals.calls, 2);
    assert_eq!(report.totals.unreconciled, Usd::from_nanos(MOST));
    assert_eq!(report.totals.cost, Usd::from_nanos(150_000 + MOST));
    let recovered = |event: &Event| {
        matches!(
            event,
            Event::Settled {
                settled: Settled::Recovered,
                ..
            }
        )
    };
    assert_eq!(
        events
            .take()
            .iter()
            .filter(|event| recovered(event))
            .count(),
        1
    );
    assert_eq!(
        crashed.ask("SELECT usd FROM unreconciled_holds"),
        ["0.001250000"]
    );
    assert_eq!(crashed.ask("SELECT count(*) FROM open_holds"), ["0"]);
    drop(quota);
    // Once.
    let quota = crashed.quota(limits(), &clock);
    assert_eq!(support::limit(&quota, "usd").used, 150_000 + MOST);
}

#[tokio::test]
async fn a_hold_that_was_taken_back_is_not_open_after_a_crash() {
    let (folder, faults) = (Folder::new(), Faults::default());
    let store = faults.open(&folder).patience(Duration::MAX);
    let quota = support::quota_of(limits(), &FakeClock::at(NOON)).store(store);
    let hanging = faults.hang();
    let polled = reserve(&quota).now_or_never();
    assert!(polled.is_none(), "it waits for the disk");
    drop(hanging);
    reserve(&quota).await.unwrap().release();
    quota.drain().await;
    assert_eq!(folder.crashed().open().unwrap().recovered(), 0);
    assert_eq!(support::limit(&quota, "usd").held, 0);
}

fn alerts(events: &Events) -> Vec<String> {
    let words = events.words();
    words
        .into_iter()
        .filter(|words| words.starts_with("usd "))
        .collect()
}

#[tokio::test]
async fn no_threshold_is_told_of_twice_and_none_is_missed() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOON));
    let events = Events::default();
    let begin = |folder: &Folder| folder.quota(limits(), &clock).observer(events.clone());
    let quota = begin(&folder);
    // 52 cents of a dollar.
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(3_466_667, 0));
    assert_eq!(alerts(&events), ["usd 50 info"]);
    drop(quota);
    let quota = begin(&folder);
    reserve(&quota).await.unwrap().settle(Usage::new(1, 0));
    assert_eq!(alerts(&events), [""; 0]);
    // 89.95 cents and one hold: with that booked it is more than 90.
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(2_530_000, 0));
    assert_eq!(alerts(&events), [""; 0]);
    let open = reserve(&quota).await.unwrap();
    written(&quota).await;
    let (crashed, silent) = (folder.crashed(), folder.crashed());
    drop((open, quota));
    events.take();
    for expected in [&["usd 90 critical"][..], &[]] {
        let quota = begin(&crashed);
        assert!(support::limit(&quota, "usd").used > 900_000_000);
        assert_eq!(alerts(&events), expected);
    }
    // No call comes before it is stopped.
    begin(&silent).drain().await;
    assert_eq!(alerts(&events), ["usd 90 critical"]);
}

#[tokio::test]
async fn an_id_that_was_settled_is_settled_after_a_restart_too() {
    let folder = Folder::new();
    let charge = hard("budget", budget(100), 10);
    let settled = settlement(1, at(1), std::slice::from_ref(&charge), &[10]);
    let store = folder.open().unwrap();
    store.settle(settled.clone());
    drop(store);
    let store = folder.open().unwrap();
    store.settle(settled.clone());
    assert_eq!(used(&store, &charge).await, 10);
    drop(store);
    assert_eq!(used(&folder.open().unwrap(), &charge).await, 10);
    assert_eq!(folder.ask("SELECT count(*) FROM entries"), ["1"]);
}

async fn used(store: &JournalStore, charge: &Charge) -> u64 {
    store.peek(vec![charge.clone()], at(2)).await.unwrap()[0].used
}

/// Hears how settlements found their holds.
#[derive(Default, Clone)]
struct Heard(std::sync::Arc<std::sync::Mutex<Vec<Settled>>>);

impl Reports for Heard {
    fn report(&self, report: Report<'_>) {
        if let Report::Settled { how, .. } = report {
            self.0.lock().unwrap().push(how);
        }
    }
}

#[test]
fn a_repeated_settlement_is_told_of_as_one() {
    let folder = Folder::new();
    let settled = settlement(7, at(1), &[hard("budget", budget(100), 10)], &[10]);
    let tell = |settlement: &Settlement| {
        let (store, heard) = (folder.open().unwrap(), Heard::default());
        store.report_to(std::sync::Arc::new(heard.clone()));
        store.settle(settlement.clone());
        heard.0.lock().unwrap().clone()
    };
    assert_eq!(tell(&settled), [Settled::Unknown]);
    assert_eq!(tell(&settled), [Settled::Repeated]);
}

#[tokio::test]
async fn a_changed_policy_keeps_what_the_journal_has() {
    let (folder, clock) = (Folder::new(), FakeClock::at(NOON));
    let policy = |amount, enforcement| {
        let limit = Limit::tokens(amount).per_day().id("tokens");
        let limit = match enforcement {
            Enforcement::Soft => limit.soft(),
            _ => limit,
        };
        Policy::new().tier(Tier::new("t").limit(limit))
    };
    let quota = folder.quota(policy(5_000, Enforcement::Hard), &clock);
    reserve(&quota).await.unwrap().settle(Usage::new(4_000, 0));
    drop(quota);
    let quota = folder.quota(policy(3_000, Enforcement::Soft), &clock);
    let tokens = support::limit(&quota, "tokens");
    assert_eq!((tokens.used, tokens.amount), (4_000, 3_000));
    reserve(&quota).await.unwrap().settle(Usage::new(1_000, 0));
    drop(quota);
    let quota = folder.quota(policy(9_000, Enforcement::Hard), &clock);
    assert_eq!(support::limit(&quota, "tokens").used, 5_000);
}
