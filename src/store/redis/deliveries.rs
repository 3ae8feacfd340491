//! Settlements on their way: each in a task of its own, off the path of the call's answer, delivered with the same id until it
//! is booked.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use tokio::time::Instant;

use super::RedisStore;
use super::encode;
use super::question::Question;
use super::script::SETTLE;
use super::shared::Shared;
use crate::store::{LONGEST_RETRY, Report, Settlement, StoreError};

/// How many settlements are under way at once, on one connection. The others wait for their turn, in the order in which they came.
pub(super) const AT_ONCE: u32 = 64;

/// How long to wait before the second delivery, and twice as long each time…
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// …to this at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Books a settlement when its turn comes.
    pub(super) fn deliver(&self, settlement: Settlement) {
        let shared = &self.shared;
        if !shared.waiting.add_below(self.settings.max_waiting) {
            let (settlement, reason) =
                (&settlement, "too many settlements are waiting to be booked");
            shared.report(Report::Lost { settlement, reason });
            return;
        }
        let waiting = Waiting {
            shared: shared.clone(),
            settlement,
            is_over: false,
        };
        // Without a runtime, or where it has ended, the settlement is dropped, and so told of as lost.
        if let Some(runtime) = shared.runtime() {
            let store = self.clone();
            runtime.spawn(async move { store.deliver_in_turn(waiting).await });
        }
    }

    async fn deliver_in_turn(&self, waiting: Waiting) {
        let permits = self.shared.permits.clone();
        // What corrects an earlier settlement lets all go before it: it must not overtake that one.
        let record = waiting.settlement.record.as_ref();
        let corrects = record.is_some_and(|record| record.corrects.is_some());
        let turn = permits.acquire_many_owned(if corrects { AT_ONCE } else { 1 });
        // Nobody closes the semaphore.
        let _permits = turn.await;
        self.deliver_until_booked(waiting).await;
    }

    async fn deliver_until_booked(&self, waiting: Waiting) {
        let delivery = self.shared.unique();
        let gives_up_at = Instant::now() + LONGEST_RETRY;
        let (mut pause, mut was_delivered) = (FIRST_PAUSE, false);
        loop {
            let question = self.settling(&waiting.settlement, &delivery, was_delivered);
            let question = match question {
                Ok(question) => question,
                Err(StoreError(reason)) => return waiting.give_up(&reason),
            };
            match self.deliver_once(&question, &waiting.settlement).await {
                Ok(()) => return waiting.booked(),
                Err(StoreError(reason)) if Instant::now() >= gives_up_at => {
                    return waiting.give_up(&reason);
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            was_delivered = true;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn deliver_once(
        &self,
        question: &Question,
        settlement: &Settlement,
    ) -> Result<(), StoreError> {
        let reply = self.ask(question, settlement.now).await?;
        let (how, crossings) = reply.settled(question.names())?;
        self.shared.report(Report::Settled { settlement, how });
        self.shared.tell(&crossings, settlement.record.as_deref());
        Ok(())
    }

    fn settling(
        &self,
        settlement: &Settlement,
        delivery: &str,
        was_delivered: bool,
    ) -> Result<Question, StoreError> {
        let (id, names) = (settlement.id, self.names(&settlement.organization));
        let (hold, (done, bit), outcome) = (names.hold(id), names.done(id), names.outcome(id));
        let mut question = Question::new(&SETTLE, names)
            .key(hold)
            .key(done)
            .key(outcome)
            .argument(id)
            .argument(bit)
            .argument(delivery)
            .argument(u8::from(was_delivered))
            .argument(LONGEST_RETRY.as_millis());
        for booking in &settlement.bookings {
            question = question
                .charge(&booking.charge)?
                .argument(encode::amount(booking.actual))
                .argument(encode::amount(booking.booked));
        }
        Ok(question)
    }
}

/// A settlement that is not booked yet. One that is dropped so, because its runtime has ended, is lost.
struct Waiting {
    shared: Arc<Shared>,
    settlement: Settlement,
    is_over: bool,
}

impl Waiting {
    fn booked(mut self) {
        self.is_over = true;
    }

    fn give_up(mut self, reason: &str) {
        self.tell_lost(reason);
    }

    fn tell_lost(&mut self, reason: &str) {
        self.is_over = true;
        self.shared.report(Report::Lost {
            settlement: &self.settlement,
            reason,
        });
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_over {
            self.tell_lost("the runtime that would have booked it has ended");
        }
        self.shared.waiting.remove();
    }
}
