//! Reserving and settling in memory, by the number of limits and by the number of users.

use tower_token_quota::{Demand, Limit, Policy, Quota, Subject, Tier, Usage};

use crate::measure::time_of_call;
use crate::{Curve, Panel};

const LIMITS: [u64; 5] = [1, 2, 4, 8, 16];
const USERS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const LIMITS_OF_USERS: u64 = 3;

const SAMPLES: usize = 101;
const CALLS: u32 = 1_000;

pub(crate) async fn by_limits() -> Panel {
    let mut points = Vec::new();
    for limits in LIMITS {
        let quota = quota(limits);
        let alice = Subject::user("alice", "pro");
        let time = time_of_call(
            SAMPLES,
            CALLS,
            || &alice,
            async |user| pass(&quota, user).await,
        )
        .await;
        points.push((limits, time));
    }
    Panel {
        title: "reserve and settle, by limits",
        amount: limits,
        base: 2.0,
        curves: vec![Curve {
            name: "one user",
            points,
        }],
    }
}

/// Of so many users that have counters, any one calls next.
pub(crate) async fn by_users() -> Panel {
    let mut points = Vec::new();
    for users in USERS {
        let quota = quota(LIMITS_OF_USERS);
        for number in 0..users {
            pass(&quota, &user(number)).await;
        }
        let mut next = 0;
        let any = || {
            // A stride that shares no factor with any of the numbers of users, and is far from its neighbours.
            next = (next + 618_033) % users;
            user(next)
        };
        let time = time_of_call(SAMPLES, CALLS, any, async |user| pass(&quota, &user).await).await;
        points.push((users, time));
    }
    Panel {
        title: "reserve and settle, by users",
        amount: people,
        base: 10.0,
        curves: vec![Curve {
            name: "3 limits for each user",
            points,
        }],
    }
}

fn quota(limits: u64) -> Quota {
    let tier = (0..limits).fold(Tier::new("pro"), |tier, number| {
        let limit = Limit::tokens(1 << 50).per_minute();
        tier.limit(limit.id(format!("limit-{number}")))
    });
    Quota::new(Policy::new().tier(tier).build().unwrap())
}

fn user(number: u64) -> Subject {
    Subject::user(format!("user-{number:07}"), "pro")
}

async fn pass(quota: &Quota, user: &Subject) {
    let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
    let hold = quota.reserve(user, demand).await.unwrap();
    hold.settle(Usage::new(400, 3));
}

fn limits(number: u64) -> String {
    match number {
        1 => "1 limit".to_owned(),
        number => format!("{number} limits"),
    }
}

fn people(number: u64) -> String {
    match number {
        1 => "1 user".to_owned(),
        1_000_000 => "1,000,000 users".to_owned(),
        number => format!("{number} users"),
    }
}
