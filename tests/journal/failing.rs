//! A disk that is full, or fails: the failure rules hold, nothing that was settled is lost, and it mends by itself.

use std::time::Duration;

use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{JournalStore, SqliteStorage};
use tower_token_quota::policy::{OnStoreFailure, PolicyBuilder};
use tower_token_quota::store::Adjustment;
use tower_token_quota::watch::Event;
use tower_token_quota::{Demand, Limit, Policy, Quota, RejectionKind, Tier, Usage};

use crate::disk::{Mounted, say_skipped};
use crate::faulty::Faults;
use crate::folder::{Folder, MOST, limits, reserve, tokens_only, written};
use crate::support::watch::Events;
use crate::support::{self, NOON, Provider, alice, call, hello_call, metered};

struct It {
    folder: Folder,
    quota: Quota,
    faults: Faults,
    events: Events,
}

impl It {
    fn new(policy: PolicyBuilder) -> Self {
        Self::with_patience(policy, Duration::MAX)
    }

    fn with_patience(policy: PolicyBuilder, patience: Duration) -> Self {
        let (folder, faults) = (Folder::new(), Faults::default());
        let store = faults.open(&folder).patience(patience);
        let events = Events::default();
        let quota = support::quota_of(policy, &FakeClock::at(NOON));
        let quota = quota.store(store).observer(events.clone());
        Self {
            folder,
            quota,
            faults,
            events,
        }
    }

    async fn fill(&self) {
        written(&self.quota).await;
        self.faults.fill();
    }

    fn make_room(&self) {
        self.faults.make_room();
    }
}

#[tokio::test]
async fn dollars_are_closed_and_mend_by_themselves() {
    let it = It::new(limits());
    let service = metered(&it.quota, &Provider::using(8, 2));
    let open = reserve(&it.quota).await.unwrap();
    it.fill().await;
    let refused = call(&service, hello_call()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-quota-degraded")),
        (503, "closed")
    );
    // What is over meanwhile is booked when there is room.
    open.settle(Usage::new(1_000_000, 0));
    assert_eq!(
        reserve(&it.quota).await.unwrap_err(),
        RejectionKind::StoreUnavailable
    );
    it.make_room();
    let served = call(&service, hello_call()).await;
    assert_eq!(
        (served.status.as_u16(), served.header("x-quota-degraded")),
        (200, "")
    );
    it.quota.drain().await;
    let spent = 150_000_000 + 8 * 150 + 2 * 600;
    assert_eq!(support::limit(&it.quota, "usd").used, spent);
    assert_eq!(support::limit(&it.quota, "usd").held, 0);
    let crashed = it.folder.crashed();
    let quota = crashed.quota(limits(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&quota, "usd").used, spent);
}

#[tokio::test]
async fn tokens_pass_by_this_instances_share_and_are_booked_in_the_end() {
    // However many calls it takes until it is known that the disk takes nothing, they pass.
    let tokens = Limit::tokens(1_000_000_000).per_day().id("tokens");
    let policy = || Policy::new().tier(Tier::new("t").limit(tokens.clone()));
    let it = It::new(policy());
    it.fill().await;
    // The first is not waited for; that it cannot be written is known from its settlement on.
    reserve(&it.quota).await.unwrap().settle(Usage::new(100, 0));
    let service = metered(&it.quota, &Provider::using(8, 2));
    let degraded = loop {
        let served = call(&service, hello_call()).await;
        assert_eq!(served.status, 200);
        match served.header("x-quota-degraded") {
            "" => tokio::task::yield_now().await,
            rule => break rule.to_owned(),
        }
    };
    assert_eq!(degraded, "local");
    it.make_room();
    it.quota.health().await.unwrap();
    it.quota.drain().await;
    let used = support::limit(&it.quota, "tokens").used;
    assert!(used > 100 && (used - 100).is_multiple_of(10), "{used}");
    let quota = it.folder.crashed().quota(policy(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&quota, "tokens").used, used);
}

