//! What observers may do.

use futures_util::FutureExt as _;
use tower::ServiceExt;
use tower_token_quota::Quota;
use tower_token_quota::watch::Event;

use crate::asking::ask;
use crate::support::watch::Events;
use crate::support::{
    self, Provider, booked, call, chat, generous, hello_call, limit, metered, quota,
};

#[tokio::test]
async fn an_observer_that_panics_harms_nothing() {
    let after = Events::default();
    let quota = quota(generous())
        .observer(|_: &Event| panic!("on purpose"))
        .observer(after.clone());
    assert_eq!(ask(&quota).await, 200);
    assert_eq!(booked(&quota), support::Booked::new(1, 8, 2));
    let service = metered(&quota, &Provider::new(|_| Err("failed".into())));
    assert!(service.oneshot(hello_call()).await.is_err());
    assert_eq!(
        call(&metered(&quota, &Provider::using(1, 1)), chat("{"))
            .await
            .status,
        400
    );
    assert_eq!(after.words().len(), 5, "the others see it all");
    quota.drain().now_or_never().expect("nothing is open");
    assert_eq!(booked(&quota).requests, 2);
}

#[tokio::test]
async fn an_observer_may_ask_the_quota_itself() {
    use std::sync::{Arc, Mutex, OnceLock};

    let (slot, seen) = (
        Arc::new(OnceLock::<Quota>::new()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (asked, log) = (slot.clone(), seen.clone());
    let quota = quota(generous()).observer(move |_: &Event| {
        let quota = asked.get().expect("it is set");
        log.lock().unwrap().push(limit(quota, "tokens").used);
    });
    slot.set(quota.clone()).unwrap();
    ask(&quota).await;
    let told = "no lock is held when it is counted, admitted, settled";
    assert_eq!(*seen.lock().unwrap(), [0, 0, 10], "{told}");
}
