//! A small copy of a JSON document of any size.

mod copy;
mod token;

#[cfg(test)]
mod tests;

use copy::BoundedCopy;
use token::Token;

pub(crate) use copy::Bounds;

use super::json::is_object;

/// Copies the small members of JSON objects that come in pieces, so that their usage can be read in bounded memory.
///
/// A document is one object, or one array of objects. Each object is handed out as soon as it ends. What is too large is left
/// out of it: a member, or of a member that is an object itself, its own members.
///
/// It looks at strings and brackets only; whether the rest is JSON is found out by who reads the copy. A small object that comes
/// whole, and is JSON, is handed out as it came.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    place: Place,
    /// The document is an array of objects.
    in_array: bool,
    /// Inside of an object that is the value of a member.
    nested: bool,
    /// The current key or value.
    token: Token,
    copy: BoundedCopy,
}

/// Where in the document the next byte stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    BeforeDocument,
    /// Before the first item of an array, which may end here.
    BeforeFirstItem,
    BeforeItem,
    AfterItem,
    /// Before the first member of an object, which may end here.
    BeforeFirstMember,
    BeforeMember,
    InKey,
    AfterKey,
    BeforeValue,
    InValue,
    AfterValue,
    AfterDocument,
    /// Neither an object nor an array of objects.
    Broken,
}

impl Outline {
    /// An outline of another size.
    pub(crate) fn within(bounds: Bounds) -> Self {
        Self {
            copy: BoundedCopy::within(bounds),
            ..Self::default()
        }
    }

    /// Whether something of what came was left out, or not understood.
    pub(crate) fn cut(&self) -> bool {
        self.copy.cut() || self.place == Place::Broken
    }

    /// Whether a document has begun, and what came last was not its end.
    pub(crate) fn broken_off(&self) -> bool {
        !matches!(self.place, Place::BeforeDocument | Place::AfterDocument)
    }

    /// Reads on, and calls `each` with every object that is now complete, or its copy.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        if let Some(object) = self.whole(bytes) {
            self.place = Place::AfterDocument;
            return each(object);
        }
        self.copy.expect(bytes.len());
        let mut at = 0;
        while at < bytes.len() && self.place != Place::Broken {
            at += match self.place {
                Place::InKey => self.in_token(&bytes[at..], Place::AfterKey),
                Place::InValue => self.in_token(&bytes[at..], Place::AfterValue),
                _ => self.between_tokens(bytes[at], &mut each),
            };
        }
    }

    /// The object that these bytes are, if they are a whole document that is small: a copy would say the same.
    fn whole<'b>(&self, bytes: &'b [u8]) -> Option<&'b str> {
        let may_be = self.place == Place::BeforeDocument && self.copy.takes(bytes.len());
        let text = may_be.then(|| str::from_utf8(bytes).ok())??;
        is_object(text).then_some(text)
    }

    /// Reads the current key or value on, and returns how many bytes are part of it.
    fn in_token(&mut self, bytes: &[u8], after: Place) -> usize {
        let end = self.token.end(bytes);
        let part = &bytes[..end.unwrap_or(bytes.len())];
        self.copy.extend_member(part);
        if end.is_some() {
            self.place = after;
        }
        if self.place == Place::AfterValue {
            self.copy.end_member();
        }
        part.len()
    }

    /// Reads a byte, and returns how many that are: none where a key or a value begins with it.
    fn between_tokens(&mut self, byte: u8, each: &mut impl FnMut(&str)) -> usize {
        use Place::*;
        self.place = match (self.place, byte) {
            (place, b' ' | b'\t' | b'\n' | b'\r') => place,
            (BeforeDocument, b'[') => {
                self.in_array = true;
                BeforeFirstItem
            }
            (BeforeDocument | BeforeFirstItem | BeforeItem, b'{') => {
                self.copy.open();
                BeforeFirstMember
            }
            (BeforeFirstMember | BeforeMember, b'"') => InKey,
            (AfterKey, b':') => {
                self.copy.extend_member(b":");
                BeforeValue
            }
            (BeforeValue, b'{') if !self.nested && self.copy.nest() => {
                self.nested = true;
                BeforeFirstMember
            }
            (BeforeValue, _) => InValue,
            (AfterValue, b',') => BeforeMember,
            (BeforeFirstMember | AfterValue, b'}') => self.end_object(each),
            (AfterItem, b',') => BeforeItem,
            (BeforeFirstItem | AfterItem, b']') => AfterDocument,
            _ => Broken,
        };
        usize::from(!matches!(self.place, InKey | InValue))
    }

    fn end_object(&mut self, each: &mut impl FnMut(&str)) -> Place {
        self.copy.close();
        if std::mem::take(&mut self.nested) {
            return Place::AfterValue;
        }
        self.copy.hand_out(each);
        if self.in_array {
            Place::AfterItem
        } else {
            Place::AfterDocument
        }
    }
}
