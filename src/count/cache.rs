//! What was counted before: clients send their history again with each turn.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use highway::{HighwayHash, HighwayHasher};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::count_text;
use super::segments::{Segment, pieces, segments};
use crate::model::Encoding;
use crate::random::random;

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
    hasher: HighwayHasher,
    counts: Option<Counts>,
}

type Counts = Cache<Key, u32, UnitWeighter, FirstHalf, DefaultLifecycle<Key, u32>>;

/// 128 bits.
type Key = [u64; 2];

/// Memory for a count, with its share of the places that wait for others and of the table.
const ENTRY: usize = 96;

/// So many bytes are hashed at a time.
const BLOCK: usize = 32;

/// To count fewer bytes takes no longer than to look for them.
const SHORTEST: usize = 32;

/// What is known of one owner's texts.
#[derive(Clone)]
pub(crate) struct Known<'a> {
    hasher: &'a HighwayHasher,
    counts: &'a Counts,
    owner: &'a str,
}

/// What is known of one owner's texts in one encoding.
pub(super) struct Counter<'a> {
    /// It has read whose texts they are, and the encoding.
    hasher: HighwayHasher,
    counts: &'a Counts,
    encoding: Encoding,
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
        let key = highway::Key([random(), random(), random(), random()]);
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
            hasher: HighwayHasher::new(key),
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
        let known = known.as_ref().map(|known| known.counter(encoding));
        let count = |segment: Segment<'_>| match &known {
            Some(known) => known.count(segment).0,
            None => count_text(encoding, segment.text),
        };
        texts.into_iter().flat_map(segments).map(count).sum()
    }

    /// What is known of an owner's texts.
    pub(crate) fn of<'a>(&'a self, owner: &'a str) -> Option<Known<'a>> {
        Some(Known {
            hasher: &self.hasher,
            counts: self.counts.as_ref()?,
            owner,
        })
    }
}

impl<'a> Known<'a> {
    pub(super) fn counter(&self, encoding: Encoding) -> Counter<'a> {
        let owner = self.owner.as_bytes();
        let mut hasher = self.hasher.clone();
        // In blocks as long as what is hashed at a time, so that no text is copied. How long the name is comes first: no text
        // goes on with it.
        let mut block = [0; BLOCK];
        block[0] = encoding as u8;
        block[8..16].copy_from_slice(&(owner.len() as u64).to_le_bytes());
        hasher.append(&block);
        for part in owner.chunks(BLOCK) {
            let mut block = [0; BLOCK];
            block[..part.len()].copy_from_slice(part);
            hasher.append(&block);
        }
        Counter {
            hasher,
            counts: self.counts,
            encoding,
        }
    }
}

impl Counter<'_> {
    /// The tokens of a segment, and of how many of its bytes they were known; the rest is counted, and known from now on.
    pub(super) fn count(&self, segment: Segment<'_>) -> (u64, usize) {
        if segment.is_end {
            return self.count_end(segment.text);
        }
        let beginning = |text| self.count_beginning(text);
        self.count_with(segment.text, beginning)
    }

    /// Counts the end of a text piece by piece, so that little is counted again when the text has grown.
    fn count_end(&self, text: &str) -> (u64, usize) {
        let fresh = |piece| (count_text(self.encoding, piece), 0);
        let counts = pieces(text).map(|piece| self.count_with(piece, fresh));
        counts.fold((0, 0), |(tokens, known), (more, more_known)| {
            (tokens + more, known + more_known)
        })
    }

    /// Counts a segment that is not known: where a text has grown, its first pieces are, since they were the text's end. They are
    /// not needed again.
    fn count_beginning(&self, text: &str) -> (u64, usize) {
        let (mut tokens, mut known, mut at) = (0, 0, 0);
        // All of it is known not to be known.
        for piece in pieces(text).take_while(|piece| piece.len() < text.len()) {
            if piece.len() < SHORTEST {
                tokens += count_text(self.encoding, piece);
            } else if let Some(found) = self.counts.peek(&self.key(piece)) {
                tokens += u64::from(found);
                known += piece.len();
            } else {
                break;
            }
            at += piece.len();
        }
        (tokens + count_text(self.encoding, &text[at..]), known)
    }

    /// Looks for a text's count, or else has it counted and remembers it.
    fn count_with<'t>(
        &self,
        text: &'t str,
        count: impl FnOnce(&'t str) -> (u64, usize),
    ) -> (u64, usize) {
        if text.len() < SHORTEST {
            return (count_text(self.encoding, text), 0);
        }
        let key = self.key(text);
        if let Some(tokens) = self.counts.get(&key) {
            return (u64::from(tokens), text.len());
        }
        let (tokens, known) = count(text);
        if let Ok(tokens) = u32::try_from(tokens) {
            self.counts.insert(key, tokens);
        }
        (tokens, known)
    }

    fn key(&self, text: &str) -> Key {
        let mut hasher = self.hasher.clone();
        hasher.append(text.as_bytes());
        hasher.finalize128()
    }
}

