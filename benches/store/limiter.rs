//! What it is compared with: governor's keyed limiter.

use std::hint::black_box;
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;

use crate::limits::charges;

pub(crate) type Limiter = governor::RateLimiter<String, DashMapStateStore<String>, DefaultClock>;

pub(crate) fn limiter() -> Limiter {
    let burst = NonZeroU32::new(u32::MAX).unwrap();
    governor::RateLimiter::dashmap(governor::Quota::per_second(burst))
}

/// The keys of the counters of a user.
pub(crate) fn keys(user: usize, limits: usize) -> Vec<String> {
    let charges = charges(user, limits);
    charges
        .iter()
        .map(|it| it.key.as_str().to_owned())
        .collect()
}

/// As many checks as a call books: each key when it is reserved, and when it is settled.
pub(crate) fn check(limiter: &Limiter, keys: &[String]) {
    for key in keys.iter().chain(keys) {
        black_box(limiter.check_key(key).is_ok());
    }
}
