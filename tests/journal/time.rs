//! Months, clocks that are set, buckets, and what is forgotten when.

use std::time::Duration;

use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{Entry, SqliteStorage, Storage};
use tower_token_quota::store::{Settlement, Store as _};
use tower_token_quota::watch::IncreaseRequest;
use tower_token_quota::{DEFAULT_ORGANIZATION, Limit, Policy, Tier, Usage, Usd};

use crate::folder::{Folder, limits, reserve, reserve_for, tokens_only, written};
use crate::store_support::{DAY, at, bucket, budget, hard, settlement};
use crate::support::{self, alice};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn reports_and_increase_requests_read_months_of_history() {
    let folder = Folder::new();
    let api = alice().project("api");
    for (month, input) in [(8, 1_000_000), (9, 2_000_000), (10, 4_000_000)] {
        let clock = FakeClock::at(&format!("2026-{month:02}-15T12:00:00Z"));
        let quota = folder.quota(limits(), &clock);
        let hold = reserve_for(&quota, &api).await.unwrap();
        hold.settle(Usage::new(input, 0));
    }
    let quota = folder.quota(limits(), &FakeClock::at("2026-11-02T12:00:00Z"));
    let history = quota.history(DEFAULT_ORGANIZATION, Some("api"));
    let cents = |cents: u64| Usd::from_nanos(cents * 10_000_000);
    let expected = [("2026-08", 15), ("2026-09", 30), ("2026-10", 60)];
    assert_eq!(
        history,
        expected.map(|(month, cost)| (month.to_owned(), cents(cost)))
    );
    let costs: Vec<Usd> = history.into_iter().map(|(_, cost)| cost).collect();
    let request = IncreaseRequest::new("api", Usd::dollars(1), Usd::dollars(2), &costs);
    assert_eq!((request.months, request.average), (3, cents(35)));
    let report = quota.report().await.unwrap();
    assert_eq!(report.month, "2026-11");
    assert!(
        report
            .since
            .is_some_and(|since| since < report.at - 75 * DAY as i64)
    );
}

/// A clock set back over a month's end opens no closed month, also over a restart: what was spent of November stays spent, and
/// October gets nothing more.
#[tokio::test]
async fn a_clock_set_back_over_a_months_end_stays_in_the_month_it_left() {
    let folder = Folder::new();
    let clock = FakeClock::at("2026-10-31T23:59:00Z");
    let quota = folder.quota(limits(), &clock);
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    clock.advance(Duration::from_secs(120));
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(2_000_000, 0));
    assert_eq!(support::limit(&quota, "usd").used, 300_000_000);
    drop(quota);

    let clock = FakeClock::at("2026-10-31T23:30:00Z");
    let quota = folder.quota(limits(), &clock);
    let usd = support::limit(&quota, "usd");
    assert_eq!(usd.used, 300_000_000, "November's");
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    assert_eq!(support::limit(&quota, "usd").used, 450_000_000);
    drop(quota);
    let month = "SELECT used FROM balances WHERE limit_id = 'usd' AND period = 'month:2026-10-01'";
    assert_eq!(folder.ask(month), ["150000000"]);
    // Set right again: the same month.
    let quota = folder.quota(limits(), &FakeClock::at("2026-11-01T09:00:00Z"));
    assert_eq!(support::limit(&quota, "usd").used, 450_000_000);
}

/// A clock that shows another month for one call, and is set right, takes nothing away: neither what was used, nor records. Also if
/// the process ends, and is tidied up after, before it is set right.
#[tokio::test]
async fn a_clock_set_months_ahead_and_right_again_loses_nothing() {
    let policy = || limits().record_days(10);
    for is_set_right_before_the_end in [true, false] {
        let folder = Folder::new();
        let clock = FakeClock::at("2026-11-21T12:00:00Z");
        let quota = folder.quota(policy(), &clock);
        let spend = async || {
            let hold = reserve(&quota).await.unwrap();
            hold.settle(Usage::new(1_000_000, 0));
        };
        spend().await;
        clock.set_wall("2027-03-10T12:00:00Z");
        spend().await;
        clock.set_wall("2026-11-21T12:05:00Z");
        if is_set_right_before_the_end {
            spend().await;
        }
        written(&quota).await;
        let calls = 1 + u64::from(is_set_right_before_the_end);
        let used = calls * 150_000_000;
        assert_eq!(support::limit(&quota, "usd").used, used);
        if !is_set_right_before_the_end {
            clock.set_wall("2027-03-10T12:00:00Z");
            written(&quota).await;
        }
        drop(quota);
        for _ in 0..2 {
            let mut storage = SqliteStorage::open(folder.file()).unwrap();
            storage.write(&Entry::Books(books(10))).unwrap();
            storage.sync().unwrap();
            tidy(&mut storage);
        }
        let quota = folder.quota(policy(), &FakeClock::at("2026-11-21T12:10:00Z"));
        assert_eq!(support::limit(&quota, "usd").used, used);
        let records = folder.ask("SELECT count(*) FROM records");
        assert_eq!(records, [(calls + 1).to_string()]);
    }
}

