//! API keys, kept as their hashes.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::Subject;

/// Who each API key belongs to.
///
/// Only the SHA-256 of a key is kept, so neither a memory dump nor a log shows one.
///
/// ```
/// use tower_token_quota::Subject;
/// use tower_token_quota::identify::ApiKeys;
///
/// let keys = ApiKeys::new().key("sk-alice", Subject::user("alice", "pro"));
/// assert_eq!(keys.lookup(b"sk-alice").and_then(Subject::user_name), Some("alice"));
/// assert_eq!(keys.lookup(b"sk-mallory"), None);
/// ```
#[derive(Clone, Default)]
pub struct ApiKeys {
    // Looking a hash up takes a time that depends on the hash of what was presented, which nobody can steer
    // towards a stored one without inverting SHA-256. So it says nothing about how close a guess came.
    subjects: HashMap<KeyHash, Subject>,
}

impl ApiKeys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. The same key again replaces its subject; an empty one belongs to nobody.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>, subject: Subject) -> Self {
        self.subjects.insert(KeyHash::of(key), subject);
        self
    }

    /// Adds a key by the 64 hexadecimal digits of its SHA-256.
    ///
    /// # Errors
    /// When it is anything but 64 hexadecimal digits.
    pub fn sha256(mut self, hex: &str, subject: Subject) -> Result<Self, BadHash> {
        let hash = KeyHash::from_hex(hex).ok_or(BadHash)?;
        self.subjects.insert(hash, subject);
        Ok(self)
    }

    /// Who a presented key belongs to.
    #[must_use]
    pub fn lookup(&self, presented: &[u8]) -> Option<&Subject> {
        let hash = KeyHash::of(presented);
        self.subjects.get(&hash).filter(|_| !presented.is_empty())
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subjects.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (KeyHash, Subject)> {
        self.subjects.into_iter()
    }

    /// Adds a hashed key; `false` if it was there already.
    pub(crate) fn insert(&mut self, hash: KeyHash, subject: Subject) -> bool {
        self.subjects.insert(hash, subject).is_none()
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeys({})", self.len())
    }
}

/// A hash that is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the SHA-256 of a key is 64 hexadecimal digits")]
pub struct BadHash;

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash([u8; 32]);

impl KeyHash {
    pub(crate) fn of(key: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(key).into())
    }

    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
        }
        Some(Self(hash))
    }

    /// Whether it is the hash of an empty key, which is what a client without one would present.
    pub(crate) fn is_of_nothing(self) -> bool {
        self == Self::of([])
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The SHA-256 of `abc`, from FIPS 180-2.
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn alice() -> Subject {
        Subject::user("alice", "pro")
    }

    #[test]
    fn a_key_is_known_by_its_hash_in_either_case() {
        for hex in [OF_ABC.to_owned(), OF_ABC.to_uppercase()] {
            let keys = ApiKeys::new().sha256(&hex, alice()).unwrap();
            assert_eq!(keys.lookup(b"abc"), Some(&alice()));
            assert_eq!(keys.lookup(hex.as_bytes()), None, "a hash is no key");
        }
    }

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        let digits = &OF_ABC[1..];
        for hex in [
            "",
            digits,
            &format!("{OF_ABC}0"),
            &format!("g{digits}"),
            &format!("+{digits}"),
            &format!("ü{}", &OF_ABC[2..]),
        ] {
            assert!(ApiKeys::new().sha256(hex, alice()).is_err(), "{hex}");
        }
    }

    #[test]
    fn the_same_key_again_replaces_its_subject() {
        let bob = Subject::user("bob", "free");
        let keys = ApiKeys::new()
            .key("abc", alice())
            .sha256(OF_ABC, bob.clone())
            .unwrap();
        assert_eq!((keys.len(), keys.lookup(b"abc")), (1, Some(&bob)));
    }

    #[test]
    fn an_empty_key_belongs_to_nobody() {
        let keys = ApiKeys::new().key("", alice());
        assert_eq!(keys.lookup(b""), None);
    }

    #[test]
    fn no_key_is_printed() {
        let keys = ApiKeys::new().key("sk-secret", alice());
        assert_eq!(
            format!("{keys:?} {:?}", KeyHash::of("sk-secret")),
            "ApiKeys(1) KeyHash"
        );
    }
}
