//! More than was reserved.

use tower_token_quota::store::{Decision, MemoryStore};

use crate::store_support::{SECOND, at, bucket, budget, hard, reserve, settle};

#[test]
fn a_call_that_used_more_is_booked_in_full_and_the_next_one_waits() {
    let store = MemoryStore::new();
    let call = [hard("b", budget(100), 50), hard("r", bucket(100, 10), 50)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[130, 130]);
    let Decision::Refused(refusals) = reserve(&store, 2, at(0), &call) else {
        panic!("in debt");
    };
    assert_eq!(refusals[0].balance.used, 130);
    assert_eq!(
        refusals[1].wait,
        Some(8 * SECOND),
        "130 + 50 - 100, at 10 a second"
    );
}
