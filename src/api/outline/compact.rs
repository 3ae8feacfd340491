//! Objects that are their own copies.

use super::token::Token;

/// The object that a document is, if it is all there and has no white space between its members and those of the objects
/// among them, as most servers write it. Were it small, it would be copied byte for byte.
pub(super) fn compact(document: &[u8]) -> Option<&[u8]> {
    let end = Nesting::Outer.end(document)?;
    (end == document.len()).then_some(document)
}

/// Whether objects among the members are looked into.
#[derive(Clone, Copy)]
enum Nesting {
    Outer,
    Inner,
}

impl Nesting {
    /// Where the object ends that these bytes begin with.
    fn end(self, bytes: &[u8]) -> Option<usize> {
        if bytes.starts_with(b"{}") {
            return Some(2);
        }
        let mut at = 0;
        let mut before = b'{';
        loop {
            if *bytes.get(at)? != before || *bytes.get(at + 1)? != b'"' {
                return None;
            }
            at += 1;
            at += Token::default().end(&bytes[at..])?;
            if bytes[at] != b':' {
                return None;
            }
            at += 1;
            at += match (self, *bytes.get(at)?) {
                (_, b' ' | b'\t' | b'\n' | b'\r') => return None,
                (Self::Outer, b'{') => Self::Inner.end(&bytes[at..])?,
                _ => Token::default().end(&bytes[at..])?,
            };
            if *bytes.get(at)? == b'}' {
                return Some(at + 1);
            }
            before = b',';
        }
    }
}
