//! When a store that is down is asked, and what observers see of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tower_token_quota::Usage;
use tower_token_quota::policy::OnStoreFailure;

use crate::instance::{ask, daily, instance};
use crate::support::{alice, policy};

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
