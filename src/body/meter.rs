//! Reads an answer's usage on the way, and settles its hold when it is over, whichever way.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http::response::Parts;

use crate::api::{Api, Events, Outline, Tally};
use crate::count;
use crate::fallback::Fallback;
use crate::model::Encoding;
use crate::provider;
use crate::quota::{Engine, Hold};
use crate::settle::{ByStatus, Ending, Outcome};
use crate::usage::Usage;

use super::limited::Limited;

/// Delivered text is counted in pieces of this many bytes: most answers never grow so long before their usage comes.
const COUNT_AT: usize = 32 * 1024;

/// Text that comes with usage is hardly ever counted, but does not pile up either.
const COUNT_ANYWAY: usize = 4 * 1024 * 1024;

/// What is known of a call when its answer begins.
pub(crate) struct MeterPlan {
    pub(crate) hold: Hold,
    pub(crate) api: Arc<dyn Api>,
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
    api: Arc<dyn Api>,
    form: Form,
    by_status: ByStatus,
    /// What somebody who knows better says, whatever the answer does.
    known: Option<Outcome>,
    may_reason: bool,
    tally: Tally,
    /// Output tokens that were delivered and counted.
    delivered: u64,
    /// How many bytes are still to come, where the head told.
    left: Option<u64>,
    /// The provider limits our account, and what it says of that has not come yet.
    limited: Option<Limited>,
}

/// Whose bill an answer tells of.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every account is a call's: boxing it would cost each call an allocation"
)]
#[derive(Debug)]
enum Account {
    /// A call's own.
    Call(Hold),
    /// That of an earlier call, whose answer was not ready when it ended.
    Earlier {
        engine: Arc<Engine>,
        answer: Box<str>,
    },
}

impl Account {
    fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Call(hold) => Some(hold),
            Self::Earlier { .. } => None,
        }
    }

    fn settle(self, api: &'static str, outcome: Outcome, tally: &Tally) {
        match (self, outcome) {
            (Self::Call(hold), Outcome::Unreconciled) if tally.pending => match &tally.id {
                Some(answer) => hold.settle_until_followed(api, answer),
                None => hold.settle_as(outcome),
            },
            (Self::Call(hold), _) => hold.settle_as(outcome),
            // A server may read the path differently, and give another answer than the one that is awaited.
            (Self::Earlier { engine, answer }, Outcome::Reported(usage))
                if tally.id.as_deref() == Some(&*answer) =>
            {
                engine.correct((api, &answer), usage);
            }
            // It is asked for again, or stays booked as it is.
            (Self::Earlier { .. }, _) => {}
        }
    }
}

/// In which form an answer comes.
enum Form {
    /// One JSON document: an object, or an array of objects that is sent piece by piece.
    Document(Outline),
    /// A stream of events, all passed on.
    Events(Events),
    /// A stream of events of which the one with the usage is kept back.
    StrippedEvents(Events),
    /// Nothing we can read.
    Unreadable,
}

impl Meter {
    /// Begins with the answer's head. Where that tells already how the call ended, it is settled here and now.
    pub(crate) fn new(plan: MeterPlan, head: &Parts, known: Option<Outcome>) -> Box<Self> {
        let account = Account::Call(plan.hold);
        let mut meter = Self::of(account, plan.api, head, plan.strip_usage);
        meter.known = known;
        meter.may_reason = plan.may_reason;
        if provider::is_limit(head.status) {
            meter.limited = meter
                .hold()
                .and_then(|hold| Limited::new(hold, head.status));
        }
        match (known, meter.by_status) {
            (None, ByStatus::Nothing) => meter.settle(Outcome::NothingRan),
            (None, ByStatus::Unknown) => meter.settle(Outcome::Unreconciled),
            (None, ByStatus::Answer | ByStatus::NothingIfError) | (Some(_), _) => {}
        }
        meter
    }

    /// Watches an answer that was not ready when its call ended, and now is asked for again.
    pub(crate) fn following(
        engine: Arc<Engine>,
        api: Arc<dyn Api>,
        answer: Box<str>,
        head: &Parts,
    ) -> Box<Self> {
        Self::of(Account::Earlier { engine, answer }, api, head, false)
    }

    /// It is large and handed on several times: boxed at once, it is not copied each time.
    fn of(account: Account, api: Arc<dyn Api>, head: &Parts, strip_usage: bool) -> Box<Self> {
        let by_status = ByStatus::of(head.status);
        Box::new(Self {
            form: Form::of(head, by_status, strip_usage),
            account: Some(account),
            api,
            by_status,
            known: None,
            may_reason: false,
            tally: Tally::default(),
            delivered: 0,
            left: content_length(head),
            limited: None,
        })
    }

    fn hold(&self) -> Option<&Hold> {
        self.account.as_ref()?.hold()
    }

