//! White space.

use super::words::{all, word_at};

#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What comes behind the white space that begins here, if any does. Lines are indented, so most of it is spaces.
pub(super) fn behind_blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).copied().is_some_and(is_blank) {
        at += 1;
        if let Some(word) = word_at(bytes, at) {
            at += (word ^ all(b' ')).trailing_zeros() as usize / 8;
        }
    }
    at
}
