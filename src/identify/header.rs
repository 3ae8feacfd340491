//! A user that a trusted proxy names in a header.

use http::HeaderName;
use http::request::Parts;

use super::{Identification, Identify};
use crate::subject::Subject;

/// Identifies by a header that names the user, set by a proxy that has authenticated him.
///
/// The proxy must remove the header from what it receives: whoever can set it can be anyone. A header that is
/// missing, empty, repeated or not UTF-8 identifies nobody.
///
/// ```
/// use http::HeaderName;
/// use tower_token_quota::{identify, Subject};
///
/// let identify = identify::trusted_header(HeaderName::from_static("x-user"), |user| {
///     Some(Subject::user(user, "free"))
/// });
/// # let _ = identify;
/// ```
#[must_use]
pub fn trusted_header<F>(name: HeaderName, subject: F) -> TrustedHeader<F>
where
    F: Fn(&str) -> Option<Subject> + Send + Sync + 'static,
{
    TrustedHeader { name, subject }
}

/// See [`trusted_header`].
#[derive(Debug, Clone)]
pub struct TrustedHeader<F> {
    name: HeaderName,
    subject: F,
}

impl<F> Identify for TrustedHeader<F>
where
    F: Fn(&str) -> Option<Subject> + Send + Sync + 'static,
{
    fn identify(&self, head: &Parts) -> Identification {
        let mut values = head.headers.get_all(&self.name).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Identification::unknown();
        };
        let user = std::str::from_utf8(value.as_bytes()).map(str::trim);
        let user = user.ok().filter(|user| !user.is_empty());
        user.and_then(&self.subject).into()
    }
}
