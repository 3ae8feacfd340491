//! What the tests ask of a store, at the time that it is.

use std::time::Duration;

use tower_token_quota::clock::{Clock, Moment, SystemClock};
use tower_token_quota::store::{Balance, Charge, RedisStore, Reservation, Rule, Store};

use crate::redis_support::server::{DEADLINE, Server};
use crate::store_support::reservation;

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

pub(crate) async fn look(store: &impl Store, charge: &Charge) -> Balance {
    store.peek(vec![charge.clone()], now()).await.unwrap()[0]
}
