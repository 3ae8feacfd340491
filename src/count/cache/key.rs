//! By what texts are known.

use std::hash::{BuildHasher, Hasher};

use highway::{HighwayHash, HighwayHasher};

use crate::model::Encoding;
use crate::random::random;

/// 128 bits of a keyed hash: nobody who does not have its secret can make two texts that share one.
pub(super) type Key = [u64; 2];

/// So many bytes are hashed at a time.
const BLOCK: usize = 32;

/// Makes keys of texts.
#[derive(Clone)]
pub(super) struct KeyMaker(HighwayHasher);

impl KeyMaker {
    /// One with a secret of its own.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    pub(super) fn secret() -> Self {
        let secret = highway::Key([random(), random(), random(), random()]);
        Self(HighwayHasher::new(secret))
    }

    /// The same for one owner's texts in one encoding.
    pub(super) fn of(&self, owner: &str, encoding: Encoding) -> Self {
        let mut hasher = self.0.clone();
        // In blocks as long as what is hashed at a time, so that no text is copied. How long the name is comes first: no text
        // goes on with it.
        let mut first = block(&owner.len().to_le_bytes());
        first[BLOCK - 1] = encoding as u8;
        hasher.append(&first);
        for part in owner.as_bytes().chunks(BLOCK) {
            hasher.append(&block(part));
        }
        Self(hasher)
    }

    pub(super) fn key(&self, text: &str) -> Key {
        let mut hasher = self.0.clone();
        hasher.append(text.as_bytes());
        hasher.finalize128()
    }
}

/// A block that begins with these bytes, of which there are no more than it takes.
fn block(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// A key is a hash already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FirstHalf(u64);

impl BuildHasher for FirstHalf {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for FirstHalf {
    fn write(&mut self, key: &[u8]) {
        if let Some(first) = key.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// An array says first how long it is.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_owner_encoding_and_text_has_a_key_of_its_own() {
        let secret = KeyMaker::secret();
        let text = "\0".repeat(4 * BLOCK);
        let encodings = [Encoding::O200k, Encoding::Cl100k];
        let key = |encoding, owner: usize, length: usize| {
            secret.of(&text[..owner], encoding).key(&text[..length])
        };
        let mut keys = HashSet::new();
        for encoding in encodings {
            for owner in 0..text.len() {
                for length in 0..text.len() {
                    assert!(
                        keys.insert(key(encoding, owner, length)),
                        "{owner}, {length}"
                    );
                }
            }
        }
    }
}