#[tokio::test]
async fn a_correction_that_cannot_be_written_is_not_made() {
    let it = It::new(limits());
    it.fill().await;
    let alice = alice();
    let adjust = || it.quota.adjust(&alice, "usd", None, Adjustment::Debit(5));
    assert!(adjust().await.is_err());
    it.make_room();
    it.quota.health().await.unwrap();
    assert_eq!(support::limit(&it.quota, "usd").used, 0);
    assert_eq!(adjust().await.unwrap().used, 5);
}

#[tokio::test]
async fn what_a_stop_cannot_bring_onto_the_disk_is_told_of_as_lost() {
    let it = It::new(limits());
    let open = reserve(&it.quota).await.unwrap();
    it.fill().await;
    open.settle(Usage::new(10, 10));
    let (events, folder) = (it.events.clone(), it.folder);
    drop(it.quota);
    let lost = |event: &Event| matches!(event, Event::SettlementLost { usage, .. } if *usage == Usage::new(10, 10));
    assert_eq!(events.take().iter().filter(|event| lost(event)).count(), 1);
    // Its hold is still there: the books are too high, not too low.
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&quota, "usd").used, MOST);
}

#[tokio::test]
async fn so_many_settlements_wait_for_a_disk_and_the_others_are_told_of_as_lost() {
    let it = It::new(
        Policy::new().tier(
            Tier::new("t").limit(
                Limit::tokens(1_000_000_000)
                    .per_day()
                    .id("tokens")
                    .on_store_failure(OnStoreFailure::Open),
            ),
        ),
    );
    it.fill().await;
    let mut lost = 0;
    for _ in 0..100_000 {
        reserve(&it.quota).await.unwrap().settle(Usage::new(1, 0));
        lost += it
            .events
            .take()
            .iter()
            .filter(|event| matches!(event, Event::SettlementLost { .. }))
            .count();
        if lost > 10 {
            break;
        }
    }
    assert!(lost > 10);
    it.make_room();
    it.quota.drain().await;
    // The next passes, and is booked.
    reserve(&it.quota).await.unwrap().settle(Usage::new(1, 0));
    it.quota.drain().await;
    let crashed = it.folder.crashed();
    let quota = crashed.quota(tokens_only(), &FakeClock::at(NOON));
    assert!(support::limit(&quota, "tokens").used > 60_000);
}

/// Calls that come while thousands of settlements wait are told at once, and not when their turn comes.
#[tokio::test]
async fn nobody_waits_behind_what_cannot_be_written() {
    let it = It::new(limits());
    let mut open = Vec::new();
    for _ in 0..2_000 {
        let small = Demand::new("gpt-4o-mini").output_tokens(1);
        open.push(it.quota.reserve(&alice(), small).await.unwrap());
    }
    it.fill().await;
    open.into_iter()
        .for_each(|hold| hold.settle(Usage::new(1, 0)));
    let refused = reserve(&it.quota).await.unwrap_err();
    assert_eq!(refused, RejectionKind::StoreUnavailable);
    it.make_room();
    it.quota.health().await.unwrap();
    it.quota.drain().await;
    let quota = it.folder.crashed().quota(limits(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&quota, "usd").used, 2_000 * 150);
}

