//! Names of counters and of holds.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// A counter's name.
///
/// It starts with the organization, and each part is percent-encoded, so that no name of a user, project or model
/// can be made to spell another's key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CounterKey(Arc<str>);

/// What may stand in a part as it is. `/` parts, `=` names and `%` escapes, so they may not.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b':')
    .remove(b'@');

impl CounterKey {
    /// Begins a key with its organization.
    #[must_use]
    pub(crate) fn builder(organization: &str) -> KeyBuilder {
        let mut key = String::with_capacity(ROOM);
        push_escaped(&mut key, organization);
        KeyBuilder(key)
    }

    /// A key of an organization and named parts, for stores of your own and their tests; a policy makes its keys itself.
    ///
    /// ```
    /// use tower_token_quota::store::CounterKey;
    ///
    /// let key = CounterKey::new("acme", &[("user", "al/ice")]);
    /// assert_eq!(key.as_str(), "acme/user=al%2Fice");
    /// ```
    #[must_use]
    pub fn new(organization: &str, parts: &[(&'static str, &str)]) -> Self {
        let begin = Self::builder(organization);
        let add = |key: KeyBuilder, &(name, value): &(_, _)| key.part(name, Some(value));
        parts.iter().fold(begin, add).build()
    }

    /// The key that [`as_str`](Self::as_str) has given, for stores that keep it elsewhere.
    #[cfg(feature = "redis")]
    pub(crate) fn from_encoded(key: String) -> Self {
        Self(key.into())
    }

    /// The organization that it begins with.
    #[must_use]
    pub fn organization(&self) -> Cow<'_, str> {
        decoded(self.0.split('/').next().unwrap_or_default())
    }

    /// The value of a named part, if it has that part.
    ///
    /// ```
    /// use tower_token_quota::store::CounterKey;
    ///
    /// let key = CounterKey::new("acme", &[("user", "al/ice")]);
    /// assert_eq!((key.organization(), key.part("user")), ("acme".into(), Some("al/ice".into())));
    /// assert_eq!(key.part("project"), None);
    /// ```
    #[must_use]
    pub fn part(&self, name: &str) -> Option<Cow<'_, str>> {
        let parts = self.0.split('/').skip(1);
        let mut named = parts.filter_map(|part| part.split_once('='));
        let (_, value) = named.find(|(its, _)| *its == name)?;
        Some(decoded(value))
    }

    /// The whole key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for CounterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// Most names need no escape and are copied as a whole.
fn push_escaped(key: &mut String, part: &str) {
    if part.bytes().all(stands_as_it_is) {
        key.push_str(part);
    } else {
        key.extend(utf8_percent_encode(part, ESCAPED));
    }
}

/// Whether a byte is none of [`ESCAPED`].
fn stands_as_it_is(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'@')
}

/// Parts that many keys have, encoded once for all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyParts(Box<str>);

impl KeyParts {
    pub(crate) fn new(parts: &[(&'static str, Option<&str>)]) -> Self {
        let none = KeyBuilder(String::new());
        let add = |key: KeyBuilder, &(name, value): &(_, _)| key.part(name, value);
        Self(parts.iter().fold(none, add).0.into())
    }
}

/// Puts a [`CounterKey`] together, part by part.
pub(crate) struct KeyBuilder(String);

/// Most keys are shorter.
const ROOM: usize = 160;

impl KeyBuilder {
    /// Adds a named part. A part that is absent differs from every part that is there, the empty one included.
    pub(crate) fn part(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.0.push('/');
        self.0.push_str(name);
        match value {
            Some(value) => self.value(value),
            None => self,
        }
    }

    /// Adds parts that are encoded.
    pub(crate) fn parts(mut self, parts: &KeyParts) -> Self {
        self.0.push_str(&parts.0);
        self
    }

    /// Gives the last part its value.
    pub(crate) fn value(mut self, value: &str) -> Self {
        self.0.push('=');
        push_escaped(&mut self.0, value);
        self
    }

    pub(crate) fn build(self) -> CounterKey {
        CounterKey(self.0.into())
    }
}

/// A hold's name: unique over all instances, made by us and never taken from a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(u128);

impl HoldId {
    /// An id from its number, for stores that keep it elsewhere and for tests.
    #[must_use]
    pub const fn from_u128(id: u128) -> Self {
        Self(id)
    }

    /// The id's number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes [`HoldId`]s: 64 random bits for this process, 64 that count.
#[derive(Debug)]
pub(crate) struct HoldIds {
    process: u64,
    next: AtomicU64,
}

impl HoldIds {
    /// # Panics
    /// When the operating system has no random numbers to give.
    pub(crate) fn new() -> Self {
        let process = getrandom::u64().expect("the operating system gives random numbers");
        Self {
            process,
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> HoldId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        HoldId((u128::from(self.process) << 64) | u128::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_as_a_whole_is_what_needs_no_escape() {
        for byte in 0..=0x7f {
            let text = char::from(byte).to_string();
            let escaped = utf8_percent_encode(&text, ESCAPED).to_string();
            assert_eq!(stands_as_it_is(byte), escaped == text, "{text:?}");
        }
        let key = CounterKey::new("ac/me", &[("user", "né=1%")]);
        assert_eq!(key.as_str(), "ac%2Fme/user=n%C3%A9%3D1%25");
    }
}
