//! A server that forgot its scripts, or all that it had.

use std::sync::atomic::Ordering;

use tower_token_quota::store::{RedisStore, Store as _};

use crate::asking::{asked, look, now, running, store};
use crate::lossy::Lossy;
use crate::redis_support::server::{DEADLINE, Server};
use crate::store_support::{Told, gauge, granted, hard, settlement};

#[tokio::test]
async fn a_decision_is_one_round_trip_and_a_server_that_forgot_the_scripts_is_taught_them() {
    let server = Server::start();
    let line = Lossy::to(&server);
    let store = RedisStore::new(line.clone()).timeout(DEADLINE);
    let call = [hard("k", gauge(10), 1)];
    let sent = || line.sent.swap(0, Ordering::SeqCst);
    for (id, expected) in [(1, 2), (2, 1), (3, 1)] {
        assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
        assert_eq!(sent(), expected, "by its text once, then by its hash");
    }
    let _: () = server.ask(&["SCRIPT", "FLUSH"]);
    assert!(granted(&store.reserve(asked(4, &call)).await.unwrap()));
    assert_eq!(sent(), 2);
    store.settle(settlement(4, now(), &call, &[0]));
    store.drain().await;
    assert_eq!(sent(), 2, "another script");
    assert_eq!(look(&store, &call[0]).await.held, 3);
}

#[tokio::test]
async fn redis_that_came_back_empty_is_told_of_once_for_each_organization() {
    let server = Server::start();
    let store = store(&server);
    let told = Told::by(&store);
    let call = [hard("k", running(100), 10)];
    assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
    assert_eq!(told.others(), Vec::<String>::new());
    let _: () = server.ask(&["FLUSHALL"]);
    assert!(granted(&store.reserve(asked(2, &call)).await.unwrap()));
    assert!(granted(&store.reserve(asked(3, &call)).await.unwrap()));
    assert_eq!(told.others(), ["emptied: acme"]);
}
