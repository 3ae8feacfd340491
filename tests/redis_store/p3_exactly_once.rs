//! Answers that are lost, settlements that come twice or first: each is done once.

use tower_token_quota::store::{Charge, Decision, RedisStore, Settled, Store};

use crate::asking::{asked, look, now, running, store};
use crate::lossy::Lossy;
use crate::redis_support::server::{DEADLINE, Server};
use crate::store_support::{Told, alerting, bucket, gauge, granted, hard, settlement};

async fn settled(
    store: &impl Store,
    told: &Told,
    id: u128,
    call: &[Charge],
    used: &[u64],
) -> Settled {
    store.settle(settlement(id, now(), call, used));
    store.drain().await;
    let how = told.settled();
    assert_eq!(how.len(), 1, "{how:?}");
    how[0]
}

fn lossy(server: &Server) -> (RedisStore<Lossy>, Lossy) {
    let line = Lossy::to(server);
    (RedisStore::new(line.clone()).timeout(DEADLINE), line)
}

#[tokio::test]
async fn a_reservation_whose_answer_was_lost_is_made_once() {
    let server = Server::start();
    let (store, line) = lossy(&server);
    let call = [
        hard("k", running(100), 40),
        hard("rate", bucket(100, 1), 40),
    ];
    line.lose_one();
    assert!(store.reserve(asked(1, &call)).await.is_err());
    assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
    assert_eq!(look(&store, &call[0]).await.held, 40);
    assert!(granted(&store.reserve(asked(2, &call)).await.unwrap()));
    assert!(!granted(&store.reserve(asked(3, &call)).await.unwrap()));
}

#[tokio::test]
async fn a_settlement_whose_answer_was_lost_is_booked_once_and_tells_what_it_crossed() {
    let server = Server::start();
    let (store, line) = lossy(&server);
    let told = Told::by(&store);
    let call = [alerting("k", running(100), 40, &[50])];
    assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
    line.lose_one();
    assert_eq!(
        settled(&store, &told, 1, &call, &[60]).await,
        Settled::OnTime
    );
    assert_eq!(
        told.take(),
        [("k".to_owned(), 50, 60)],
        "told of once, though delivered twice"
    );
    assert_eq!(look(&store, &call[0]).await.used, 60);
    assert_eq!(
        settled(&store, &told, 1, &call, &[60]).await,
        Settled::Repeated
    );
    assert_eq!(
        (told.take(), look(&store, &call[0]).await.used),
        (vec![], 60)
    );
}

#[tokio::test]
async fn a_lost_answer_to_an_unknown_holds_settlement_is_no_second_booking() {
    let server = Server::start();
    let (store, line) = lossy(&server);
    let told = Told::by(&store);
    let call = [hard("k", running(100), 40)];
    line.lose_one();
    assert_eq!(
        settled(&store, &told, 9, &call, &[60]).await,
        Settled::Unknown
    );
    assert_eq!(look(&store, &call[0]).await.used, 60);
}

#[tokio::test]
async fn what_is_taken_back_before_it_was_reserved_is_never_granted() {
    let server = Server::start();
    let store = store(&server);
    let call = [hard("k", running(100), 40)];
    store.settle(settlement(1, now(), &[], &[]));
    store.drain().await;
    assert_eq!(
        store.reserve(asked(1, &call)).await.unwrap(),
        Decision::Closed
    );
    assert_eq!(look(&store, &call[0]).await.held, 0);
}

#[tokio::test]
async fn ids_of_settled_holds_are_told_apart_from_their_neighbours() {
    let server = Server::start();
    let store = store(&server);
    let call = [hard("k", gauge(10_000), 1)];
    // On both sides of the bounds between keys in which many ids are written down.
    for id in [0, 1023, 1025, 2047, u128::MAX] {
        assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
        store.settle(settlement(id, now(), &call, &[0]));
        store.drain().await;
    }
    for id in [0, 1023, 1025, 2047, u128::MAX] {
        assert_eq!(
            store.reserve(asked(id, &call)).await.unwrap(),
            Decision::Closed,
            "{id}"
        );
    }
    for id in [1, 1022, 1024, 2048, u128::MAX - 1] {
        assert!(
            granted(&store.reserve(asked(id, &call)).await.unwrap()),
            "{id}"
        );
    }
}
