//! Headers that are made together.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Headers in the making. Their values are written one behind the other, and share that one text: to allocate each of
/// them would be most of what they cost.
pub(crate) struct Fields {
    text: String,
    fields: SmallVec<[Field; MOST]>,
}

/// A header's name, and the length of its value.
type Field = (&'static HeaderName, usize);

/// As many as are made at once: Anthropic's four times three are the most.
const MOST: usize = 12;

impl Fields {
    /// None yet, with room for values of so many bytes in all.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            fields: SmallVec::new(),
        }
    }

    /// Adds a header, whose value is written to the end of the text, unless nothing is.
    pub(crate) fn add(&mut self, name: &'static HeaderName, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let length = self.text.len() - start;
        if length > 0 {
            self.fields.push((name, length));
        }
    }

    /// Sets those that a header can hold.
    pub(super) fn insert_into(self, headers: &mut HeaderMap) {
        let mut text = Bytes::from(self.text);
        for (name, length) in self.fields {
            if let Ok(value) = HeaderValue::from_maybe_shared(text.split_to(length)) {
                headers.insert(name, value);
            }
        }
    }
}

/// Writes a whole number.
pub(super) fn push_number(text: &mut String, number: u64) {
    text.push_str(itoa::Buffer::new().format(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAMES: [HeaderName; 4] = [
        HeaderName::from_static("x-first"),
        HeaderName::from_static("x-empty"),
        HeaderName::from_static("x-broken"),
        HeaderName::from_static("x-last"),
    ];

    #[test]
    fn what_no_header_can_hold_is_left_out_and_the_others_keep_their_values() {
        let mut fields = Fields::with_room(0);
        for (name, value) in NAMES.iter().zip(["first", "", "a\r\nb: c", "1"]) {
            fields.add(name, |text| text.push_str(value));
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-last", HeaderValue::from_static("before"));
        fields.insert_into(&mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["x-first"], "first");
        assert_eq!(headers["x-last"], "1");
    }
}
