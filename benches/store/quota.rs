//! The same call through the engine.

use tower_token_quota::{Demand, Quota, Subject, Usage};

use crate::chat::four_limits;

pub(crate) fn quota() -> Quota {
    Quota::new(four_limits().build().unwrap())
}

pub(crate) fn call_quota(quota: &Quota, subject: &Subject) {
    let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
    let mut reserving = std::pin::pin!(quota.reserve(subject, demand));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(hold) = reserving.as_mut().poll(&mut context) else {
        panic!("in memory it is ready at once");
    };
    hold.unwrap().settle(Usage::new(400, 3));
}
