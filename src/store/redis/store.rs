//! [`Store`] for [`RedisStore`].

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;

use super::encode;
use super::question::{Question, unavailable, within};
use super::script::{ADJUST, PEEK, RESERVE};
use super::{LARGEST_AMOUNT, RedisStore};
use crate::clock::{Moment, saturating_micros};
use crate::store::{
    Adjustment, Balance, BoxFuture, Charge, Decision, HoldId, Reports, Reservation, Settlement,
    Store, StoreError,
};

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Store for RedisStore<C> {
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        Box::pin(async move { self.decide(&reservation).await })
    }

    /// [`LARGEST_AMOUNT`]: scripts on Redis count in doubles.
    fn largest_amount(&self) -> u64 {
        LARGEST_AMOUNT
    }

    /// What an expiry leaves of a hold is what each charge says.
    fn keeps_holds(&self) -> bool {
        false
    }

    /// As the last reservation has told, if it is more than a second.
    fn clock_offset(&self) -> i64 {
        self.shared.offset()
    }

    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.shared.listener.set(reports);
    }

    /// Hands it over to a task of its own, and returns at once.
    fn settle(&self, settlement: Settlement) {
        self.deliver(settlement);
    }

    /// In a task of its own, once: a hold is renewed several times before it is due.
    fn renew(&self, id: HoldId, organization: &str, now: Moment, expires_in: Duration) {
        self.put_off(id, organization, now, expires_in);
    }

    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        Box::pin(async move { self.read(&charges, now).await })
    }

    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        Box::pin(async move { self.correct(&charge, adjustment, now).await })
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut connection = self.connection.clone();
            let ping = ::redis::cmd("PING");
            let answer = async { ping.exec_async(&mut connection).await.map_err(unavailable) };
            within(self.settings.timeout, answer).await
        })
    }

    fn waiting(&self) -> usize {
        self.shared.waiting.count()
    }

    fn drain(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.shared.waiting.none())
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    async fn decide(&self, reservation: &Reservation) -> Result<Decision, StoreError> {
        let known = self.shared.offset();
        self.shared.note_life(reservation.expires_in);
        let question = self.reserving(reservation)?;
        let reply = self.ask(&question, reservation.now).await?;
        self.shared.note_clock(reply.now, reservation.now, known);
        reply.decision(&reservation.candidates)
    }

    fn reserving(&self, reservation: &Reservation) -> Result<Question, StoreError> {
        let (id, names) = (reservation.id, self.names(&reservation.organization));
        let (hold, (done, bit)) = (names.hold(id), names.done(id));
        let mut question = Question::new(&RESERVE, names)
            .key(hold)
            .key(done)
            .argument(id)
            .argument(bit)
            .argument(saturating_micros(reservation.expires_in));
        for charges in &reservation.candidates {
            question = question.argument(charges.len());
            for charge in charges {
                question = question.charge(charge)?;
            }
        }
        Ok(question)
    }

    /// Reads counters, those of each organization at once: they may stand on different servers.
    async fn read(&self, charges: &[Charge], now: Moment) -> Result<Vec<Balance>, StoreError> {
        let mut balances = Vec::with_capacity(charges.len());
        for own in charges.chunk_by(|a, b| a.key.organization() == b.key.organization()) {
            let mut question = Question::new(&PEEK, self.names(&own[0].key.organization()));
            for charge in own {
                let key = question.names().counter(&charge.key)?;
                question = question.key(key);
            }
            balances.append(&mut self.ask(&question, now).await?.peeked(own)?);
        }
        Ok(balances)
    }

    async fn correct(
        &self,
        charge: &Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> Result<Balance, StoreError> {
        let names = self.names(&charge.key.organization());
        let (word, amount) = encode::adjustment(adjustment);
        let question = Question::new(&ADJUST, names)
            .charge(charge)?
            .argument(word)
            .argument(amount);
        let reply = self.ask(&question, now).await?;
        let (balance, crossings) = reply.adjusted(charge, question.names())?;
        self.shared.tell(&crossings, None);
        Ok(balance)
    }
}

impl Question {
    /// Adds a charge, and names its counter.
    pub(super) fn charge(self, charge: &Charge) -> Result<Self, StoreError> {
        let key = self.names().counter(&charge.key)?;
        let line = encode::charge(charge, self.names())?;
        Ok(self.key(key).argument(line))
    }
}