/// A disk that hangs fails calls that wait for it, and no thread of the executor does.
#[tokio::test]
async fn a_disk_that_hangs() {
    let it = It::with_patience(limits(), Duration::from_secs(3_600));
    // The periods' beginning is written, so that nothing but the calls keeps the disk busy.
    let _ = it.quota.status(&alice()).await;
    it.quota.drain().await;
    let hanging = it.faults.hang();
    // An hour passes as soon as there is nothing else to do.
    tokio::time::pause();
    for _ in 0..2 {
        let refused = reserve(&it.quota).await.unwrap_err();
        assert_eq!(refused, RejectionKind::StoreUnavailable);
    }
    tokio::time::resume();
    drop(hanging);
    it.quota.drain().await;
    // Their holds were written in the end, and so was that they were taken back.
    assert_eq!(it.folder.ask("SELECT count(*) FROM open_holds"), ["0"]);
    let crashed = it.folder.crashed();
    assert_eq!(crashed.open().unwrap().recovered(), 0);
    let quota = crashed.quota(limits(), &FakeClock::at(NOON));
    let usd = support::limit(&quota, "usd");
    assert_eq!((usd.used, usd.held), (0, 0));
}

/// Those that come when it has hung for too long do not wait at all.
#[tokio::test]
async fn a_disk_that_has_hung_for_too_long() {
    let it = It::with_patience(limits(), Duration::ZERO);
    let _ = it.quota.status(&alice()).await;
    it.quota.drain().await;
    let hanging = it.faults.hang();
    assert!(reserve(&it.quota).await.is_err());
    // It takes until the disk is busy with that call.
    while !matches!(
        futures_util::FutureExt::now_or_never(it.quota.health()),
        Some(Err(_))
    ) {
        tokio::task::yield_now().await;
    }
    drop(hanging);
    it.quota.drain().await;
    it.quota.health().await.unwrap();
    assert_eq!(it.folder.ask("SELECT count(*) FROM open_holds"), ["0"]);
}

/// SQLite's own error for a full disk, wherever this runs.
#[tokio::test]
async fn a_file_that_may_not_grow() {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    storage.limit_pages(40).unwrap();
    let store = JournalStore::with_storage(storage).unwrap();
    let quota = support::quota_of(limits(), &FakeClock::at(NOON)).store(store);
    let (passed, spent) = until_closed(&quota).await;
    assert!(passed > 0);
    drop(quota);
    // Nothing that was settled is missing, and nothing is damaged.
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let used = support::limit(&quota, "usd").used;
    assert!((spent..=spent + MOST).contains(&used), "{used} of {spent}");
    reserve(&quota).await.unwrap().release();
}

/// Calls until one is refused. Returns how many passed, and what they cost.
async fn until_closed(quota: &Quota) -> (u64, u64) {
    for passed in 0..10_000 {
        match reserve(quota).await {
            Ok(hold) => hold.settle(Usage::new(1_000, 0)),
            Err(kind) => {
                assert_eq!(kind, RejectionKind::StoreUnavailable);
                return (passed, passed * 150_000);
            }
        }
    }
    panic!("the disk is never full");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_small_disk() {
    let Some(disk) = Mounted::new("1m") else {
        return say_skipped("a full disk");
    };
    let ballast = disk.path().join("ballast");
    let path = disk.path().join("quota.db");
    let open = || JournalStore::open(&path);
    let quota = |store| support::quota_of(limits(), &FakeClock::at(NOON)).store(store);
    let it = quota(open().unwrap());
    let room = std::fs::write(&ballast, vec![0; 300_000]);
    room.unwrap();
    let (passed, spent) = until_closed(&it).await;
    assert!(passed > 0);
    std::fs::remove_file(&ballast).unwrap();
    it.health().await.unwrap();
    reserve(&it).await.unwrap().release();
    it.drain().await;
    assert_eq!(support::limit(&it, "usd").used, spent);
    drop(it);
    let it = quota(open().unwrap());
    assert_eq!(support::limit(&it, "usd").used, spent);
    drop(it);
    // Full at the start: an error, or a journal that says so when it is written.
    for _ in 0..2 {
        let _ = std::fs::write(&ballast, vec![0; 4_000_000]);
        match open() {
            Ok(store) => assert_eq!(
                support::limit(&quota(store), "usd").used,
                spent,
                "never a start from zero"
            ),
            Err(error) => assert!(error.to_string().contains("quota.db"), "{error}"),
        }
    }
}
