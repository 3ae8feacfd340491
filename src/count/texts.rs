//! Tokens of an input's texts.

use super::cache::Memory;
use super::count_text;
use super::segments::segments;
use crate::model::Encoding;

/// After so many bytes it is asked again whether to count on.
const ASKED_EVERY: usize = 16 * 1024;

/// Tokens of texts in one encoding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Texts {
    pub(super) tokens: u64,
    /// Not all were counted.
    pub(super) is_cut: bool,
    pub(super) tally: CountTally,
}

/// Bytes of texts that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CountTally {
    /// Those whose count was known.
    pub(crate) known: u64,
    /// Those that were not.
    pub(crate) fresh: u64,
}

/// Counts texts, as far as their counts are not known, until those counted are enough or there are no more.
pub(super) fn count_texts<'t>(
    encoding: Encoding,
    memory: Option<&Memory<'_>>,
    texts: impl Iterator<Item = &'t str>,
    is_enough: impl Fn(u64) -> bool,
) -> Texts {
    let (mut counted, mut unasked) = (Texts::default(), 0);
    for segment in texts.flat_map(segments) {
        if unasked >= ASKED_EVERY && is_enough(counted.tokens) {
            counted.is_cut = true;
            break;
        }
        let bytes = segment.text.len();
        unasked = unasked % ASKED_EVERY + bytes;
        let (tokens, known) = match memory {
            Some(memory) => memory.count(segment),
            None => (count_text(encoding, segment.text), 0),
        };
        counted.tokens += tokens;
        counted.tally.known += known as u64;
        counted.tally.fresh += (bytes - known) as u64;
    }
    counted
}
