//! Identifiers made of closures.

use std::fmt;
use std::future::Future;

use http::request::Parts;

use super::{Identification, Identify, JsonBody, Unidentified};
use crate::subject::Subject;

/// Identifies by a closure over the request's head.
///
/// ```
/// use tower_token_quota::{identify, Subject};
///
/// let by_path = identify::from_fn(|head| {
///     let tenant = head.uri.path().split('/').nth(1)?;
///     Some(Subject::user(tenant, "free"))
/// });
/// # let _ = by_path;
/// ```
#[must_use]
pub fn from_fn<F, A>(identify: F) -> FromFn<F>
where
    F: Fn(&Parts) -> A + Send + Sync + 'static,
    A: Into<Identification>,
{
    FromFn(identify)
}

/// See [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

impl<F, A> Identify for FromFn<F>
where
    F: Fn(&Parts) -> A + Send + Sync + 'static,
    A: Into<Identification>,
{
    fn identify(&self, head: &Parts) -> Identification {
        (self.0)(head).into()
    }
}

/// Identifies by an async closure over the request's head. What the future needs of the head it has to copy.
///
/// ```
/// use tower_token_quota::{identify, Subject};
/// use tower_token_quota::identify::Unidentified;
///
/// let by_session = identify::from_async_fn(|head| {
///     let cookie = head.headers.get("cookie").cloned();
///     async move {
///         let _cookie = cookie.ok_or_else(Unidentified::default)?;
///         // … ask the session store …
///         Ok(Subject::user("alice", "pro"))
///     }
/// });
/// # let _ = by_session;
/// ```
#[must_use]
pub fn from_async_fn<F, L>(identify: F) -> FromAsyncFn<F>
where
    F: Fn(&Parts) -> L + Send + Sync + 'static,
    L: Future<Output = Result<Subject, Unidentified>> + Send + 'static,
{
    FromAsyncFn(identify)
}

/// See [`from_async_fn`].
#[derive(Clone)]
pub struct FromAsyncFn<F>(F);

impl<F, L> Identify for FromAsyncFn<F>
where
    F: Fn(&Parts) -> L + Send + Sync + 'static,
    L: Future<Output = Result<Subject, Unidentified>> + Send + 'static,
{
    fn identify(&self, head: &Parts) -> Identification {
        Identification::Later(Box::pin((self.0)(head)))
    }
}

/// Identifies by a closure over the request's head and its JSON body.
///
/// The body is buffered before anybody is known, within the layer's bounds; prefer the head where it tells enough.
///
/// ```
/// use serde::Deserialize;
/// use tower_token_quota::{identify, Subject};
///
/// #[derive(Deserialize)]
/// struct Paying { user: String }
///
/// let by_user_field = identify::from_body(|_head, body| {
///     let Paying { user } = body.read().ok()?;
///     Some(Subject::user(user, "free"))
/// });
/// # let _ = by_user_field;
/// ```
#[must_use]
pub fn from_body<F, A>(identify: F) -> FromBody<F>
where
    F: Fn(&Parts, &JsonBody<'_>) -> A + Send + Sync + 'static,
    A: Into<Identification>,
{
    FromBody(identify)
}

/// See [`from_body`].
#[derive(Clone)]
pub struct FromBody<F>(F);

impl<F, A> Identify for FromBody<F>
where
    F: Fn(&Parts, &JsonBody<'_>) -> A + Send + Sync + 'static,
    A: Into<Identification>,
{
    fn identify(&self, _head: &Parts) -> Identification {
        Identification::NeedsBody
    }

    fn identify_by_body(&self, head: &Parts, body: &JsonBody<'_>) -> Identification {
        (self.0)(head, body).into()
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl<F> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

opaque_debug!(FromFn, FromAsyncFn, FromBody);
