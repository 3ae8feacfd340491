//! Two threads beside one.

use tower_token_quota::Subject;
use tower_token_quota::clock::SystemClock;
use tower_token_quota::store::MemoryStore;

use crate::call::{Call, Ids};
use crate::limiter::{check, keys, limiter};
use crate::pair::Pair;
use crate::quota::{call_quota, quota};
use crate::time::{time, together};

/// Calls and checks of two threads, of one user and of a user each.
pub(crate) fn threads() -> Vec<(&'static str, Pair)> {
    let (stores, quota, limiter) = ([(); 3].map(|()| MemoryStore::new()), quota(), limiter());
    let (stores, quota, limiter) = (&stores, &quota, &limiter);
    let calls = |store: usize, thread: usize, user: usize, limits: usize| {
        let (mut call, clock) = (Call::of(user, limits), SystemClock::default());
        let (store, mut ids) = (&stores[store], Ids::of_thread(thread));
        move |_| call.make(store, &clock, ids.next())
    };
    let quotas = |user: usize| {
        let subject = Subject::user(format!("user-{user:07}"), "pro");
        move |_| call_quota(quota, &subject)
    };
    let checks = |user: usize| {
        let keys = keys(user, 4);
        move |_| check(limiter, &keys)
    };
    vec![
        (
            "the store, one counter",
            two_threads(|thread| calls(0, thread, 1, 1)),
        ),
        (
            "the store, one user, four limits",
            two_threads(|thread| calls(1, thread, 1, 4)),
        ),
        (
            "the store, a user each, four limits",
            two_threads(|thread| calls(2, thread, thread, 4)),
        ),
        ("`Quota`, one user, four limits", two_threads(|_| quotas(1))),
        ("`Quota`, a user each, four limits", two_threads(quotas)),
        (
            "governor, one user, eight checks",
            two_threads(|_| checks(1)),
        ),
        ("governor, a user each, eight checks", two_threads(checks)),
    ]
}

/// One thread's time for a call, and two threads'.
fn two_threads<P>(make: impl Fn(usize) -> P) -> Pair
where
    P: FnMut(usize) + Send,
{
    let rounds = 2_000;
    let (mut first, mut second, mut alone) = (make(0), make(1), make(2));
    Pair::measure(
        || time(rounds, &mut alone),
        || together([&mut first, &mut second]),
    )
}