impl fmt::Debug for CountCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.counts.as_ref().map_or(0, Cache::len);
        write!(f, "CountCache({len})")
    }
}

/// A key is a hash already.
#[derive(Debug, Clone, Copy, Default)]
struct FirstHalf(u64);

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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ENCODING: Encoding = Encoding::O200k;

    fn text(number: usize) -> String {
        format!("Text number {number} is long enough to be remembered.")
    }

    fn whole(text: &str) -> Segment<'_> {
        Segment {
            text,
            is_end: false,
        }
    }

    fn is_known(cache: &CountCache, owner: &str, number: usize) -> bool {
        let text = text(number);
        let (tokens, known) = cache
            .of(owner)
            .unwrap()
            .counter(ENCODING)
            .count(whole(&text));
        assert_eq!(tokens, count_text(ENCODING, &text));
        known > 0
    }

    #[test]
    fn each_owner_and_encoding_has_counts_of_its_own() {
        let cache = CountCache::new(1 << 20);
        assert!(!is_known(&cache, "a", 1));
        assert!(is_known(&cache, "a", 1));
        assert!(!is_known(&cache, "b", 1));
        let known = cache.of("a").unwrap().counter(Encoding::Cl100k);
        let text = text(1);
        assert_eq!(known.count(whole(&text)).1, 0);
        assert_eq!(known.count(whole(&text)).1, text.len());
    }

    #[test]
    fn owners_whose_names_begin_alike_share_nothing() {
        let cache = CountCache::new(1 << 20);
        let long = "x".repeat(BLOCK);
        let names = ["", "\0", "a", "a\0", &long, &(long.clone() + "\0")];
        for was_asked in [false, true] {
            assert_eq!(
                names.map(|owner| is_known(&cache, owner, 1)),
                [was_asked; 6]
            );
        }
    }

    #[test]
    fn memory_is_bounded_however_many_texts_come() {
        for bytes in [100_000, 1 << 20] {
            let cache = CountCache::new(bytes);
            for number in 0..40_000 {
                is_known(&cache, "a", number);
            }
            let used = cache.counts.as_ref().unwrap().memory_used();
            let used = used.entries + used.map;
            assert!(used <= bytes, "{used} of {bytes}");
        }
    }

    #[test]
    fn of_a_text_that_grows_little_is_counted_again() {
        let sentence = |number| format!("This is sentence {number} of a text that grows. ");
        grow(&(0..300).map(sentence).collect::<String>(), 300);
        // An address has no place to cut it, and what comes before it is too short to be remembered.
        let sentence = |number: u32| {
            let address = format!("{number}/").repeat(100);
            format!("see {address} ")
        };
        grow(&(0..60).map(sentence).collect::<String>(), 700);
    }

    /// Counts a text each time it has grown; of what was there before, so much at the most is counted again.
    fn grow(text: &str, again: usize) {
        let cache = CountCache::new(1 << 20);
        let known = cache.of("a").unwrap().counter(ENCODING);
        let mut before = 0;
        for end in (5000..text.len()).step_by(700) {
            let text = &text[..end];
            let counts = segments(text).map(|segment| known.count(segment));
            let sum = |sum: (u64, usize), count: (u64, usize)| (sum.0 + count.0, sum.1 + count.1);
            let (tokens, known) = counts.fold((0, 0), sum);
            assert_eq!(tokens, count_text(ENCODING, text));
            assert!(
                known <= before && before <= known + again,
                "{known} of {before}"
            );
            before = end;
        }
    }

    #[test]
    fn a_flood_of_new_texts_leaves_what_others_ask_for() {
        let cache = CountCache::new(1 << 20);
        for _ in 0..3 {
            for number in 0..100 {
                is_known(&cache, "victim", number);
            }
        }
        for number in 0..40_000 {
            is_known(&cache, "flood", number);
        }
        let left = (0..100).filter(|number| is_known(&cache, "victim", *number));
        assert!(left.count() >= 95);
    }

    #[test]
    fn a_cache_without_memory_counts_all_the_same() {
        let cache = CountCache::new(0);
        let text = text(1);
        assert_eq!(
            cache.count_text("a", ENCODING, &text),
            count_text(ENCODING, &text)
        );
    }
}
