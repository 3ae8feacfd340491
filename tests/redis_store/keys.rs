//! Keys on the server: whose they are, and how long they stay.

use std::collections::BTreeSet;
use std::time::Duration;

use tower_token_quota::store::{Charge, CounterKey, LONGEST_RETRY, Reservation, Store as _};

use crate::asking::{HOUR, asked, look, now, running, store};
use crate::redis_support::server::Server;
use crate::store_support::{bucket, gauge, granted, hard, settlement, shadow};

/// What a version writes no other version may read as its own.
#[tokio::test]
async fn keys_carry_the_version() {
    let server = Server::start();
    let store = store(&server).prefix("app:");
    let call = [hard("k", running(100), 1)];
    assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(keys.len() >= 4, "{keys:?}");
    assert!(
        keys.iter().all(|key| key.starts_with("app:tq1:{acme}")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn organizations_and_prefixes_are_strangers_whatever_their_names_are() {
    let server = Server::start();
    let store = store(&server);
    let names = ["", "%", "a", "a/limit=k", "{a}", "}", "a}b", "ä ö"];
    for (number, name) in (0..).zip(names) {
        let key = CounterKey::new(name, &[("limit", "k")]);
        let charge = Charge {
            key,
            ..hard("k", gauge(1), 1)
        };
        let asked = Reservation {
            organization: name.into(),
            ..asked(number, std::slice::from_ref(&charge))
        };
        assert!(granted(&store.reserve(asked).await.unwrap()), "{name}");
        let other = store.clone().prefix("{other}");
        assert_eq!(look(&other, &charge).await.held, 0, "{name}");
        assert_eq!(look(&store, &charge).await.held, 1, "{name}");
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap()
}

/// All keys, and in how many milliseconds they go by themselves.
fn lives(server: &Server) -> Vec<(String, i64)> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let life = |key: String| {
        let life = server.ask(&["PTTL", &key]);
        (key, life)
    };
    keys.into_iter().map(life).collect()
}

/// Nobody has to clean up: what an idle user leaves goes by itself, and so does what a killed instance leaves.
#[tokio::test]
async fn no_key_outlives_an_idle_user_for_long() {
    let server = Server::start();
    let store = store(&server);
    let call = [
        hard("budget", running(1_000), 10),
        hard("rate", bucket(100, 1), 10),
        hard("gauge", gauge(10), 1),
        shadow("shadow", gauge(0), 1),
        shadow("shadow-rate", bucket(1, 1), 10),
    ];
    for id in 0..5 {
        assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
    }
    for id in 0..2 {
        store.settle(settlement(id, now(), &call, &[5; 5]));
    }
    store.settle(settlement(9, now(), &call, &[5; 5]));
    store.drain().await;
    let longest = milliseconds(26 * HOUR + LONGEST_RETRY);
    let lives = lives(&server);
    for (key, life) in &lives {
        let most = if key.ends_with(":epoch") {
            100 * 24 * milliseconds(HOUR)
        } else {
            longest
        };
        assert!((1..=most).contains(life), "{key}: {life} of {most}");
    }
    let of = |part: &str| lives.iter().filter(|(key, _)| key.contains(part)).count();
    assert_eq!((of(":h:"), of("counter=")), (3, 5), "{lives:?}");
}

#[tokio::test]
async fn a_user_who_has_settled_all_leaves_what_is_counted_and_nothing_else() {
    let server = Server::start();
    let store = store(&server);
    let call = [
        hard("gauge", gauge(10), 1),
        hard("rate", bucket(100, 1), 10),
    ];
    assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
    store.settle(settlement(1, now(), &call, &[0, 0]));
    store.drain().await;
    let lives = lives(&server);
    let left: BTreeSet<&str> = lives.iter().map(|(key, _)| key.as_str()).collect();
    let expected = [
        "tq1:{acme}/counter=rate",
        "tq1:{acme}:d:1:0",
        "tq1:{acme}:epoch",
    ];
    assert_eq!(
        left,
        BTreeSet::from(expected),
        "the gauge has nothing to tell"
    );
    let life = |of: &str| lives.iter().find(|(key, _)| key == of).unwrap().1;
    assert!(life("tq1:{acme}/counter=rate") <= milliseconds(2 * HOUR));
    assert!(life("tq1:{acme}:d:1:0") <= milliseconds(2 * HOUR));
}
