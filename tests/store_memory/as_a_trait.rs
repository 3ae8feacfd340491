//! The store as the trait that all stores have.

use std::sync::{Arc, mpsc};

use tower_token_quota::store::{Adjustment, MemoryStore, Report, Reports, Settled, Store};

use crate::store_support::{at, budget, granted, hard, reservation, settlement};

struct Settlings(mpsc::Sender<Settled>);

impl Reports for Settlings {
    fn report(&self, report: Report<'_>) {
        if let Report::Settled { how, .. } = report {
            self.0.send(how).expect("a receiver");
        }
    }
}

#[tokio::test]
async fn as_a_trait_object_it_answers_the_same() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let call = [hard("k", budget(100), 60)];
    let decision = store.reserve(reservation(1, at(0), &[&call])).await;
    assert!(granted(&decision.expect("in memory")));
    let (sender, settled) = mpsc::channel();
    store.report_to(Arc::new(Settlings(sender)));
    store.settle(settlement(1, at(0), &call, &[50]));
    assert_eq!(
        settled.try_recv(),
        Ok(Settled::OnTime),
        "booked before it returns"
    );
    let credit = store
        .adjust(call[0].clone(), Adjustment::Credit(20), at(0))
        .await;
    assert_eq!(credit.expect("in memory").used, 30);
    let peeked = store.peek(call.to_vec(), at(0)).await;
    assert_eq!(peeked.expect("in memory")[0].used, 30);
    store.health().await.expect("healthy");
    store.drain().await;
}