    /// Whether bytes are kept back, so that the answer's length changes.
    pub(crate) fn strips(&self) -> bool {
        matches!(self.form, Form::StrippedEvents(_))
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
        let (api, tally) = (&self.api, &mut self.tally);
        let passed = match &mut self.form {
            Form::Unreadable => data,
            Form::Document(outline) => {
                outline.feed(&data, |document| api.tally(document, tally));
                data
            }
            Form::Events(events) => {
                events.observe(&data, |event| api.tally(event, tally));
                data
            }
            Form::StrippedEvents(events) => events.strip(&data, |event| {
                api.tally(event, tally);
                !api.is_usage_only(event)
            }),
        };
        // Where the usage is final the text is not asked for.
        let count_at = if self.tally.is_final {
            COUNT_ANYWAY
        } else {
            COUNT_AT
        };
        self.count_delivered(count_at);
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
        let (api, tally) = (&self.api, &mut self.tally);
        let rest = match &mut self.form {
            Form::Unreadable | Form::Document(_) => Bytes::new(),
            Form::Events(events) | Form::StrippedEvents(events) => events.finish(|event| {
                api.tally(event, tally);
                !api.is_usage_only(event)
            }),
        };
        self.conclude(complete && !self.form.broken_off());
        if self.strips() { rest } else { Bytes::new() }
    }

    /// Settles by what was seen, if that has not been done.
    fn conclude(&mut self, complete: bool) {
        let Some(account) = &self.account else {
            return;
        };
        let reserved = account.hold().map(Hold::estimate).unwrap_or_default();
        let unseen = self.form.unseen();
        let outcome = match (self.known, self.by_status) {
            (Some(outcome), _) => outcome,
            (None, ByStatus::NothingIfError) if self.tally.error => Outcome::NothingRan,
            (None, ByStatus::Answer) => {
                let ending = Ending {
                    // With a first figure alone it broke off before it said what it cost; and what was not looked into may
                    // have said more than what was.
                    complete: complete
                        && !self.tally.provisional
                        && !(unseen && self.form.is_stream() && !self.tally.is_final),
                    understood: self.tally.understood && !(unseen && self.tally.usage.is_none()),
                    error: self.tally.error,
                    reported: self.reported(),
                    is_final: self.tally.is_final,
                    may_reason: self.may_reason,
                    pending: self.tally.pending,
                };
                ending
                    .outcome(reserved, || {
                        self.count_delivered(1);
                        self.delivered
                    })
                    .in_tier(self.tally.service_tier)
            }
            _ => Outcome::Unreconciled,
        };
        self.settle(outcome);
    }

    /// The usage, with the tier of service that stood elsewhere in the answer.
    fn reported(&self) -> Option<Usage> {
        let usage = self.tally.usage?;
        Some(Usage {
            service_tier: usage.service_tier.or(self.tally.service_tier),
            ..usage
        })
    }

    /// Counts the text that was delivered, if there is at least so much of it, and forgets it.
    fn count_delivered(&mut self, at_least: usize) {
        let Some(hold) = self.hold() else {
            // It is settled, or will not be by what was delivered: the text is not kept.
            self.tally.text = String::new();
            return;
        };
        if self.tally.text.len() < at_least {
            return;
        }
        let model = hold.canonical_model();
        let encoding = Encoding::of(model.map_or("", |model| model.canonical()));
        let text = std::mem::take(&mut self.tally.text);
        self.delivered = self
            .delivered
            .saturating_add(count::count_text(encoding, &text));
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

impl Form {
    fn is_stream(&self) -> bool {
        matches!(self, Self::Events(_) | Self::StrippedEvents(_))
    }

    /// Whether a part of the answer was too large to be looked into, or not understood.
    fn unseen(&self) -> bool {
        match self {
            Self::Document(outline) => outline.cut(),
            Self::Events(events) | Self::StrippedEvents(events) => events.skipped(),
            Self::Unreadable => false,
        }
    }

    /// Whether it is over before the document is, although the body has come to its end.
    fn broken_off(&self) -> bool {
        matches!(self, Self::Document(outline) if outline.broken_off())
    }

    fn of(head: &Parts, by_status: ByStatus, strip: bool) -> Self {
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let encoded = header(header::CONTENT_ENCODING)
            .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
        let media_type = header(header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        let is =
            |name: &str| media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(name));
        let read = matches!(by_status, ByStatus::Answer | ByStatus::NothingIfError);
        if encoded || !read {
            Self::Unreadable
        } else if !is("text/event-stream") {
            Self::Document(Outline::default())
        } else if strip && by_status == ByStatus::Answer {
            Self::StrippedEvents(Events::stripped())
        } else {
            Self::Events(Events::observed())
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
