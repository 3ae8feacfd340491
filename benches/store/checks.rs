//! A call beside as many checks of the limiter as it books.

use tower_token_quota::Subject;
use tower_token_quota::clock::Clock;
use tower_token_quota::store::MemoryStore;

use crate::call::{Call, Ids};
use crate::limiter::{check, keys, limiter};
use crate::limits::charges;
use crate::pair::Pair;
use crate::quota::{call_quota, quota};
use crate::time::time;

/// One call of so many limits against as many checks as it books, of users who come in turn.
pub(crate) fn beside_checks(users: usize, limits: usize, clock: &impl Clock) -> Pair {
    let (store, mut ids) = (MemoryStore::new(), Ids::of_thread(0));
    let mut call = Call::of(0, limits);
    let names = |user| charges(user, limits).into_iter().map(|it| it.key);
    let mut names: Vec<_> = (0..users)
        .map(|user| names(user).collect::<Vec<_>>())
        .map(|names| [names.clone(), names])
        .collect();
    let mut its = 0;
    call.swap_keys(&mut names[its]);
    let mut call_of = |user: usize| {
        if user != its {
            call.swap_keys(&mut names[its]);
            call.swap_keys(&mut names[user]);
            its = user;
        }
        call.make(&store, clock, ids.next());
    };
    (0..users).for_each(&mut call_of);
    let limiter = limiter();
    let keys: Vec<_> = (0..users).map(|user| keys(user, limits)).collect();
    let check = |user: usize| check(&limiter, &keys[user]);
    (0..users).for_each(check);
    // Users come in no order that a cache could foresee.
    let stride = 611_953;
    let rounds = 2_000;
    let (mut ours, mut theirs) = (0, 0);
    Pair::measure(
        || {
            time(rounds, |_| {
                ours = (ours + stride) % users;
                call_of(ours);
            })
        },
        || {
            time(rounds, |_| {
                theirs = (theirs + stride) % users;
                check(theirs);
            })
        },
    )
}

/// The same through the engine, of one user.
pub(crate) fn quota_beside_checks() -> Pair {
    let (quota, subject) = (quota(), Subject::user("user-0000001", "pro"));
    let (limiter, keys) = (limiter(), keys(1, 4));
    Pair::measure(
        || time(2_000, |_| call_quota(&quota, &subject)),
        || time(2_000, |_| check(&limiter, &keys)),
    )
}
