//! A policy of requests, and a call of it.

use tower_token_quota::{Limit, Policy, Quota, Tier};

use crate::support::{Provider, call, hello_call, metered, policy};

pub(crate) async fn ask(quota: &Quota) -> u16 {
    call(&metered(quota, &Provider::using(8, 2)), hello_call())
        .await
        .status
        .as_u16()
}

pub(crate) fn requests(amount: u64) -> Policy {
    let limit = Limit::requests(amount).per_day().id("daily");
    policy(Tier::new("t").limit(limit)).build().unwrap()
}
