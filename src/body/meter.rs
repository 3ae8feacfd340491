//! Reads an answer's usage on the way, and settles its hold when it is over, whichever way.

mod account;
mod delivered;
mod form;
mod limited;

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http::response::Parts;

use crate::api::{SharedApi, Tally};
use crate::fallback::Fallback;
use crate::provider;
use crate::quota::{Engine, Hold};
use crate::settle::{ByStatus, Ending, Outcome};

use account::Account;
use delivered::Delivered;
use form::Form;
use limited::Limited;

/// What is known of a call when its answer begins.
pub(crate) struct MeterPlan {
    pub(crate) hold: Hold,
    pub(crate) api: SharedApi,
    /// We asked for the stream's usage on the caller's behalf, and keep it from him.
    pub(crate) strip_usage: bool,
    /// The model may reason without showing it.
    pub(crate) may_reason: bool,
    /// What the caller is answered if the provider limits our account.
    pub(crate) fallback: Option<Fallback>,
}

/// Watches one answer's bytes.
pub(crate) struct Meter {
    /// Taken when it is settled.
    account: Option<Account>,
    api: SharedApi,
    form: Form,
    by_status: ByStatus,
    /// What somebody who knows better says, whatever the answer does.
    known: Option<Outcome>,
    may_reason: bool,
    tally: Tally,
    delivered: Delivered,
    /// How many bytes are still to come, where the head told.
    left: Option<u64>,
    /// The provider limits our account, and what it says of that has not come yet.
    limited: Option<Limited>,
}

impl Meter {
    /// Begins with the answer's head. Where that tells already how the call ended, it is settled here and now.
    pub(crate) fn new(plan: MeterPlan, head: &Parts, known: Option<Outcome>) -> Box<Self> {
        let is_limit = provider::is_limit(head.status);
        let limited = is_limit.then(|| Limited::new(&plan.hold, head.status));
        let account = Account::Call(plan.hold);
        let mut meter = Self::of(account, plan.api, head, plan.strip_usage);
        meter.known = known;
        meter.may_reason = plan.may_reason;
        meter.limited = limited.flatten();
        if let (None, Some(outcome)) = (known, meter.by_status.outcome()) {
            meter.settle(outcome);
        }
        meter
    }

    /// Watches an answer that was not ready when its call ended, and now is asked for again.
    pub(crate) fn following(
        engine: Arc<Engine>,
        api: SharedApi,
        answer: Box<str>,
        head: &Parts,
    ) -> Box<Self> {
        Self::of(Account::Earlier { engine, answer }, api, head, false)
    }

    /// It is large and handed on several times: boxed at once, it is not copied each time.
    fn of(account: Account, api: SharedApi, head: &Parts, strip_usage: bool) -> Box<Self> {
        let by_status = ByStatus::of(head.status);
        Box::new(Self {
            form: Form::of(head, by_status, strip_usage),
            account: Some(account),
            api,
            by_status,
            known: None,
            may_reason: false,
            tally: Tally::default(),
            delivered: Delivered::default(),
            left: content_length(head),
            limited: None,
        })
    }

    /// Whether bytes are kept back, so that the answer's length changes.
    pub(crate) fn strips(&self) -> bool {
        self.form.strips()
    }

    /// Notes that the caller gets another answer than the provider's refusal.
    pub(super) fn replaced(&mut self) {
        if let Some(limited) = &mut self.limited {
            limited.replied = true;
        }
    }

    /// Whether all is known that a provider's refusal can tell.
    pub(super) fn is_known(&self) -> bool {
        self.limited.as_ref().is_none_or(Limited::is_full)
    }

    /// Whether as many bytes have come as the head told of.
    pub(super) fn has_all(&self) -> bool {
        self.left == Some(0)
    }

    /// Reads a piece of the answer and returns what is passed on of it.
    pub(crate) fn feed(&mut self, data: Bytes) -> Bytes {
        if let Some(Account::Call(hold)) = &mut self.account {
            hold.renew_if_due();
        }
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        if let Some(limited) = &mut self.limited {
            limited.feed(&data);
        }
        let passed = self.form.feed(data, &*self.api, &mut self.tally);
        let hold = self.account.as_ref().and_then(Account::hold);
        self.delivered.observe(&mut self.tally, hold);
        if self.tally.ended {
            self.conclude(true);
        }
        passed
    }

    /// Ends the answer, and returns what was kept back and is passed on after all.
    pub(crate) fn finish(&mut self, complete: bool) -> Bytes {
        if let Some(limited) = self.limited.take() {
            limited.tell();
        }
        let rest = self.form.finish(&*self.api, &mut self.tally);
        self.conclude(complete && !self.form.broken_off());
        rest
    }

    /// Settles by what was seen, if that has not been done.
    fn conclude(&mut self, complete: bool) {
        let Some(account) = &self.account else {
            return;
        };
        let hold = account.hold();
        let reserved = hold.map(Hold::estimate).unwrap_or_default();
        let text = mem::take(&mut self.tally.text);
        let delivered = || hold.map_or(0, |hold| self.delivered.with(&text, hold));
        let ending = Ending {
            by_status: self.by_status,
            complete,
            is_stream: self.form.is_stream(),
            unseen: self.form.unseen(),
            may_reason: self.may_reason,
        };
        let outcome = match self.known {
            Some(outcome) => outcome,
            None => ending.outcome(&self.tally, reserved, delivered),
        };
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(account) = self.account.take() {
            account.settle(self.api.name(), outcome, &self.tally);
        }
    }
}

fn content_length(head: &Parts) -> Option<u64> {
    let length = head.headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

impl Drop for Meter {
    /// The caller has left, or nobody polled to the end.
    fn drop(&mut self) {
        if self.account.is_some() || self.limited.is_some() {
            self.finish(false);
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
