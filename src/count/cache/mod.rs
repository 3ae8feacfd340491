//! What was counted before: clients send their history again with each turn.

mod key;
mod memory;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fmt;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use self::key::{FirstHalf, Key, KeyMaker};
use super::texts::count_texts;
use crate::model::Encoding;

pub(super) use self::memory::Memory;

/// Counts of texts, so that none is counted twice; safe for use by many threads, and shared by reference.
///
/// Texts are cut into segments of about 2 KiB where that makes no difference, so that of a text that grew only what is new is
/// counted. No text is kept: segments are known by a hash of 128 bits, keyed with a secret of the cache's own, so that nobody can
/// make two that share one. Memory is bounded, and what was asked for twice outlasts what was asked for once: who sends ever new
/// texts drives out others that nobody asks for.
///
/// A [`Quota`](crate::Quota) has [its own](crate::Quota::count_cache).
///
/// ```
/// use tower_token_quota::count::{CountCache, count_text};
/// use tower_token_quota::model::Encoding;
///
/// let cache = CountCache::new(CountCache::DEFAULT_BYTES);
/// let text = "A text that is as long as those of chats are. ".repeat(100);
/// for _ in 0..2 {
///     let tokens = cache.count_text("organization", Encoding::O200k, &text);
///     assert_eq!(tokens, count_text(Encoding::O200k, &text));
/// }
/// ```
pub struct CountCache {
    maker: KeyMaker,
    counts: Option<Counts>,
}

type Counts = Cache<Key, u32, UnitWeighter, FirstHalf, DefaultLifecycle<Key, u32>>;

/// Memory for a count, with its share of the places that wait for others and of the table.
const ENTRY: usize = 96;

/// What is known of one owner's texts.
#[derive(Clone)]
pub(crate) struct Known<'a> {
    maker: &'a KeyMaker,
    counts: &'a Counts,
    owner: &'a str,
}

impl CountCache {
    /// 16 MiB: counts of some 170,000 segments, or pieces of them.
    pub const DEFAULT_BYTES: usize = 16 << 20;

    /// A cache that takes at most so many bytes; it remembers nothing if they are too few for anything.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let entries = bytes / ENTRY;
        let counts = || {
            Cache::with(
                entries,
                entries as u64,
                UnitWeighter,
                FirstHalf::default(),
                DefaultLifecycle::default(),
            )
        };
        Self {
            maker: KeyMaker::secret(),
            counts: (entries > 0).then(counts),
        }
    }

    /// The tokens of a text, as [`count_text`](crate::count::count_text) counts them. What one owner's texts have been counted for
    /// is of no use to another: so nobody learns, by how long it takes, what others have sent.
    #[must_use]
    pub fn count_text(&self, owner: &str, encoding: Encoding, text: &str) -> u64 {
        self.count_texts(owner, encoding, [text])
    }

    /// The tokens of some texts of one owner, each for itself.
    #[must_use]
    pub fn count_texts<'t>(
        &self,
        owner: &str,
        encoding: Encoding,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> u64 {
        let known = self.of(owner);
        let memory = known.map(|known| known.memory(encoding));
        count_texts(encoding, memory.as_ref(), texts.into_iter(), |_| false).tokens
    }

    /// What is known of an owner's texts.
    pub(crate) fn of<'a>(&'a self, owner: &'a str) -> Option<Known<'a>> {
        Some(Known {
            maker: &self.maker,
            counts: self.counts.as_ref()?,
            owner,
        })
    }
}

impl<'a> Known<'a> {
    pub(super) fn memory(&self, encoding: Encoding) -> Memory<'a> {
        Memory {
            maker: self.maker.of(self.owner, encoding),
            counts: self.counts,
            encoding,
        }
    }
}

impl fmt::Debug for CountCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.counts.as_ref().map_or(0, Cache::len);
        write!(f, "CountCache({len})")
    }
}
