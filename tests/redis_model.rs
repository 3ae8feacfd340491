//! The store on Redis against the memory store and the model.
#![allow(missing_docs)]

use proptest::prelude::*;
use tower_token_quota::store::{MemoryStore, RedisStore};

mod redis_support;
mod store_support;
use redis_support::cluster::Cluster;
use redis_support::server::{DEADLINE, Server};
use store_support::agree::{Witnessed, agree};
use store_support::ops::{Op, large_op, op};

mod p9_same_answers_as_in_memory_and_as_the_model {
    use super::*;

    /// Asks all three so many times over, each time on keys of their own.
    fn all_agree(url: &str, cases: u32, ops: impl Strategy<Value = Vec<Op>>) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let redis = {
            let _inside = runtime.enter();
            let redis = RedisStore::connect_within(url, DEADLINE).expect("an address");
            redis.at_callers_time()
        };
        let number = std::cell::Cell::new(0);
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(cases)
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let all_agree = |ops| {
            number.set(number.get() + 1);
            let redis = redis.clone().prefix(&format!("{}:", number.get()));
            let memory = MemoryStore::new();
            let stores = [Witnessed::new(&memory), Witnessed::new(&redis)];
            runtime.block_on(agree(&stores, ops))
        };
        if let Err(error) = runner.run(&ops, all_agree) {
            panic!("{error}");
        }
    }

    fn many(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Vec<Op>> {
        prop::collection::vec(op, 1..120)
    }

    #[test]
    fn whatever_is_asked() {
        all_agree(&Server::start().url(), 100, many(op()));
    }

    #[test]
    fn however_large_the_amounts_are() {
        all_agree(&Server::start().url(), 50, many(large_op()));
    }

    #[test]
    fn on_a_cluster_too() {
        all_agree(&Cluster::start().url(), 15, many(op()));
    }
}
