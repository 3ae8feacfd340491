//! What matters in a string: its end, and escapes, which may be of quotes.

use memchr::memchr2;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// In so many words of eight bytes most keys and other short strings end. To look at these in place takes less time than any call.
const NEAR: usize = 3;

/// What comes behind the string that this place is in, and whether there are escapes in it. That it is a string is known.
#[inline]
pub(in crate::api) fn behind_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match near_end(bytes.get(at..)?, quote_or_backslash_in_word) {
        Some(end) => Some((at + end + 1, false)),
        None => behind_known_string(bytes, at),
    }
}

/// The same where nothing is known: nothing comes back if it is no string. Which characters its escapes stand for is not looked at.
#[inline]
pub(super) fn behind_judged_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match near_end(bytes.get(at..)?, special_in_word) {
        Some(end) => Some((at + end + 1, false)),
        None => behind_unknown_string(bytes, at),
    }
}

// The strings that are long or have escapes are apart, so that the others need no room for what is remembered of them.

#[inline(never)]
fn behind_known_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    behind_long_string(bytes, at, quote_or_backslash, |_| Some(2))
}

#[inline(never)]
fn behind_unknown_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    behind_long_string(bytes, at, special, escape)
}

/// Goes from one byte that is found to the next, and behind escapes, of which `escape` says how long they are.
#[inline]
fn behind_long_string(
    bytes: &[u8],
    mut at: usize,
    find: impl Fn(&[u8]) -> Option<usize>,
    escape: impl Fn(&[u8]) -> Option<usize>,
) -> Option<(usize, bool)> {
    let mut is_escaped = false;
    loop {
        let rest = bytes.get(at..)?;
        let found = find(rest)?;
        match rest[found] {
            b'"' => return Some((at + found + 1, is_escaped)),
            b'\\' => at += found + escape(&rest[found + 1..])?,
            _ => return None,
        }
        is_escaped = true;
    }
}

/// How long an escape is, by what follows its backslash.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' if rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit) => Some(6),
        _ => None,
    }
}

/// Where the next quote or backslash is.
pub(in crate::api) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    in_words(bytes, NEAR, quote_or_backslash_in_word).or_else(|| memchr2(b'"', b'\\', bytes))
}

/// Where the next byte is that does not stand for itself in a string: a quote, a backslash, or a control character, which may not
/// stand in one at all.
fn special(bytes: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let has_special =
        |block: &[u8; 64]| block.iter().fold(false, |has, byte| has | is_special(byte));
    // A long text is passed over in blocks: a block takes little more time than a word.
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk()
        && !has_special(block)
    {
        rest = after;
    }
    let passed = bytes.len() - rest.len();
    let end = in_words(rest, usize::MAX, special_in_word);
    Some(passed + end.or_else(|| rest.iter().position(is_special))?)
}

/// Where the quote is that ends a short string, if nothing else is found before it.
#[inline]
fn near_end(bytes: &[u8], find: impl Fn(u64) -> Option<usize>) -> Option<usize> {
    in_words(bytes, NEAR, find).filter(|&end| bytes[end] == b'"')
}

/// Where something is in the first words.
#[inline]
fn in_words(bytes: &[u8], most: usize, find: impl Fn(u64) -> Option<usize>) -> Option<usize> {
    let (words, _) = bytes.as_chunks();
    let mut words = words.iter().take(most).enumerate();
    words.find_map(|(nth, word)| Some(8 * nth + find(u64::from_le_bytes(*word))?))
}

/// Where the first quote or backslash is among eight bytes.
fn quote_or_backslash_in_word(word: u64) -> Option<usize> {
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
