//! Who pays: the [`Identify`] trait and the ready-made identifiers.
//!
//! | caller is known by | use |
//! | --- | --- |
//! | an API key | [`ApiKeys`] |
//! | the policy's `[keys]`, also after a reload | [`policy_keys`] |
//! | a [`Subject`] that an auth middleware put into the request's extensions | [`extension`] |
//! | a header that a trusted proxy sets | [`trusted_header`] |
//! | anything in the request's head | [`from_fn`], [`from_async_fn`] |
//! | something in the request's body | [`from_body`] |
//!
//! There is none by the peer's address: everyone behind one proxy would share a quota, and `X-Forwarded-For` is the caller's to write.

mod extension;
mod functions;
mod header;
mod keys;
mod presented;

pub use extension::{Extension, extension};
pub use functions::{FromAsyncFn, FromBody, FromFn, from_async_fn, from_body, from_fn};
pub use header::{TrustedHeader, trusted_header};
pub use keys::{ApiKeys, BadHash};

pub(crate) use keys::KeyHash;
pub use presented::{KEY_HEADERS, presented_key};

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use serde::Deserialize;

use crate::quota::Quota;
use crate::reject::{Rejection, RejectionKind};
use crate::subject::Subject;

/// Finds out who pays for a call.
///
/// It is asked with the request's head, before a byte of the body is read; an identifier that needs the body answers
/// [`Identification::NeedsBody`] and is asked again with it.
///
/// ```
/// use http::request::Parts;
/// use tower_token_quota::identify::{Identification, Identify};
/// use tower_token_quota::Subject;
///
/// struct Everyone;
///
/// impl Identify for Everyone {
///     fn identify(&self, _head: &Parts) -> Identification {
///         Identification::Known(Subject::user("everyone", "free"))
///     }
/// }
/// ```
pub trait Identify: Send + Sync + 'static {
    /// Says who it is by the request's head.
    fn identify(&self, head: &Parts) -> Identification;

    /// Says who it is by head and body, after [`Identification::NeedsBody`]. To need the body again is to know nobody.
    fn identify_by_body(&self, head: &Parts, body: &JsonBody<'_>) -> Identification {
        let _ = (head, body);
        Identification::unknown()
    }
}

/// The answer of an [`Identify`].
#[non_exhaustive]
pub enum Identification {
    /// It is known who pays.
    Known(Subject),
    /// Nobody who may call, or nobody can tell.
    Unknown(Unidentified),
    /// Only the body tells.
    NeedsBody,
    /// It has to be looked up.
    Later(Lookup),
}

/// A lookup that takes its time: a database, a token service.
pub type Lookup = Pin<Box<dyn Future<Output = Result<Subject, Unidentified>> + Send>>;

/// Why nobody was identified. Its text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unidentified {
    kind: RejectionKind,
    message: String,
}

impl Unidentified {
    /// Nobody we know: 401.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(RejectionKind::UnknownKey, message)
    }

    /// Somebody we know, who may not call: 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::of(RejectionKind::UnknownSubject, message)
    }

    /// Whoever it is, nobody can tell just now: 503, which clients try again.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::of(RejectionKind::IdentityUnavailable, message)
    }

    fn of(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl Default for Unidentified {
    /// Nobody we know, in the usual words.
    fn default() -> Self {
        Self::new("Incorrect or missing API key.")
    }
}

impl From<Unidentified> for Rejection {
    fn from(unidentified: Unidentified) -> Self {
        Self::new(unidentified.kind, unidentified.message)
    }
}

impl Identification {
    /// Nobody we know, in the usual words.
    #[must_use]
    pub fn unknown() -> Self {
        Self::Unknown(Unidentified::default())
    }
}

impl From<Subject> for Identification {
    fn from(subject: Subject) -> Self {
        Self::Known(subject)
    }
}

impl From<Option<Subject>> for Identification {
    fn from(subject: Option<Subject>) -> Self {
        subject.map_or_else(Self::unknown, Self::Known)
    }
}

impl From<Result<Subject, Unidentified>> for Identification {
    fn from(result: Result<Subject, Unidentified>) -> Self {
        result.map_or_else(Self::Unknown, Self::Known)
    }
}

impl fmt::Debug for Identification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(subject) => f.debug_tuple("Known").field(subject).finish(),
            Self::Unknown(unknown) => f.debug_tuple("Unknown").field(unknown).finish(),
            Self::NeedsBody => f.write_str("NeedsBody"),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// A request's JSON body, for an identifier that needs it.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<'a>(&'a str);

impl<'a> JsonBody<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The body's text: JSON of the called API's form, unless the caller sent something else, which he will be told of once he is
    /// known.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.0
    }

    /// Reads just the members that are needed.
    ///
    /// # Errors
    /// When the body does not have them in this form.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0)
    }
}

macro_rules! forward_identify {
    ($($pointer:ident),*) => {$(
        impl<T: Identify + ?Sized> Identify for $pointer<T> {
            fn identify(&self, head: &Parts) -> Identification {
                (**self).identify(head)
            }

            fn identify_by_body(&self, head: &Parts, body: &JsonBody<'_>) -> Identification {
                (**self).identify_by_body(head, body)
            }
        }
    )*};
}

forward_identify!(Arc, Box);

/// Identifies by the keys of the quota's current policy, so that a reloaded policy brings its keys with it.
#[must_use]
pub fn policy_keys(quota: &Quota) -> impl Identify + use<> {
    let quota = quota.clone();
    from_fn(move |head| {
        let policy = quota.policy();
        presented_key(head).and_then(|key| policy.keys().lookup(key.as_bytes()).cloned())
    })
}

impl Identify for ApiKeys {
    fn identify(&self, head: &Parts) -> Identification {
        let key = presented_key(head);
        key.and_then(|key| self.lookup(key.as_bytes()).cloned())
            .into()
    }
}

/// An identification under way. Ready answers are not boxed.
pub(crate) enum Identifying {
    Ready(Option<Result<Subject, Unidentified>>),
    Later(Lookup),
}

/// Nobody is known.
impl Default for Identifying {
    fn default() -> Self {
        Self::Ready(None)
    }
}

impl Identifying {
    /// Starts waiting for an answer; `None` if the body is needed.
    pub(crate) fn new(answer: Identification) -> Option<Self> {
        Some(match answer {
            Identification::Known(subject) => Self::Ready(Some(Ok(subject))),
            Identification::Unknown(unknown) => Self::Ready(Some(Err(unknown))),
            Identification::Later(lookup) => Self::Later(lookup),
            Identification::NeedsBody => return None,
        })
    }
}

impl Future for Identifying {
    type Output = Result<Subject, Unidentified>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(answer) => Poll::Ready(
                answer
                    .take()
                    .unwrap_or_else(|| Err(Unidentified::default())),
            ),
            Self::Later(lookup) => lookup.as_mut().poll(cx),
        }
    }
}
