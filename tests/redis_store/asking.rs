//! What the tests ask of a store, at the time that it is.

use std::time::Duration;

use tower_token_quota::clock::{Clock, Moment, SystemClock};
use tower_token_quota::store::{Balance, Charge, RedisStore, Reservation, Rule, Settled, Store};

use crate::redis_support::server::{DEADLINE, Server};
use crate::store_support::{Told, reservation, settlement};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A store that waits for a slow machine.
pub(crate) fn store(server: &Server) -> RedisStore {
    RedisStore::connect_within(&server.url(), DEADLINE).unwrap()
}

pub(crate) fn now() -> Moment {
    SystemClock::default().now()
}

/// A period that runs.
pub(crate) fn running(cap: u64) -> Rule {
    let now = now().wall;
    Rule::Budget {
        cap,
        starts_at: now - 60 * 1_000_000,
        ends_at: now + 3600 * 1_000_000,
    }
}

pub(crate) fn asked(id: u128, charges: &[Charge]) -> Reservation {
    reservation(id, now(), &[charges])
}

pub(crate) async fn settled(
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

pub(crate) async fn look(store: &impl Store, charge: &Charge) -> Balance {
    store.peek(vec![charge.clone()], now()).await.unwrap()[0]
}
