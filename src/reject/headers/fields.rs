//! Headers that are made together.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Headers in the making. Their values are written one behind the other, and share that one text: to allocate each of
/// them would be most of what they cost.
///
/// ```
/// use http::{HeaderMap, HeaderName};
/// use tower_token_quota::reject::Fields;
///
/// static LEFT: HeaderName = HeaderName::from_static("x-tokens-left");
///
/// let mut fields = Fields::default();
/// fields.add(&LEFT, 99_750);
/// let mut headers = HeaderMap::new();
/// fields.insert_into(&mut headers);
/// assert_eq!(headers["x-tokens-left"], "99750");
/// ```
#[derive(Debug, Default)]
pub struct Fields {
    text: String,
    fields: SmallVec<[Field; MOST]>,
}

/// A header's name, and the length of its value.
type Field = (&'static HeaderName, usize);

/// As many as are made at once: Anthropic's four times three, the draft's two, the model's and a warning.
const MOST: usize = 16;

impl Fields {
    /// None yet, with room for values of so many bytes in all.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            fields: SmallVec::new(),
        }
    }

    /// Adds a header with this value. Where the value is empty, or nothing that a header can hold, the answer has none of this name,
    /// and not the provider's either, which is about our account with it. Of two values for one name the last is told.
    pub fn add(&mut self, name: &'static HeaderName, value: impl Display) {
        let start = self.text.len();
        // A text takes all that is written; what a value does not say of itself is not ours to tell.
        let _ = write!(self.text, "{value}");
        self.fields.push((name, self.text.len() - start));
    }

    /// Adds a header, whose value is written to the end of the text, unless nothing is.
    pub(crate) fn write(&mut self, name: &'static HeaderName, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let length = self.text.len() - start;
        if length > 0 {
            self.fields.push((name, length));
        }
    }

    /// This name: the static one, where it is among these. To clone one that came over the wire takes an allocation.
    pub(super) fn shared_name(&self, name: &HeaderName) -> Cow<'static, HeaderName> {
        match self.fields.iter().find(|(ours, _)| *ours == name) {
            Some(&(ours, _)) => Cow::Borrowed(ours),
            None => Cow::Owned(name.clone()),
        }
    }

    /// Sets them, in the place of headers of these names that there are. Those without a value only take these away.
    pub fn insert_into(self, headers: &mut HeaderMap) {
        // Made room for at once; where that is refused, each insertion sees for itself.
        let _ = headers.try_reserve(self.fields.len());
        let mut text = Bytes::from(self.text);
        for &(name, length) in &self.fields {
            match HeaderValue::from_maybe_shared(text.split_to(length)) {
                Ok(value) if length > 0 => headers.insert(name, value),
                _ => headers.remove(name),
            };
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
        let mut fields = Fields::default();
        for (name, value) in NAMES.iter().zip(["first", "", "a\r\nb: c", "1"]) {
            fields.add(name, value);
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-last", HeaderValue::from_static("before"));
        fields.insert_into(&mut headers);
        assert_eq!(headers.len(), 2, "{headers:?}");
        assert_eq!(headers["x-first"], "first");
        assert_eq!(headers["x-last"], "1");
    }

    #[test]
    fn what_was_added_without_a_value_is_not_told_by_a_header_from_before_either() {
        for values in [&[""][..], &["1", ""], &["a\r\nb: c"]] {
            let mut fields = Fields::default();
            for value in values {
                fields.add(&NAMES[0], value);
            }
            fields.add(&NAMES[3], "last");
            let mut headers = HeaderMap::new();
            headers.append("x-first", HeaderValue::from_static("before"));
            headers.append("x-first", HeaderValue::from_static("and again"));
            headers.insert("x-other", HeaderValue::from_static("kept"));
            fields.insert_into(&mut headers);
            assert_eq!(headers.len(), 2, "{values:?}: {headers:?}");
            assert_eq!(headers["x-other"], "kept");
            assert_eq!(headers["x-last"], "last");
        }
    }
}
