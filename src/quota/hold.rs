//! A granted reservation.

use std::fmt;
use std::sync::Arc;

use crate::model::Model;
use crate::policy::OnStoreFailure;
use crate::reject::LimitView;
use crate::settle::Outcome;
use crate::store::HoldId;
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};

use super::engine::Engine;
use super::granted::{ChargedLimit, Granted};

/// A granted reservation, not yet settled.
///
/// It is settled exactly once: by [`settle`](Self::settle), by [`release`](Self::release), or when it is dropped; then
/// the whole reservation is booked, since nobody knows what the call used.
#[must_use = "a hold that is dropped books its whole reservation"]
pub struct Hold {
    id: HoldId,
    engine: Arc<Engine>,
    granted: Option<Granted>,
    /// When to renew it next, in steady microseconds.
    renew_at: u64,
}

impl Hold {
    pub(super) fn new(id: HoldId, engine: Arc<Engine>, granted: Granted) -> Self {
        engine.opened();
        let hold = Self {
            id,
            renew_at: engine.renew_at(granted.at().steady),
            engine,
            granted: Some(granted),
        };
        // From here on whatever happens settles it.
        if let Some(granted) = &hold.granted {
            hold.engine.tell_admitted(id, granted);
        }
        hold
    }

    /// The model that may be called: the asked one or a rung of the ladder.
    #[must_use]
    pub fn model(&self) -> &str {
        self.granted().map_or("", |granted| granted.model().raw())
    }

    /// The model that was asked for, if another one may be called.
    #[must_use]
    pub fn downgraded_from(&self) -> Option<&str> {
        let granted = self.granted()?;
        granted.downgraded_from().map(|asked| asked.raw())
    }

    /// What the call is expected to use at the most. Where the tier reserves what is typical, less was reserved.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        self.granted()
            .map(|granted| granted.candidate().estimate)
            .unwrap_or_default()
    }

    /// The most output tokens that an answer may have, where the tier enforces caps: to be written into the request.
    #[must_use]
    pub fn output_cap(&self) -> Option<u64> {
        self.granted()?.candidate().output_cap
    }

    /// Books what the call used, in full, above the reservation too.
    pub fn settle(mut self, usage: Usage) {
        self.finish(Outcome::Reported(usage));
    }

    /// Settles at zero: nothing ran. Tokens go back; the call still counts as a request.
    pub fn release(mut self) {
        self.finish(Outcome::NothingRan);
    }

    /// Books what an outcome says.
    pub fn settle_as(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    /// Books the whole reservation, until the answer that is still being made is asked for again, and tells what it used.
    pub(crate) fn settle_until_followed(mut self, api: &'static str, answer: &str) {
        if let Some(granted) = self.granted.take() {
            self.engine
                .settle_until_followed(self.id, granted, (api, answer));
        }
    }

    /// Puts off the expiry. The layer does this for long streams by itself.
    pub fn renew(&self) {
        if let Some(granted) = &self.granted {
            self.engine
                .renew(self.id, granted.subject().organization_name());
        }
    }

    /// Renews the hold if a good part of its life has passed.
    pub(crate) fn renew_if_due(&mut self) {
        let now = self.engine.now().steady;
        if now >= self.renew_at {
            self.renew_at = self.engine.renew_at(now);
            self.renew();
        }
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.granted().map(Granted::subject)
    }

    /// What the tier answers in the provider's place, where that limits our account.
    pub(crate) fn provider_reply(&self) -> Option<Arc<str>> {
        let granted = self.granted()?;
        let policy = &granted.prepared.policy;
        let tier = policy.tier(granted.subject().tier_name())?;
        tier.on_provider_limit.clone()
    }

    /// Whether the usage of a stream is asked for on the caller's behalf.
    pub(crate) fn asks_stream_usage(&self) -> bool {
        self.granted()
            .is_some_and(|granted| granted.prepared.policy.asks_stream_usage())
    }

    pub(crate) fn canonical_model(&self) -> Option<&Model> {
        self.granted().map(|granted| &**granted.model())
    }

    /// The limits that were charged, as they stood at the moment of the decision.
    pub fn limits(&self) -> impl Iterator<Item = LimitView<'_>> + Clone {
        let at = self.granted().map_or(0, |granted| granted.at().wall);
        self.charged().map(move |limit| limit.view(at))
    }

    /// The ids of soft limits that are passed, and of budgets of which today is spent too fast, these with ` pace` behind them:
    /// `organization/usd/month pace`.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let passed = self.charged().filter(ChargedLimit::is_soft_and_passed);
        let paces = self.granted().into_iter().flat_map(Granted::paces);
        let too_fast = paces.filter(|day| day.pace.is_too_fast());
        let passed = passed.map(|limit| limit.charge);
        let warned = passed.chain(too_fast.map(|day| day.charge));
        warned.map(|charge| &*charge.limit)
    }

    /// The ids of shadow limits that would have refused.
    pub fn shadows(&self) -> impl Iterator<Item = &str> {
        let blocking = self.charged().filter(|limit| limit.would_block);
        blocking.map(|limit| &*limit.charge.limit)
    }

    /// By which rule the call was admitted while the store did not answer; nothing where it did.
    #[must_use]
    pub fn degraded(&self) -> Option<OnStoreFailure> {
        self.granted()?.degraded
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    fn charged(&self) -> impl Iterator<Item = ChargedLimit<'_>> + Clone {
        self.granted().into_iter().flat_map(Granted::limits)
    }

    fn granted(&self) -> Option<&Granted> {
        self.granted.as_ref()
    }

    fn finish(&mut self, outcome: Outcome) {
        if let Some(granted) = self.granted.take() {
            self.engine.settle(self.id, granted, outcome);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.finish(Outcome::Unreconciled);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("id", &self.id)
            .field("model", &self.model())
            .finish_non_exhaustive()
    }
}
