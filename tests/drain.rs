//! What is under way is known: shutdown waits for it, and observers hear of it.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;
use tower_token_quota::watch::Event;
use tower_token_quota::{Demand, Limit, Policy, Quota, Subject, Tier};

fn quota() -> Quota {
    let tier = Tier::new("free").limit(Limit::tokens(1_000).per_day());
    Quota::new(Policy::new().tier(tier).build().unwrap())
}

fn alice() -> Subject {
    Subject::user("alice", "free")
}

#[tokio::test(start_paused = true)]
async fn p4_a_shutdown_waits_for_every_hold_and_no_longer() {
    let quota = quota();
    let long = Duration::from_secs(60);
    timeout(long, quota.drain())
        .await
        .expect("nothing is under way");

    let demand = || Demand::new("gpt-4o-mini").input_tokens(1).output_tokens(1);
    let holds = [
        quota.reserve(&alice(), demand()).await.unwrap(),
        quota.reserve(&alice(), demand()).await.unwrap(),
    ];
    assert!(
        timeout(long, quota.drain()).await.is_err(),
        "two calls are under way"
    );

    let draining = tokio::spawn({
        let quota = quota.clone();
        async move { quota.drain().await }
    });
    tokio::task::yield_now().await;
    drop(holds);
    timeout(long, draining)
        .await
        .expect("all is settled")
        .unwrap();
}

#[tokio::test]
async fn an_observer_hears_of_a_call_from_its_admission_to_its_settlement() {
    let heard: Arc<Mutex<Vec<&str>>> = Arc::default();
    let hear = heard.clone();
    let quota = quota().observer(move |event: &Event| {
        hear.lock().unwrap().push(match event {
            Event::Admitted { .. } => "admitted",
            Event::Settled { .. } => "settled",
            _ => "something else",
        });
    });
    let hold = quota
        .reserve(&alice(), Demand::new("gpt-4o-mini").output_tokens(1))
        .await;
    hold.unwrap().release();
    assert_eq!(*heard.lock().unwrap(), ["admitted", "settled"]);
}
