//! What an admitted answer tells of the limits: OpenAI's or Anthropic's headers, the IETF draft's, and ours.
//!
//! All of it is known once the reservation is made, so streams carry it too.

mod draft;
mod fields;
mod slots;
mod time;

pub use fields::Fields;

pub(crate) use slots::{anthropic_headers, openai_headers};
pub(crate) use time::{rfc3339, rfc3339_text, seconds_text};

use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

use crate::api::Api;
use crate::policy::{Enforcement, Unit, Window};
use crate::store::Balance;

/// A limit that an admitted call was charged on, as it stood after the charge.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LimitView<'a> {
    /// The limit's id.
    pub id: &'a str,
    /// What it counts.
    pub unit: Unit,
    /// Over which time.
    pub window: Window,
    /// Whether it refuses.
    pub enforcement: Enforcement,
    /// The counter.
    pub balance: Balance,
    /// When it stood so, in microseconds since the Unix epoch.
    pub at: i64,
}

impl<'a> LimitView<'a> {
    /// A limit that refuses, as it stood then, for the tests of an API.
    #[must_use]
    pub fn new(id: &'a str, unit: Unit, window: Window, balance: Balance, at: i64) -> Self {
        Self {
            id,
            unit,
            window,
            enforcement: Enforcement::Hard,
            balance,
            at,
        }
    }
}

/// Replaces the provider's rate-limit headers, which describe our account with it, by the caller's own: in the words of the called
/// API, if it is one, and in the IETF draft's.
///
/// Behind them stands what `tell` adds.
pub(crate) fn admitted_headers(
    headers: &mut HeaderMap,
    api: Option<&dyn Api>,
    limits: &[LimitView<'_>],
    tell: impl FnOnce(&mut Fields),
) {
    let mut fields = Fields::with_room(draft::room(limits) + SLOTS_AND_OURS);
    match api {
        Some(api) => api.limit_headers(limits, &mut fields),
        None => openai_headers(limits, &mut fields),
    }
    draft::write(&mut fields, limits);
    tell(&mut fields);
    remove_providers(headers, &fields);
    fields.insert_into(headers);
}

/// The slots and our own fields take about so many bytes.
const SLOTS_AND_OURS: usize = 128;

/// Families of headers in which providers describe our account with them, and ours, should they say such things too.
const PROVIDERS: [&str; 6] = [
    "x-quota-",
    "x-ratelimit-",
    "ratelimit",
    "x-rate-limit-",
    "anthropic-ratelimit-",
    "anthropic-priority-",
];

fn remove_providers(headers: &mut HeaderMap, ours: &Fields) {
    let theirs = |name: &HeaderName| {
        PROVIDERS
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
    };
    let names: SmallVec<[_; 8]> = headers
        .keys()
        .filter(|name| theirs(name))
        .map(|name| ours.shared_name(name))
        .collect();
    for name in names {
        headers.remove(&*name);
    }
}

#[cfg(test)]
mod tests;
