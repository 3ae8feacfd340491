//! Settlements that wait for the server: booked in the end, or told of as lost.

use std::time::Duration;

use tower_token_quota::store::{Charge, CounterKey, RedisStore, Settled, Settlement, Store as _};

use crate::asking::{self, asked, look, now, running};
use crate::redis_support::server::{DEADLINE, Server};
use crate::store_support::{Told, hard, settlement};

#[tokio::test]
async fn settlements_wait_for_redis_and_are_booked_in_the_end() {
    let mut server = Server::absent(&[]);
    let store = RedisStore::connect(&server.url()).unwrap();
    let told = Told::by(&store);
    let call = [hard("k", running(1_000), 10)];
    assert!(
        store.reserve(asked(1, &call)).await.is_err(),
        "nobody is there"
    );
    for id in 0..200 {
        store.settle(settlement(id, now(), &call, &[1]));
    }
    server.start_again();
    store.drain().await;
    assert_eq!(told.settled(), [Settled::Unknown; 200]);
    assert_eq!(told.others(), Vec::<String>::new());
    let store = asking::store(&server);
    assert_eq!(look(&store, &call[0]).await.used, 200);
}

#[tokio::test]
async fn those_that_one_organization_cannot_have_booked_keep_no_other_waiting() {
    let server = Server::start();
    let store = asking::store(&server);
    let _: usize = server.ask(&["LPUSH", "tq1:{broken}/counter=k", "no counter"]);
    let of = |organization: &str| Charge {
        key: CounterKey::new(organization, &[("counter", "k")]),
        ..hard("k", running(1_000), 10)
    };
    let settle = |organization: &str, ids: std::ops::Range<u128>| {
        for id in ids {
            store.settle(Settlement {
                organization: organization.into(),
                ..settlement(id, now(), &[of(organization)], &[1])
            });
        }
    };
    settle("broken", 0..100);
    settle("fine", 100..200);
    let booked = async {
        while store.waiting() > 100 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, booked).await.unwrap();
    assert_eq!(look(&store, &of("fine")).await.used, 100);
    let _: usize = server.ask(&["DEL", "tq1:{broken}/counter=k"]);
    store.drain().await;
    assert_eq!(look(&store, &of("broken")).await.used, 100);
}

#[tokio::test]
async fn one_more_than_may_wait_is_given_up_and_told_of() {
    let server = Server::absent(&[]);
    let store = RedisStore::connect(&server.url()).unwrap().max_waiting(2);
    let told = Told::by(&store);
    let call = [hard("k", running(1_000), 10)];
    for id in 0..3 {
        store.settle(settlement(id, now(), &call, &[1]));
    }
    assert_eq!(
        told.others(),
        ["lost: too many settlements are waiting to be booked"]
    );
}

#[test]
fn a_settlement_whose_runtime_ends_before_it_is_booked_is_told_of_as_lost() {
    let server = Server::absent(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = {
        let _inside = runtime.enter();
        RedisStore::connect(&server.url()).unwrap()
    };
    let told = Told::by(&store);
    // Outside of the runtime, as a hold may be that is dropped.
    store.settle(settlement(1, now(), &[hard("k", running(10), 1)], &[1]));
    assert_eq!(told.others(), Vec::<String>::new());
    drop(runtime);
    assert_eq!(told.others().len(), 1);
}
