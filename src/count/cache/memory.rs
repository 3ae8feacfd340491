//! The counts of one owner's segments.

use super::Counts;
use super::key::KeyMaker;
use crate::count::count_text;
use crate::count::segments::{Place, Segment, pieces};
use crate::model::Encoding;

/// To count fewer bytes takes no longer than to look for them.
const SHORTEST: usize = 32;

/// What is known of one owner's texts in one encoding.
pub(in crate::count) struct Memory<'a> {
    /// It has read whose texts they are, and the encoding.
    pub(super) maker: KeyMaker,
    pub(super) counts: &'a Counts,
    pub(super) encoding: Encoding,
}

impl Memory<'_> {
    /// The tokens of a segment, and of how many of its bytes they were known; the rest is counted, and known from now on.
    pub(in crate::count) fn count(&self, segment: Segment<'_>) -> (u64, usize) {
        match segment.place {
            Place::First => self.count_with(segment.text, |text| self.count_fresh(text)),
            Place::Inner => self.count_with(segment.text, |text| self.count_beginning(text)),
            Place::End => self.count_end(segment.text),
        }
    }

    fn count_fresh(&self, text: &str) -> (u64, usize) {
        (count_text(self.encoding, text), 0)
    }

    /// Counts the end of a text piece by piece, so that little is counted again when the text has grown.
    fn count_end(&self, text: &str) -> (u64, usize) {
        let counts =
            pieces(text).map(|piece| self.count_with(piece, |piece| self.count_fresh(piece)));
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
            } else if let Some(found) = self.counts.peek(&self.maker.key(piece)) {
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
            return self.count_fresh(text);
        }
        let key = self.maker.key(text);
        if let Some(tokens) = self.counts.get(&key) {
            return (u64::from(tokens), text.len());
        }
        let (tokens, known) = count(text);
        if let Ok(tokens) = u32::try_from(tokens) {
            self.counts.insert(key, tokens);
        }
        (tokens, known)
    }
}
