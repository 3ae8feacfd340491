//! Changing a few bytes of a body and leaving the others as they are.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Puts `with` in the place of `range`; an empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes to replace.
    pub range: Range<usize>,
    /// What stands there instead.
    pub with: String,
}

/// Applies splices that do not overlap. Without any, the body is returned as it is, not copied.
///
/// # Panics
/// When a splice reaches beyond the body: it was made for another one.
#[must_use]
pub fn splice(body: &Bytes, mut splices: Vec<Splice>) -> Bytes {
    if splices.is_empty() {
        return body.clone();
    }
    splices.sort_by_key(|splice| splice.range.start);
    let added: usize = splices.iter().map(|splice| splice.with.len()).sum();
    let mut spliced = BytesMut::with_capacity(body.len() + added);
    let mut copied = 0;
    for Splice { range, with } in &splices {
        spliced.extend_from_slice(&body[copied..range.start]);
        spliced.extend_from_slice(with.as_bytes());
        copied = range.end;
    }
    spliced.extend_from_slice(&body[copied..]);
    spliced.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_outside_of_the_splices_stays() {
        let body = Bytes::from_static(b"0123456789");
        let swap = |range, with: &str| Splice {
            range,
            with: with.to_owned(),
        };
        let spliced = splice(
            &body,
            vec![swap(8..9, ""), swap(2..4, "abc"), swap(0..0, ">")],
        );
        assert_eq!(spliced, ">01abc45679");
    }

    #[test]
    fn a_body_without_splices_is_not_copied() {
        let body = Bytes::from_static(b"same");
        assert_eq!(splice(&body, Vec::new()).as_ptr(), body.as_ptr());
    }
}
