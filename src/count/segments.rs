//! Where a text may be cut without a difference to its tokens.

/// A segment is about as long, if the text has a place to cut it there.
const LENGTH: usize = 2 * 1024;

/// So is a piece of a segment.
const PIECE: usize = 256;

/// A part of a text that has as many tokens there as it has alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'t> {
    pub(super) text: &'t str,
    pub(super) place: Place,
}

/// Where in a text a segment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At its beginning.
    First,
    /// Behind another one. It was the text's end when the text was shorter.
    Inner,
    /// At the end, behind another one: it ends elsewhere when the text has grown.
    End,
}

/// Cuts a text into segments that have together as many tokens as the text has, in every encoding.
///
/// Each ends where it ends whatever follows, so that of a text that has grown all segments but the last are the same again.
pub(super) fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    segments_of(LENGTH, text)
}

fn segments_of(length: usize, text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let before = rest.len();
        let (segment, after) = rest.split_at(cut(length, rest));
        rest = after;
        let place = match (before, after) {
            (before, _) if before == text.len() => Place::First,
            (_, "") => Place::End,
            _ => Place::Inner,
        };
        let segment = Segment {
            text: segment,
            place,
        };
        (!segment.text.is_empty()).then_some(segment)
    })
}

/// Cuts a segment into pieces, of which the same is true as of segments.
pub(super) fn pieces(segment: &str) -> impl Iterator<Item = &str> {
    segments_of(PIECE, segment).map(|piece| piece.text)
}

/// The end of the first segment: the last place to cut within the length, or else the first one after it.
fn cut(length: usize, text: &str) -> usize {
    if text.len() <= length {
        return text.len();
    }
    let bytes = text.as_bytes();
    let is_seam = |at: &usize| is_seam(bytes[*at - 1], bytes[*at]);
    let within = (1..=length).rev().find(is_seam);
    within
        .or_else(|| (length..bytes.len()).find(is_seam))
        .unwrap_or(text.len())
}

/// Whether no token reaches from one byte to the next, and none looks across.
///
/// That is so before a blank, if no white space comes before it; and after a line's end, unless white space follows, or a
/// slash, which punctuation takes along. Bytes beyond ASCII are left alone: some are of white space.
fn is_seam(before: u8, after: u8) -> bool {
    let is_plain = |byte: u8| byte.is_ascii() && !matches!(byte, b'\t'..=b'\r' | b' ');
    match (before, after) {
        (before, b' ' | b'\t') => is_plain(before),
        (b'\n', after) => is_plain(after) && after != b'/',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::count::text::counter;
    use crate::model::Encoding;

    #[test]
    fn a_text_that_grows_keeps_its_segments() {
        let text = "A line of words, and another one.\n".repeat(1000);
        let all: Vec<_> = segments(&text).collect();
        assert!(all.len() >= text.len() / LENGTH);
        assert!(all.iter().all(|segment| segment.text.len() <= LENGTH));
        let shorter: Vec<_> = segments(&text[..text.len() / 2]).collect();
        let same = shorter.len() - 1;
        assert_eq!(all[..same], shorter[..same]);
    }

    #[test]
    fn what_has_no_seam_is_one_segment() {
        let text = "x".repeat(3 * LENGTH);
        let whole = Segment {
            text: &text,
            place: Place::First,
        };
        assert_eq!(segments(&text).collect::<Vec<_>>(), [whole]);
        assert_eq!(segments("").count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn segments_have_the_tokens_of_the_text(
            parts in proptest::collection::vec("[ \t\r\n]{1,3}|[a-zA-Z']{1,5}|[0-9]{1,4}|[.,!?/(){}\u{301}\u{85}\u{a0}\u{3000}]{1,3}|\\PC", 0..40),
        ) {
            let text = parts.concat();
            let segments: Vec<_> = segments_of(5, &text).map(|segment| segment.text).collect();
            prop_assert_eq!(segments.concat(), text.clone());
            for encoding in [Encoding::O200k, Encoding::Cl100k] {
                let counter = counter(encoding);
                let sum: u64 = segments.iter().map(|segment| counter.count(segment)).sum();
                prop_assert_eq!(sum, counter.count(&text));
            }
        }
    }
}
