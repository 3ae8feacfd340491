//! What matters in a string: its end, and escapes, which may be of quotes.

use memchr::memchr2;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// What comes behind the string that this place is in, and whether there are escapes in it.
#[inline]
pub(in crate::api) fn behind_string(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut is_escaped = false;
    loop {
        let rest = bytes.get(at..)?;
        let end = quote_or_backslash(rest)?;
        if rest[end] == b'"' {
            return Some((at + end + 1, is_escaped));
        }
        is_escaped = true;
        at += end + 2;
    }
}

/// Where the next quote or backslash is.
///
/// Most strings are keys and other words, so the first bytes are looked at in place: to call `memchr2` takes longer. The rest is left
/// to it.
#[inline]
pub(in crate::api) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    in_words(bytes, 3, in_word, |rest| memchr2(b'"', b'\\', rest))
}

/// Where the next byte is that does not stand for itself in a string: a quote, a backslash, or a control character, which may not
/// stand in one at all.
#[inline]
pub(super) fn special(bytes: &[u8]) -> Option<usize> {
    in_words(bytes, 4, special_in_word, far_special)
}

/// The same of a long text, which is passed over in blocks: a block takes little more time than a word.
fn far_special(bytes: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let has_special =
        |block: &[u8; 64]| block.iter().fold(false, |has, byte| has | is_special(byte));
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk()
        && !has_special(block)
    {
        rest = after;
    }
    let passed = bytes.len() - rest.len();
    Some(passed + rest.iter().position(is_special)?)
}

/// Where something is in the first words, or in what follows these.
#[inline(always)]
fn in_words(
    bytes: &[u8],
    most: usize,
    in_word: impl Fn(u64) -> Option<usize>,
    far: impl FnOnce(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let (mut near, mut rest) = (0, bytes);
    while let Some((word, after)) = rest.split_first_chunk()
        && near < 8 * most
    {
        if let Some(at) = in_word(u64::from_le_bytes(*word)) {
            return Some(near + at);
        }
        (near, rest) = (near + 8, after);
    }
    Some(near + far(rest)?)
}

/// Where the first of them is among eight bytes.
fn in_word(word: u64) -> Option<usize> {
    first(quotes_and_backslashes(word))
}

fn special_in_word(word: u64) -> Option<usize> {
    // All control characters are below a space, and so have none of the upper three bits.
    let controls = zeros(word & (ONES * 0b1110_0000));
    first(quotes_and_backslashes(word) | controls)
}

fn quotes_and_backslashes(word: u64) -> u64 {
    zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')))
}

/// Sets the highest bit of each byte that is zero. The lowest bit that is set is that of the first one; those above it may be wrong.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

fn first(found: u64) -> Option<usize> {
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_them_is_found_wherever_it_is(
            bytes in prop_oneof!["[ -~é\\PC]{0,40}", "[!\"#\\[\\\\\\]\u{22}\u{a2}\u{dc}]{0,24}"],
        ) {
            let naive = bytes.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(bytes.as_bytes()), naive);
        }

        #[test]
        fn the_first_that_does_not_stand_for_itself_is_found_wherever_it_is(
            bytes in prop_oneof!["[ -~é\\PC]{0,40}", "[ a-zé\u{7f}\u{a0}]{0,90}[\"\\\\\u{0}-\u{1f}]?[ -~]{0,40}"],
        ) {
            let naive = bytes.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
            prop_assert_eq!(special(bytes.as_bytes()), naive);
        }
    }
}
