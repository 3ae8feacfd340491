//! Holds that nobody renews.

use std::time::Duration;

use tower_token_quota::store::{HoldId, Settled, Store as _};

use crate::asking::store;
use crate::redis_support::server::Server;
use crate::store_support::{
    Told, alerting, at, budget, gauge, granted, hard, kept, reservation, settlement,
};

#[tokio::test]
async fn a_hold_that_nobody_renews_expires_and_one_that_is_renewed_does_not() {
    let server = Server::start();
    let store = store(&server).at_callers_time();
    let told = Told::by(&store);
    let call = [
        kept(alerting("usd", budget(100), 60, &[50])),
        hard("tokens", budget(100), 60),
        hard("gauge", gauge(9), 1),
    ];
    for id in [1, 2] {
        let asked = reservation(id, at(0), &[&call[2..]]);
        assert!(granted(&store.reserve(asked).await.unwrap()));
    }
    assert!(granted(
        &store
            .reserve(reservation(3, at(0), &[&call]))
            .await
            .unwrap()
    ));
    store.renew(
        HoldId::from_u128(2),
        "acme",
        at(59),
        Duration::from_secs(60),
    );
    store.drain().await;
    let look = async |second| {
        let all = store.peek(call.to_vec(), at(second)).await.unwrap();
        all.iter().map(|it| (it.used, it.held)).collect::<Vec<_>>()
    };
    assert_eq!(look(59).await, [(0, 60), (0, 60), (0, 3)]);
    assert_eq!(told.take(), []);
    assert_eq!(look(60).await, [(60, 0), (0, 0), (0, 1)]);
    assert_eq!(told.take(), [("usd".to_owned(), 50, 60)]);
    assert_eq!(look(119).await, [(60, 0), (0, 0), (0, 0)]);
    store.settle(settlement(3, at(120), &call, &[10, 10, 0]));
    store.drain().await;
    assert_eq!(told.settled(), [Settled::Late]);
    assert_eq!(look(120).await, [(10, 0), (10, 0), (0, 0)]);
}

/// One script gives up a bounded number of them, so it is asked again.
#[tokio::test]
async fn any_number_of_holds_expires_before_the_next_decision() {
    let server = Server::start();
    let store = store(&server).at_callers_time();
    let call = [hard("gauge", gauge(500), 1)];
    for id in 0..500 {
        let asked = reservation(id, at(0), &[&call]);
        assert!(granted(&store.reserve(asked).await.unwrap()));
    }
    let next = |second| store.reserve(reservation(1_000, at(second), &[&call]));
    assert!(!granted(&next(59).await.unwrap()));
    assert!(granted(&next(60).await.unwrap()));
    let balance = store.peek(call.to_vec(), at(60)).await.unwrap()[0];
    assert_eq!(balance.held, 1);
}
