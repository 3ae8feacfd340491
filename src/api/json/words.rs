//! Eight bytes at a time.
//!
//! What is found is the highest bit of each byte that is looked for. The lowest bit that is set is right; those above it may be wrong.

/// In so many words most keys and other short strings end. To look at these in place takes less time than any call.
const NEAR: usize = 4;

const HIGHS: u64 = all(0x80);

/// Eight bytes of this kind.
pub(super) const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The eight bytes that stand here, if there are so many.
#[inline(always)]
pub(super) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Where something is found in the first words from here on, and which byte it is.
#[inline(always)]
pub(super) fn near(bytes: &[u8], mut at: usize, find: impl Fn(u64) -> u64) -> Option<(usize, u8)> {
    for _ in 0..NEAR {
        let word = word_at(bytes, at)?;
        let found = find(word);
        if found != 0 {
            let byte = word >> (first(found) * 8);
            return Some((at + first(found), byte as u8));
        }
        at += 8;
    }
    None
}

/// The place of the next quote or bracket outside of strings, or one before it.
#[inline(always)]
pub(super) fn up_to_mark(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        let found = quotes_and_brackets(word);
        if found != 0 {
            return at + first(found);
        }
        at += 8;
    }
    at
}

fn first(found: u64) -> usize {
    found.trailing_zeros() as usize / 8
}

pub(super) fn quotes_and_backslashes(word: u64) -> u64 {
    found(are(word, b'"') | are(word, b'\\'), word)
}

/// The bytes that do not stand for themselves in a string: control characters too, which may not stand in one at all.
pub(super) fn specials(word: u64) -> u64 {
    // A quote and a space change places: then it is one of those below, as control characters are.
    let below = (word ^ all(b'"' ^ b' ')).wrapping_sub(all(b' ' + 1));
    found(below | are(word, b'\\'), word)
}

/// Brackets of both kinds are alike but for a few bits. So are some letters, which are in no JSON outside of strings.
fn quotes_and_brackets(word: u64) -> u64 {
    const ALIKE: u8 = !(b'[' ^ b']' | b'[' ^ b'{');
    let brackets = are(word & all(ALIKE), b'[' & ALIKE);
    found(brackets | are(word, b'"'), word)
}

/// Has the highest bit of each byte that is this one, and of some that have it themselves.
fn are(word: u64, byte: u8) -> u64 {
    (word ^ all(byte)).wrapping_sub(all(1))
}

/// Leaves out bytes that have the highest bit themselves: all that is looked for is ASCII.
fn found(bits: u64, word: u64) -> u64 {
    bits & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found_first(find: impl Fn(u64) -> u64, word: [u8; 8]) -> Option<usize> {
        let found = find(u64::from_le_bytes(word));
        (found != 0).then(|| first(found))
    }

    /// Bytes that are looked for, their neighbours, and any others.
    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![
            any::<u8>(),
            "[ !\"#\\[\\\\\\]{|}]".prop_map(|text| text.as_bytes()[0]),
            b'\x1e'..b'#'
        ]
    }

    proptest! {
        #[test]
        fn the_first_of_those_looked_for_is_found(word: [u8; 8], with in proptest::array::uniform8(byte())) {
            for word in [word, with] {
                let naive = |is: fn(&u8) -> bool| word.iter().position(is);
                let ends = naive(|byte| matches!(byte, b'"' | b'\\'));
                prop_assert_eq!(found_first(quotes_and_backslashes, word), ends);
                let special = naive(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
                prop_assert_eq!(found_first(specials, word), special);
                let marks = naive(|byte| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}' | b'Y' | b'_' | b'y' | 0x7f));
                prop_assert_eq!(found_first(quotes_and_brackets, word), marks);
            }
        }
    }
}
