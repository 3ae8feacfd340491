//! The memory store against the model.
#![allow(missing_docs)]

use proptest::prelude::*;
use tower_token_quota::store::MemoryStore;

mod store_support;
use store_support::agree::{Witnessed, agree};
use store_support::ops::op;

mod p9_same_answers_as_the_model {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn whatever_is_asked(ops in prop::collection::vec(op(), 1..120)) {
            let store = MemoryStore::new();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(agree(&[Witnessed::new(&store)], ops))?;
        }
    }
}
