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
    pub fn sha256(mut self, hex: &str, subject: Subject) -> Result<Self, InvalidKeyHash> {
        let hash = KeyHash::from_hex(hex).ok_or(InvalidKeyHash)?;
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
pub struct InvalidKeyHash;

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
