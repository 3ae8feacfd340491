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
use crate::store::{HoldId, LONGEST_RETRY, Report, Reports, Settlement, StoreError};

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
            return self
                .shared
                .listener
                .report(Report::Lost { settlement, reason });
        };
        // A correction must not overtake what it corrects.
        let record = settlement.record.as_ref();
        let corrected = record.and_then(|record| record.corrects);
        let before = corrected.and_then(|it| self.shared.turns.end_of(it.hold));
        let waiting = Waiting::new(settlement, counted);
        let (store, gives_up_at) = (self.clone(), Instant::now() + LONGEST_RETRY);
        // Where it has ended, the settlement is dropped, and so told of as lost.
        if let Some(runtime) = self.shared.runtime() {
            runtime.spawn(async move {
                if let Some(before) = before {
                    let _ended = before.await;
                }
                store.deliver_until_booked(waiting, gives_up_at).await;
            });
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

    async fn deliver_until_booked(&self, waiting: Waiting, gives_up_at: Instant) {
        let delivery = self.shared.unique();
        let (mut pause, mut was_delivered) = (FIRST_PAUSE, false);
        let mut reason = "its turn did not come in time".to_owned();
        loop {
            let turn = self.shared.turns.next(was_delivered).await;
            if Instant::now() >= gives_up_at {
                return waiting.give_up(&reason);
            }
            let question = self.settling(&waiting.settlement, &delivery, was_delivered);
            let question = match question {
                Ok(question) => question,
                Err(StoreError(reason)) => return waiting.give_up(&reason),
            };
            // Boxed, so that those who wait are small.
            match Box::pin(self.deliver_once(question, &waiting.settlement)).await {
                Ok(()) => return waiting.booked(),
                Err(StoreError(why)) => reason = why,
            }
            drop(turn);
            tokio::time::sleep(pause).await;
            was_delivered = true;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn deliver_once(
        &self,
        question: Question,
        settlement: &Settlement,
    ) -> Result<(), StoreError> {
        let reply = self.ask(&question, settlement.now).await?;
        let (how, crossings) = reply.settled(question.names())?;
        self.shared
            .listener
            .report(Report::Settled { settlement, how });
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
    fn new(settlement: Settlement, counted: Counted) -> Self {
        counted.0.turns.begin(settlement.id);
        Self {
            settlement,
            is_over: false,
            counted,
        }
    }

    fn booked(mut self) {
        self.is_over = true;
    }

    fn give_up(mut self, reason: &str) {
        self.tell_lost(reason);
    }

    fn tell_lost(&mut self, reason: &str) {
        self.is_over = true;
        self.counted.0.listener.report(Report::Lost {
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
        self.counted.0.turns.end(self.settlement.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};

    use ::redis::{Cmd, ErrorKind, Pipeline, RedisFuture, Value};
    use memchr::memmem;

    use super::*;
    use crate::prices::Cost;
    use crate::store::{CallRecord, Replaced, Store};
    use crate::subject::Subject;
    use crate::usage::{Estimate, Usage};
    use crate::watch::Basis;

    /// A server that refuses all of one organization's settlements, and so many of another's.
    #[derive(Clone, Default)]
    struct Fussy {
        refuses: Arc<AtomicUsize>,
        /// The ids that were booked, as text.
        booked: Arc<Mutex<Vec<String>>>,
    }

    impl Fussy {
        fn booked(&self) -> Vec<String> {
            let booked = self.booked.lock();
            booked.unwrap_or_else(PoisonError::into_inner).clone()
        }

        fn refuses_another(&self) -> bool {
            let less = |left: usize| left.checked_sub(1);
            let refuses = &self.refuses;
            let counted = refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
            counted.is_ok()
        }
    }

    impl ConnectionLike for Fussy {
        fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
            let packed = command.get_packed_command();
            let is_of = |organization: &str| memmem::find(&packed, organization.as_bytes());
            let hold = (1..10).map(|id| HoldId::from_u128(id).to_string());
            let hold = hold.filter(|id| is_of(&format!("{{fine}}:h:{id}")).is_some());
            let refused = is_of("{broken}").is_some() || self.refuses_another();
            let answer = if refused {
                Err((ErrorKind::Client, "it is fussy").into())
            } else {
                let booked = self.booked.lock();
                booked.unwrap_or_else(PoisonError::into_inner).extend(hold);
                let text = |text: &str| Value::SimpleString(text.to_owned());
                let (epoch, none) = (text("1-a"), || Value::Array(Vec::new()));
                let answer = vec![text("1"), epoch, none(), text("unknown"), none()];
                Ok(Value::Array(answer))
            };
            Box::pin(async move { answer })
        }

        fn req_packed_commands<'a>(
            &'a mut self,
            _: &'a Pipeline,
            _: usize,
            _: usize,
        ) -> RedisFuture<'a, Vec<Value>> {
            Box::pin(async { Err((ErrorKind::Client, "no script is sent so").into()) })
        }

        fn get_db(&self) -> i64 {
            0
        }
    }

    fn settlement(organization: &str, id: u128, corrects: Option<u128>) -> Settlement {
        let replaced = |id| Replaced {
            hold: HoldId::from_u128(id),
            usage: Usage::new(1, 1),
            cost: crate::money::Usd::default(),
        };
        let record = CallRecord {
            subject: Subject::new("free"),
            api: None,
            admitted_at: 0,
            asked: "model".into(),
            model: "model".into(),
            reserved: Estimate::default(),
            usage: Usage::new(2, 2),
            basis: Basis::Reported,
            cost: Cost::default(),
            asked_cost: None,
            corrects: corrects.map(replaced),
        };
        Settlement {
            id: HoldId::from_u128(id),
            organization: organization.into(),
            now: Moment { wall: 0, steady: 0 },
            bookings: Vec::new(),
            record: Some(Arc::new(record)),
        }
    }

    fn ids(ids: &[u128]) -> Vec<String> {
        let text = |&id: &u128| HoldId::from_u128(id).to_string();
        ids.iter().map(text).collect()
    }

    /// So long that all has come to pass that will, and less than settlements are delivered for.
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn neither_settlements_nor_corrections_wait_for_those_that_cannot_be_booked() {
        let server = Fussy::default();
        let store = RedisStore::new(server.clone());
        for id in 100..300 {
            store.settle(settlement("broken", id, None));
        }
        tokio::time::sleep(LONG).await;
        store.settle(settlement("fine", 1, None));
        store.settle(settlement("fine", 2, Some(1)));
        store.settle(settlement("fine", 3, None));
        tokio::time::sleep(LONG).await;
        let mut booked = server.booked();
        booked.sort();
        assert_eq!((booked, store.waiting()), (ids(&[1, 2, 3]), 200));
    }

    #[tokio::test(start_paused = true)]
    async fn a_correction_waits_for_what_it_corrects_and_for_nothing_else() {
        let server = Fussy::default();
        server.refuses.store(5, Ordering::SeqCst);
        let store = RedisStore::new(server.clone());
        store.settle(settlement("fine", 1, None));
        store.settle(settlement("fine", 2, Some(1)));
        store.drain().await;
        assert_eq!(server.booked(), ids(&[1, 2]));
        store.settle(settlement("fine", 3, Some(1)));
        store.drain().await;
        assert_eq!(server.booked(), ids(&[1, 2, 3]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_correction_of_what_was_given_up_is_booked() {
        let server = Fussy::default();
        let store = RedisStore::new(server.clone());
        store.settle(settlement("broken", 1, None));
        tokio::time::sleep(LONG).await;
        store.settle(settlement("fine", 2, Some(1)));
        store.drain().await;
        assert_eq!(server.booked(), ids(&[2]));
    }
}
