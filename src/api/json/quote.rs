//! What matters in a string: its end, and escapes, which may be of quotes.

use memchr::memchr2;

use super::words::{near, quotes_and_backslashes, specials};

/// What comes behind the string that this place is in, and whether there are escapes in it. That it is a string is known.
#[inline(always)]
pub(super) fn behind_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match near(bytes, at, quotes_and_backslashes) {
        Some((end, b'"')) => Some((end + 1, false)),
        _ => behind_known_string(bytes, at),
    }
}

/// The same where nothing is known: nothing comes back if it is no string. Which characters its escapes stand for is not looked at.
#[inline(always)]
pub(super) fn behind_judged_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match near(bytes, at, specials) {
        Some((end, b'"')) => Some((end + 1, false)),
        _ => behind_unknown_string(bytes, at),
    }
}

// The strings that are long or have escapes are apart, so that the others need no room for what is remembered of them.

#[inline(never)]
fn behind_known_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    behind_long_string(bytes, at, |_| Some(2))
}

#[inline(never)]
fn behind_unknown_string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let found = behind_long_string(bytes, at, escape);
    found.filter(|&(behind, _)| has_no_controls(&bytes[at..behind]))
}

/// Goes from one quote or backslash to the next, and behind escapes, of which `escape` says how long they are.
#[inline]
fn behind_long_string(
    bytes: &[u8],
    mut at: usize,
    escape: impl Fn(&[u8]) -> Option<usize>,
) -> Option<(usize, bool)> {
    let mut is_escaped = false;
    loop {
        let rest = bytes.get(at..)?;
        let found = memchr2(b'"', b'\\', rest)?;
        if rest[found] == b'"' {
            return Some((at + found + 1, is_escaped));
        }
        at += found + escape(&rest[found + 1..])?;
        is_escaped = true;
    }
}

/// Whether there are none of the characters that must be escaped. To ask for the least takes less time than to ask for the first.
fn has_no_controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(u8::MAX, |least, &byte| least.min(byte)) >= b' '
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
    match near(bytes, 0, quotes_and_backslashes) {
        Some((at, _)) => Some(at),
        None => memchr2(b'"', b'\\', bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Goes byte by byte. Of a string that is known an escape is two bytes, whatever they are.
    fn naive(bytes: &[u8], is_known: bool) -> Option<(usize, bool)> {
        let (mut at, mut is_escaped) = (0, false);
        loop {
            at += match *bytes.get(at)? {
                b'"' => return Some((at + 1, is_escaped)),
                b'\\' => {
                    is_escaped = true;
                    if is_known {
                        2
                    } else {
                        escape(&bytes[at + 1..])?
                    }
                }
                0..b' ' if !is_known => return None,
                _ => 1,
            };
        }
    }

    proptest! {
        #[test]
        fn the_next_one_is_found_wherever_it_is(
            bytes in prop_oneof!["[ -~é\\PC]{0,60}", "[!\"#\\[\\\\\\]\u{22}\u{a2}\u{dc}]{0,24}"],
        ) {
            let naive = bytes.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(bytes.as_bytes()), naive);
        }

        #[test]
        fn a_string_ends_with_its_first_quote_that_is_not_escaped(
            text in "([ a-zé\u{7f}\u{a0}]{0,70}(\\\\[\"\\\\nu]|\\\\u00e9)?){0,3}[\"\u{0}-\u{1f}]?[ -~]{0,40}",
            from in 0_usize..9,
        ) {
            let bytes = text.as_bytes();
            prop_assert_eq!(behind_string(bytes, 0), naive(bytes, true));
            prop_assert_eq!(behind_judged_string(bytes, 0), naive(bytes, false));
            // Wherever it begins: a word may hold any part of it.
            let rest = bytes.get(from..).unwrap_or_default();
            let moved = naive(rest, false).map(|(end, is_escaped)| (from + end, is_escaped));
            prop_assert_eq!(behind_judged_string(bytes, from), moved);
        }
    }
}
