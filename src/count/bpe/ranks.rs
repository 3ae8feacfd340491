//! The vocabulary: the rank of each token, by its bytes.

use std::collections::HashMap;
use std::ops::Range;

use rustc_hash::FxBuildHasher;

/// Signed, since the least of many such is found faster.
pub(super) type Rank = i32;

/// What is no token ranks after all that are.
pub(super) const NONE: Rank = Rank::MAX;

/// Hashing is quick and keyed by nothing: what is in the tables is not for callers to say.
type Table<K> = HashMap<K, Rank, FxBuildHasher>;

/// Up to so many bytes are looked up as one number, which has their number in its first byte.
const SHORT: usize = 7;
const MEDIUM: usize = 15;

/// The filter has 2^20 bits, 128 KiB: of what is no token, it lets one in ten pass.
const FILTER_BITS: u32 = 20;

pub(super) struct Ranks {
    pairs: Box<[Rank]>,
    short: Table<u64>,
    medium: Table<(u64, u64)>,
    long: Table<Box<[u8]>>,
    longest: usize,
    /// A bit for each of the short ones, by a hash: most of what is looked up is no token, and this says so out of the processor's cache.
    known: Box<[u64]>,
}

impl Ranks {
    /// The ranks of tokens that come in their order.
    pub(super) fn new(tokens: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut ranks = Self {
            pairs: vec![NONE; 1 << 16].into(),
            short: Table::default(),
            medium: Table::default(),
            long: Table::default(),
            longest: 0,
            known: vec![0; 1 << (FILTER_BITS - 6)].into(),
        };
        for (rank, token) in (0..).zip(tokens) {
            ranks.add(token, rank);
        }
        ranks
    }

    fn add(&mut self, token: Vec<u8>, rank: Rank) {
        let len = token.len();
        self.longest = self.longest.max(len);
        if let [first, second] = *token {
            self.pairs[pair(first, second)] = rank;
        }
        if len <= SHORT {
            let (word, bit) = place(short(&token, len));
            self.known[word] |= bit;
            self.short.insert(short(&token, len), rank);
        } else if len <= MEDIUM {
            self.medium.insert(medium(&token, len), rank);
        } else {
            self.long.insert(token.into(), rank);
        }
    }

    /// The rank of the token that stands there in a text.
    #[inline]
    pub(super) fn of(&self, text: &[u8], span: Range<usize>) -> Rank {
        let (len, rest) = (span.len(), &text[span.start..]);
        let known = if len <= SHORT {
            let key = short(rest, len);
            let (word, bit) = place(key);
            if self.known[word] & bit == 0 {
                return NONE;
            }
            self.short.get(&key)
        } else if len <= MEDIUM {
            self.medium.get(&medium(rest, len))
        } else if len <= self.longest {
            self.long.get(&rest[..len])
        } else {
            None
        };
        known.copied().unwrap_or(NONE)
    }

    /// Whether what stands there is a token: each byte is one.
    #[inline]
    pub(super) fn has(&self, text: &[u8], span: Range<usize>) -> bool {
        span.len() == 1 || self.of(text, span) != NONE
    }

    /// The rank of a token of two bytes.
    #[inline]
    pub(super) fn of_pair(&self, first: u8, second: u8) -> Rank {
        self.pairs[pair(first, second)]
    }
}

/// Which bit is a short token's.
#[inline]
fn place(key: u64) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// The first `len` bytes of a text, up to [`SHORT`], as a number.
#[inline]
fn short(text: &[u8], len: usize) -> u64 {
    let bytes = word(text) & ((1 << (8 * len)) - 1);
    bytes | (len as u64) << 56
}

/// The first `len` bytes of a text, more than [`SHORT`] and up to [`MEDIUM`], as two numbers.
#[inline]
fn medium(text: &[u8], len: usize) -> (u64, u64) {
    (word(text), short(&text[8..], len - 8))
}

/// The next eight bytes: most tokens have others behind them, which are read with them and then cut off.
#[inline]
fn word(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => {
            let mut chunk = [0; 8];
            chunk[..text.len()].copy_from_slice(text);
            u64::from_le_bytes(chunk)
        }
    }
}
