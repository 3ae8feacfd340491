//! A subject that stands in the request's extensions.

use std::marker::PhantomData;

use http::request::Parts;

use super::{Identification, Identify, Unidentified};
use crate::subject::Subject;

/// Identifies by a value of type `T` in the request's extensions: what an auth middleware outside of ours has put there.
/// In axum, the middleware is outside if its `.layer()` comes after ours.
///
/// `T` is [`Subject`], or any type that can be turned into one.
///
/// ```
/// use tower_token_quota::{identify, Subject};
///
/// #[derive(Clone)]
/// struct Account { name: String }
///
/// impl From<Account> for Subject {
///     fn from(account: Account) -> Self {
///         Subject::user(account.name, "pro")
///     }
/// }
///
/// let by_subject = identify::extension::<Subject>();
/// let by_account = identify::extension::<Account>();
/// # let _ = (by_subject, by_account);
/// ```
#[must_use]
pub fn extension<T>() -> Extension<T>
where
    T: Into<Subject> + Clone + Send + Sync + 'static,
{
    Extension(PhantomData)
}

/// See [`extension`].
#[derive(Debug, Clone, Copy)]
pub struct Extension<T>(PhantomData<fn() -> T>);

impl<T> Identify for Extension<T>
where
    T: Into<Subject> + Clone + Send + Sync + 'static,
{
    fn identify(&self, head: &Parts) -> Identification {
        match head.extensions.get::<T>() {
            Some(value) => Identification::Known(value.clone().into()),
            None => Identification::Unknown(Unidentified::new(
                "Nobody was authenticated before this call came to the quota.",
            )),
        }
    }
}
