//! Objects that are their own copies.

use super::token::Token;
use crate::api::json::behind_string;

/// Whether a document is an object, is all there, and has no white space between its members and those of the objects among
/// them, as many servers write it. Where it is small, it would be copied byte for byte.
pub(super) fn is_compact(document: &[u8]) -> bool {
    Nesting::Outer.end(document, 0) == Some(document.len())
}

/// Whether objects among the members are looked into.
#[derive(Clone, Copy)]
enum Nesting {
    Outer,
    Inner,
}

impl Nesting {
    /// Where the object ends that begins here.
    fn end(self, bytes: &[u8], start: usize) -> Option<usize> {
        if bytes[start..].starts_with(b"{}") {
            return Some(start + 2);
        }
        let (mut at, mut before) = (start, b'{');
        loop {
            if *bytes.get(at)? != before {
                return None;
            }
            at = key_end(bytes, at + 1)?;
            at = self.value_end(bytes, at)?;
            if *bytes.get(at)? == b'}' {
                return Some(at + 1);
            }
            before = b',';
        }
    }

    /// Where the value ends that begins here.
    fn value_end(self, bytes: &[u8], at: usize) -> Option<usize> {
        match (self, *bytes.get(at)?) {
            (_, b'"') => string_end(bytes, at),
            (_, b' ' | b'\t' | b'\n' | b'\r') => None,
            (Self::Outer, b'{') => Self::Inner.end(bytes, at),
            _ => Token::default().end(&bytes[at..]).map(|len| at + len),
        }
    }
}

/// Where the value begins, if this is a key and its colon.
fn key_end(bytes: &[u8], at: usize) -> Option<usize> {
    let end = string_end(bytes, at)?;
    (*bytes.get(end)? == b':').then_some(end + 1)
}

fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    (*bytes.get(at)? == b'"')
        .then(|| behind_string(bytes, at + 1))?
        .map(|(end, _)| end)
}