#[tokio::test]
async fn a_period_that_ended_while_nobody_ran_has_ended() {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at("2026-10-15T12:00:00Z"));
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    drop(quota);
    let quota = folder.quota(limits(), &FakeClock::at("2026-11-15T12:00:00Z"));
    assert_eq!(support::limit(&quota, "usd").used, 0);
    assert_eq!(support::limit(&quota, "tokens").used, 0);
}

#[tokio::test]
async fn a_bucket_leaks_while_nobody_runs_and_no_faster() {
    let folder = Folder::new();
    let limit = Limit::requests(60).per_hour().id("requests");
    let policy = || Policy::new().tier(Tier::new("t").limit(limit.clone()));
    let clock = FakeClock::at("2026-11-21T12:00:00Z");
    // Another process has another steady clock.
    clock.advance(HOUR * 5);
    let quota = folder.quota(policy(), &clock);
    for _ in 0..50 {
        reserve(&quota).await.unwrap().release();
    }
    drop(quota);
    let quota = folder.quota(policy(), &FakeClock::at("2026-11-21T17:20:00Z"));
    assert_eq!(support::limit(&quota, "requests").used, 30);
    // A clock set back lets nothing leak, and nothing come back.
    let clock = FakeClock::at("2026-11-21T16:00:00Z");
    drop(quota);
    let quota = folder.quota(policy(), &clock);
    assert_eq!(support::limit(&quota, "requests").used, 50);
    clock.advance(HOUR / 2);
    assert_eq!(support::limit(&quota, "requests").used, 20);
}

fn settle(id: u128, days: u64, tokens: u64) -> Settlement {
    let now = at(days * 86_400);
    let charges = [
        hard("for-ever", budget(1_000_000), 0),
        hard("bucket", bucket(1_000, 1), 0),
        hard(
            &format!("day-{days}"),
            tower_token_quota::store::Rule::Budget {
                cap: 1_000,
                starts_at: now.wall,
                ends_at: now.wall + DAY as i64,
            },
            0,
        ),
    ];
    settlement(id, now, &charges, &[tokens, tokens, tokens])
}

fn tidy(storage: &mut SqliteStorage) {
    while storage.tidy().unwrap() {}
}

#[test]
fn entries_are_folded_after_a_day_and_the_balances_stay() {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    for id in 0..1_000 {
        let days = u64::try_from(id / 100).unwrap();
        storage.write(&Entry::Settled(settle(id, days, 3))).unwrap();
    }
    storage.sync().unwrap();
    let balances = "SELECT counter || used || state FROM balances ORDER BY counter";
    let before = folder.ask(balances);
    tidy(&mut storage);
    assert_eq!(
        folder.ask("SELECT count(*) FROM entries"),
        ["200"],
        "of a day and less"
    );
    assert_eq!(folder.ask(balances), before);
    drop(storage);
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    let kept = storage.read().unwrap();
    assert_eq!(kept.done.len(), 200);
    // And on from there.
    storage.write(&Entry::Settled(settle(5_000, 9, 4))).unwrap();
    storage.sync().unwrap();
    drop(storage);
    SqliteStorage::open(folder.file()).unwrap();
    let for_ever = "SELECT used FROM balances WHERE limit_id = 'for-ever'";
    assert_eq!(folder.ask(for_ever), ["3004"]);
}

/// One that a clock was wrong about is no bar to those after it.
#[test]
fn an_entry_of_the_future_keeps_no_others() {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    for (id, days) in [1, 100, 1, 2, 3, 4].into_iter().enumerate() {
        let settled = settle(id as u128, days, 3);
        storage.write(&Entry::Settled(settled)).unwrap();
    }
    storage.sync().unwrap();
    tidy(&mut storage);
    assert_eq!(folder.ask("SELECT count(*) FROM entries"), ["2"]);
    drop(storage);
    SqliteStorage::open(folder.file()).unwrap();
    let for_ever = "SELECT used FROM balances WHERE limit_id = 'for-ever'";
    assert_eq!(folder.ask(for_ever), ["18"]);
}

