//! An answer by which the provider limits our account: it is read for what it says, and told of once.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::provider::ProviderLimit;
use crate::quota::{Engine, Hold};
use crate::subject::Subject;
use crate::watch::Event;

/// An error's body is short. What is longer is not looked into.
const MOST: usize = 64 * 1024;

/// What is to be told of such an answer, and as much of it as has come.
pub(super) struct Limited {
    engine: Arc<Engine>,
    subject: Subject,
    model: Arc<str>,
    status: StatusCode,
    pub(super) replied: bool,
    body: Vec<u8>,
    is_too_long: bool,
}

impl Limited {
    pub(super) fn new(hold: &Hold, status: StatusCode) -> Option<Self> {
        Some(Self {
            engine: hold.engine().clone(),
            subject: hold.subject()?.clone(),
            model: hold.canonical_model()?.canonical().into(),
            status,
            replied: false,
            body: Vec::new(),
            is_too_long: false,
        })
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.body.len() + bytes.len() > MOST;
        if self.is_too_long {
            self.body = Vec::new();
        } else {
            self.body.extend_from_slice(bytes);
        }
    }

    /// Whether nothing more is wanted of the body.
    pub(super) fn is_full(&self) -> bool {
        self.is_too_long
    }

    pub(super) fn tell(self) {
        let reason = ProviderLimit::of(self.status, &self.body);
        self.engine.tell(|| Event::ProviderLimited {
            subject: self.subject,
            model: self.model,
            status: self.status.as_u16(),
            reason,
            replied: self.replied,
        });
    }
}

impl fmt::Debug for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
