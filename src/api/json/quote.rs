//! What matters in a string: its end, and escapes, which may be of quotes.

use memchr::memchr2;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Where the next quote or backslash is.
///
/// Most strings are keys and other words, so the first bytes are looked at in place: to call `memchr2` takes longer. The rest is left
/// to it.
pub(in crate::api) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let mut near = 0;
    let mut rest = bytes;
    while let (Some((word, after)), true) = (rest.split_first_chunk(), near < 16) {
        if let Some(at) = in_word(u64::from_le_bytes(*word)) {
            return Some(near + at);
        }
        near += 8;
        rest = after;
    }
    Some(near + memchr2(b'"', b'\\', rest)?)
}

/// Where the first of them is among eight bytes.
fn in_word(word: u64) -> Option<usize> {
    // The lowest bit that is set is that of the first byte that is zero; those above it may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
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
    }
}
