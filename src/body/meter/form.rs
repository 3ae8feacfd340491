//! In which form an answer comes, and how its documents are read out of its bytes.

use bytes::Bytes;
use http::header;
use http::response::Parts;

use crate::api::{Api, Events, Outline, Tally};
use crate::settle::ByStatus;

pub(super) enum Form {
    /// One JSON document: an object, or an array of objects that is sent piece by piece.
    Document(Outline),
    /// A stream of events, all passed on.
    Events(Events),
    /// A stream of events of which the one with the usage is kept back.
    StrippedEvents(Events),
    /// Nothing we can read.
    Unreadable,
}

impl Form {
    pub(super) fn of(head: &Parts, by_status: ByStatus, strip: bool) -> Self {
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let encoded = header(header::CONTENT_ENCODING)
            .is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
        let media_type = header(header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        let is =
            |name: &str| media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(name));
        let read = by_status.outcome().is_none();
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

    /// Reads a piece of the answer and returns what is passed on of it.
    pub(super) fn feed(&mut self, data: Bytes, api: &dyn Api, tally: &mut Tally) -> Bytes {
        match self {
            Self::Unreadable => data,
            Self::Document(outline) => {
                outline.feed(&data, |document| api.tally(document, tally));
                data
            }
            Self::Events(events) => {
                events.observe(&data, |event| api.tally(event, tally));
                data
            }
            Self::StrippedEvents(events) => {
                events.strip(&data, |event| is_passed(event, api, tally))
            }
        }
    }

    /// Reads what was left of it, and returns what was kept back and is passed on after all.
    pub(super) fn finish(&mut self, api: &dyn Api, tally: &mut Tally) -> Bytes {
        match self {
            Self::Unreadable | Self::Document(_) => Bytes::new(),
            Self::Events(events) => {
                let _passed = events.finish(|event| is_passed(event, api, tally));
                Bytes::new()
            }
            Self::StrippedEvents(events) => events.finish(|event| is_passed(event, api, tally)),
        }
    }

    /// Whether bytes are kept back, so that the answer's length changes.
    pub(super) fn strips(&self) -> bool {
        matches!(self, Self::StrippedEvents(_))
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Events(_) | Self::StrippedEvents(_))
    }

    /// Whether a part of the answer was too large to be looked into, or not understood.
    pub(super) fn unseen(&self) -> bool {
        match self {
            Self::Document(outline) => outline.cut(),
            Self::Events(events) | Self::StrippedEvents(events) => events.skipped(),
            Self::Unreadable => false,
        }
    }

    /// Whether it is over before the document is, although the body has come to its end.
    pub(super) fn broken_off(&self) -> bool {
        matches!(self, Self::Document(outline) if outline.broken_off())
    }
}

/// Reads an event of which the usage was asked for on the caller's behalf, and says whether he gets it.
fn is_passed(event: &str, api: &dyn Api, tally: &mut Tally) -> bool {
    api.tally(event, tally);
    !api.is_usage_only(event)
}
