//! Names of counters.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

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
        let mut keys = KeyBuilder::new(organization);
        for &(name, value) in parts {
            keys.part(name, Some(value));
        }
        keys.build()
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

/// Parts that many keys have, encoded once for all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyParts(Box<str>);

impl KeyParts {
    pub(crate) fn new(parts: &[(&'static str, Option<&str>)]) -> Self {
        let mut text = String::new();
        for &(name, value) in parts {
            push_part(&mut text, name, value);
        }
        Self(text.into())
    }
}

/// Puts the [`CounterKey`]s of an organization together, one after the other, part by part.
pub(crate) struct KeyBuilder {
    text: String,
    /// How long the part is that all of them begin with.
    organization: usize,
}

/// Most keys are shorter.
const ROOM: usize = 160;

impl KeyBuilder {
    pub(crate) fn new(organization: &str) -> Self {
        let mut text = String::with_capacity(ROOM);
        push_escaped(&mut text, organization);
        Self {
            organization: text.len(),
            text,
        }
    }

    /// Adds a named part. A part that is absent differs from every part that is there, the empty one included.
    pub(crate) fn part(&mut self, name: &'static str, value: Option<&str>) {
        push_part(&mut self.text, name, value);
    }

    /// Adds parts that are encoded, the last of them with a value.
    pub(crate) fn parts(&mut self, parts: &KeyParts, value: Option<&str>) {
        self.text.push_str(&parts.0);
        push_value(&mut self.text, value);
    }

    /// The key, after which the next one begins.
    pub(crate) fn build(&mut self) -> CounterKey {
        let key = CounterKey(self.text.as_str().into());
        self.text.truncate(self.organization);
        key
    }
}

fn push_part(key: &mut String, name: &'static str, value: Option<&str>) {
    key.push('/');
    key.push_str(name);
    push_value(key, value);
}

fn push_value(key: &mut String, value: Option<&str>) {
    if let Some(value) = value {
        key.push('=');
        push_escaped(key, value);
    }
}

/// Most names need no escape and are copied as a whole.
fn push_escaped(key: &mut String, part: &str) {
    if part.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        key.push_str(part);
    } else {
        key.extend(utf8_percent_encode(part, ESCAPED));
    }
}

/// Which bytes are none of [`ESCAPED`].
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 0x80_u8 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'@');
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_as_a_whole_is_what_needs_no_escape() {
        for byte in 0..=0x7f {
            let text = char::from(byte).to_string();
            let escaped = utf8_percent_encode(&text, ESCAPED).to_string();
            assert_eq!(PLAIN[usize::from(byte)], escaped == text, "{text:?}");
        }
        let key = CounterKey::new("ac/me", &[("user", "né=1%")]);
        assert_eq!(key.as_str(), "ac%2Fme/user=n%C3%A9%3D1%25");
    }
}
