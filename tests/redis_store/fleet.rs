//! Several instances on one server.

use std::collections::BTreeSet;

use tower_token_quota::store::Store as _;

use crate::asking::{asked, now, running, store};
use crate::redis_support::server::Server;
use crate::store_support::{Told, alerting, granted, settlement};

#[tokio::test]
async fn two_instances_share_the_limit_and_one_of_them_is_told_of_each_threshold() {
    let server = Server::start();
    let stores = [store(&server), store(&server)];
    let told = stores.each_ref().map(Told::by);
    let call = [alerting("k", running(1_000), 10, &[10, 50, 90])];
    let mut admitted = 0;
    for id in 0..150 {
        let store = &stores[id as usize % 2];
        if granted(&store.reserve(asked(id, &call)).await.unwrap()) {
            admitted += 1;
            store.settle(settlement(id, now(), &call, &[10]));
        }
        if id % 10 == 0 {
            stores[0].drain().await;
            stores[1].drain().await;
        }
    }
    assert_eq!(admitted, 100);
    stores[0].drain().await;
    stores[1].drain().await;
    let crossed: Vec<u8> = told
        .iter()
        .flat_map(|it| it.take())
        .map(|it| it.1)
        .collect();
    assert_eq!(crossed.len(), 3, "{crossed:?}");
    assert_eq!(BTreeSet::from_iter(crossed), BTreeSet::from([10, 50, 90]));
}
