//! What is done off the path of a call's answer, each in a task of its own: settlements, which are delivered with the same id until
//! they are booked, and renewals.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use tokio::time::Instant;

use super::RedisStore;
use super::encode;
use super::question::Question;
use super::script::{RENEW, SETTLE};
use super::shared::Shared;
use crate::clock::{Moment, saturating_micros};
use crate::store::{HoldId, LONGEST_RETRY, Report, Settlement, StoreError};

/// How many settlements are under way at once, on one connection. The others wait for their turn, in the order in which they came.
pub(super) const AT_ONCE: u32 = 64;

/// How long to wait before the second delivery, and twice as long each time…
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// …to this at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Books a settlement when its turn comes.
    pub(super) fn deliver(&self, settlement: Settlement) {
        let Some(counted) = self.count() else {
            let (settlement, reason) =
                (&settlement, "too many settlements are waiting to be booked");
            return self.shared.report(Report::Lost { settlement, reason });
        };
        let waiting = Waiting {
            settlement,
            is_over: false,
            counted,
        };
        let (store, gives_up_at) = (self.clone(), Instant::now() + LONGEST_RETRY);
        // Where it has ended, the settlement is dropped, and so told of as lost.
        if let Some(runtime) = self.shared.runtime() {
            runtime.spawn(async move { store.deliver_in_turn(waiting, gives_up_at).await });
        }
    }

    /// Puts off a hold's expiry, if it can be done now: it is done several times before the hold is due.
    pub(super) fn put_off(&self, id: HoldId, organization: &str, now: Moment, by: Duration) {
        self.shared.note_life(by);
        let names = self.names(organization);
        let hold = names.hold(id);
        let question = Question::new(&RENEW, names)
            .key(hold)
            .argument(id)
            .argument(saturating_micros(by));
        let (Some(counted), Some(runtime)) = (self.count(), self.shared.runtime()) else {
            return;
        };
        let store = self.clone();
        runtime.spawn(async move {
            let _counted = counted;
            store.ask(&question, now).await.map(drop)
        });
    }

    /// Counts one more thing to do, if there are not too many.
    fn count(&self) -> Option<Counted> {
        let shared = &self.shared;
        let counted = shared.waiting.add_below(self.settings.max_waiting);
        counted.then(|| Counted(shared.clone()))
    }

    async fn deliver_in_turn(&self, waiting: Waiting, gives_up_at: Instant) {
        let permits = self.shared.permits.clone();
        // What corrects an earlier settlement lets all go before it: it must not overtake that one.
        let record = waiting.settlement.record.as_ref();
        let corrects = record.is_some_and(|record| record.corrects.is_some());
        let turn = permits.acquire_many_owned(if corrects { AT_ONCE } else { 1 });
        // Nobody closes the semaphore.
        let _permits = turn.await;
        // Boxed, so that those who wait are small.
        Box::pin(self.deliver_until_booked(waiting, gives_up_at)).await;
    }

    async fn deliver_until_booked(&self, waiting: Waiting, gives_up_at: Instant) {
        let delivery = self.shared.unique();
        let (mut pause, mut was_delivered) = (FIRST_PAUSE, false);
        let mut reason = "its turn did not come in time".to_owned();
        while Instant::now() < gives_up_at {
            let question = self.settling(&waiting.settlement, &delivery, was_delivered);
            let question = match question {
                Ok(question) => question,
                Err(StoreError(reason)) => return waiting.give_up(&reason),
            };
            match self.deliver_once(&question, &waiting.settlement).await {
                Ok(()) => return waiting.booked(),
                Err(StoreError(why)) => reason = why,
            }
            tokio::time::sleep(pause).await;
            was_delivered = true;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        waiting.give_up(&reason);
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

/// Something to do that is counted until it is dropped.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.waiting.remove();
    }
}

/// A settlement that is not booked yet. One that is dropped so, because its runtime has ended, is lost.
struct Waiting {
    settlement: Settlement,
    is_over: bool,
    counted: Counted,
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
        self.counted.0.report(Report::Lost {
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
    }
}