#[tokio::test]
async fn records_go_after_the_days_that_the_policy_says_and_totals_stay() {
    let folder = Folder::new();
    let clock = FakeClock::at("2026-09-01T12:00:00Z");
    let quota = folder.quota(limits().record_days(10), &clock);
    for _ in 0..40 {
        reserve(&quota).await.unwrap().settle(Usage::new(1_000, 0));
        clock.advance(HOUR * 24);
    }
    quota.drain().await;
    drop(quota);
    let policy = limits().record_days(10);
    let quota = folder.quota(policy, &clock);
    quota.drain().await;
    drop(quota);
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    storage.write(&Entry::Books(books(10))).unwrap();
    storage.sync().unwrap();
    tidy(&mut storage);
    drop(storage);
    assert_eq!(folder.ask("SELECT count(*) FROM records"), ["11"]);
    assert_eq!(
        folder.ask("SELECT sum(calls) FROM spend_by_project"),
        ["40"]
    );
    assert_eq!(folder.ask("SELECT count(*) FROM holds"), ["2"], "of a day");
    let ended = "SELECT count(*) FROM balances WHERE limit_id = 'tokens'";
    assert_eq!(folder.ask(ended), ["11"]);
    let terms = "SELECT count(*) FROM terms WHERE counter NOT IN (SELECT counter FROM balances)";
    assert_eq!(folder.ask(terms), ["0"]);
    let quota = folder.quota(limits(), &clock);
    assert_eq!(quota.history(DEFAULT_ORGANIZATION, None).len(), 1);
    assert_eq!(folder.ask("SELECT count(*) FROM spend_by_user"), ["11"]);
}

fn books(days: u32) -> tower_token_quota::store::Books {
    let mut books = tower_token_quota::store::Books::default();
    books.record_days = days;
    books
}

#[tokio::test]
async fn a_hold_as_old_as_the_records_that_go_is_still_recovered() {
    let folder = Folder::new();
    let clock = FakeClock::at("2026-09-01T12:00:00Z");
    let quota = folder.quota(limits().record_days(2), &clock);
    let _open = reserve(&quota).await.unwrap();
    clock.advance(HOUR * 24 * 30);
    reserve(&quota).await.unwrap().settle(Usage::new(1_000, 0));
    written(&quota).await;
    let crashed = folder.crashed();
    let mut storage = SqliteStorage::open(crashed.file()).unwrap();
    storage.write(&Entry::Books(books(2))).unwrap();
    storage.sync().unwrap();
    tidy(&mut storage);
    drop(storage);
    assert_eq!(crashed.open().unwrap().recovered(), 1);
    let september =
        "SELECT used FROM balances WHERE limit_id = 'usd' AND period = 'month:2026-09-01'";
    assert_eq!(crashed.ask(september), ["1250000"]);
}

#[tokio::test]
async fn days_and_months_are_those_of_the_policys_time_zone() {
    let folder = Folder::new();
    let clock = FakeClock::at("2026-10-31T12:00:00Z");
    let quota = folder.quota(tokens_only().timezone("Pacific/Auckland"), &clock);
    reserve(&quota).await.unwrap().settle(Usage::new(1, 1));
    quota.drain().await;
    drop(quota);
    assert_eq!(folder.ask("SELECT day FROM spend_by_user"), ["2026-11-01"]);
    assert_eq!(
        folder.ask("SELECT month FROM spend_by_project"),
        ["2026-11"]
    );
    let _ = folder.open().unwrap().past();
}

#[tokio::test]
async fn what_is_recovered_belongs_to_a_day_of_the_policys_time_zone() {
    let folder = Folder::new();
    let clock = FakeClock::at("2026-10-31T12:00:00Z");
    let quota = folder.quota(limits().timezone("Pacific/Auckland"), &clock);
    let _open = reserve(&quota).await.unwrap();
    written(&quota).await;
    let crashed = folder.crashed();
    assert_eq!(crashed.open().unwrap().recovered(), 1);
    assert_eq!(crashed.ask("SELECT day FROM spend_by_user"), ["2026-11-01"]);
    assert_eq!(
        crashed.ask("SELECT month FROM spend_by_project"),
        ["2026-11"]
    );
}
