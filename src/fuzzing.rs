//! What the targets in `fuzz/` reach of the crate's inside. It is there under `--cfg fuzzing` only, and no part of the API.

use bytes::Bytes;
use http::Method;

use crate::api::{Api, Bounds, Call, Events, Invalid, NormalPath, Outline, Target};

/// The families that are metered.
#[must_use]
pub fn families() -> [&'static dyn Api; 7] {
    crate::api::families()
}

/// The family that a `POST` to a path is of, and what it reads.
#[must_use]
pub fn read(path: &str, body: &str) -> Option<(&'static dyn Api, Result<Call, Invalid>)> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let path = NormalPath::of(path);
    let mut families = families().into_iter();
    let api = families.find(|api| api.recognises(&Method::POST, path.as_str()))?;
    let call = api.read(&Target::new(path.as_str(), query), body);
    Some((api, call))
}

/// Asserts that what is JSON is walked as `serde_json` reads it, and that a walk through anything else comes to an end.
pub fn compare_walks(text: &str) {
    crate::api::compare(text);
}

/// In which form an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON document.
    Document,
    /// Events that are read.
    Events,
    /// Events of which some are stripped.
    StrippedEvents,
}

/// How much memory an answer's reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// As much as in earnest.
    Usual,
    /// So little that an input of a few kilobytes is large.
    Little,
    /// So little that nearly everything is large.
    Tiny,
}

impl Memory {
    fn bounds(self) -> Bounds {
        let (member, object) = match self {
            Self::Usual => return Bounds::default(),
            Self::Little => (256, 1024),
            Self::Tiny => (24, 96),
        };
        Bounds { member, object }
    }

    fn events(self, events: Events) -> Events {
        match self {
            Self::Usual => events,
            Self::Little => events.within(64, 256, self.bounds()),
            Self::Tiny => events.within(8, 32, self.bounds()),
        }
    }
}

/// Reads an answer that comes in pieces, as a metered body does.
#[derive(Debug)]
pub struct Reader(Kind);

#[derive(Debug)]
enum Kind {
    Document(Outline),
    Events(Events),
    StrippedEvents(Events),
}

impl Reader {
    /// At the beginning of an answer.
    #[must_use]
    pub fn new(form: Form, memory: Memory) -> Self {
        Self(match form {
            Form::Document => Kind::Document(Outline::within(memory.bounds())),
            Form::Events => Kind::Events(memory.events(Events::observed())),
            Form::StrippedEvents => Kind::StrippedEvents(memory.events(Events::stripped())),
        })
    }

    /// Reads on, and returns what is passed on. `keep` sees each document that is complete, and says whether it is kept.
    pub fn feed(&mut self, piece: &Bytes, mut keep: impl FnMut(&str) -> bool) -> Bytes {
        let seen = |document: &str| {
            keep(document);
        };
        match &mut self.0 {
            Kind::Document(outline) => outline.feed(piece, seen),
            Kind::Events(events) => events.observe(piece, seen),
            Kind::StrippedEvents(events) => return events.strip(piece, keep),
        }
        piece.clone()
    }

    /// Ends the answer, and returns what was held back and is passed on.
    pub fn finish(&mut self, keep: impl FnMut(&str) -> bool) -> Bytes {
        match &mut self.0 {
            Kind::Document(_) => Bytes::new(),
            Kind::Events(events) | Kind::StrippedEvents(events) => events.finish(keep),
        }
    }

    /// Whether something was left out, or not understood.
    #[must_use]
    pub fn unseen(&self) -> bool {
        match &self.0 {
            Kind::Document(outline) => outline.cut(),
            Kind::Events(events) | Kind::StrippedEvents(events) => events.skipped(),
        }
    }

    /// Whether a document has begun, and what came last was not its end.
    #[must_use]
    pub fn broken_off(&self) -> bool {
        matches!(&self.0, Kind::Document(outline) if outline.broken_off())
    }
}
