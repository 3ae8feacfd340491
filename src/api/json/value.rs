//! Values that are known to be JSON.

use std::borrow::Cow;

use serde::de::Error as _;
#[cfg(any(test, fuzzing))]
use serde_json::value::RawValue;

use super::position;
use super::scanner::Scanner;
use super::stop::Stop;
use super::text::Key;
use crate::api::{Invalid, Text};

/// A slice of a text that was judged to be JSON, without white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct Value<'a> {
    json: &'a str,
    /// It is a string, and whoever looked for its end has seen no escapes.
    is_unescaped: bool,
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Kind {
    Null,
    Bool(bool),
    Number,
    String,
    Array,
    Object,
}

#[cfg(any(test, fuzzing))]
impl<'a> From<&'a RawValue> for Value<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self::part(raw.get())
    }
}

impl<'a> Value<'a> {
    /// A part of a value.
    pub(super) fn part(json: &'a str) -> Self {
        Self {
            json,
            is_unescaped: false,
        }
    }

    /// A string that is part of a value and has no escapes.
    pub(super) fn unescaped_part(json: &'a str) -> Self {
        Self {
            json,
            is_unescaped: true,
        }
    }

    /// The value as it is written.
    pub(in crate::api) fn get(self) -> &'a str {
        self.json
    }

    /// What kind of value it is, by its first byte.
    pub(in crate::api) fn kind(self) -> Kind {
        match self.json.as_bytes().first() {
            Some(b'n') => Kind::Null,
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    /// Calls `each` for every member of an object. Keys come decoded, values as they stand.
    pub(in crate::api) fn members(
        self,
        each: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Stop<'a>> {
        Scanner::of(self).members(each)
    }

    /// Calls `each` for every item of an array.
    pub(in crate::api) fn items(
        self,
        mut each: impl FnMut(Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Stop<'a>> {
        self.items_in_place(|scanner| {
            let item = scanner.value().ok_or(Stop::NoArray(self))?;
            each(item).map_err(Stop::Invalid)
        })
    }

    /// Calls `each` where every item of an array begins, to go on to its end: so it is not looked for twice. Who stays where he is
    /// ends the walk.
    pub(in crate::api) fn items_in_place(
        self,
        mut each: impl FnMut(&mut Scanner<'a>) -> Result<(), Stop<'a>>,
    ) -> Result<(), Stop<'a>> {
        let mut scanner = Scanner::of(self);
        scanner.open(b'[').ok_or(Stop::NoArray(self))?;
        while !scanner.closes(b']') {
            let start = scanner.place();
            each(&mut scanner)?;
            if scanner.place() == start {
                return Err(Stop::NoArray(self));
            }
        }
        Ok(())
    }

    /// The text of a string; copied only if it is escaped.
    pub(in crate::api) fn string(self) -> serde_json::Result<Cow<'a, str>> {
        if self.kind() != Kind::String {
            return Err(serde_json::Error::custom("expected a string"));
        }
        match self.unescaped() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.decoded(),
        }
    }

    /// The text of a string that has escapes.
    #[inline(never)]
    pub(super) fn decoded(self) -> serde_json::Result<Cow<'a, str>> {
        match self.simply_escaped() {
            Some(text) => Ok(Cow::Owned(text)),
            None => serde_json::from_str(self.json).map(|Key(text)| text),
        }
    }

    /// The text of a string that has no escapes but those of two bytes, as most that are written by people: line breaks and quotes.
    fn simply_escaped(self) -> Option<String> {
        let mut rest = self.json.strip_prefix('"')?.strip_suffix('"')?;
        let mut text = String::with_capacity(rest.len());
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            let (before, escape) = rest.split_at(at);
            text.push_str(before);
            text.push(match escape.as_bytes().get(1)? {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                &itself @ (b'"' | b'\\' | b'/') => char::from(itself),
                _ => return None,
            });
            rest = &escape[2..];
        }
        text.push_str(rest);
        Some(text)
    }

    /// What stands between the quotes of a string that has no escapes.
    fn unescaped(self) -> Option<&'a str> {
        let text = self.json.strip_prefix('"')?.strip_suffix('"')?;
        let is_unescaped = self.is_unescaped || memchr::memchr(b'\\', text.as_bytes()).is_none();
        is_unescaped.then_some(text)
    }

    /// The text of a string: a place in `body`, which it is a slice of, unless it is escaped.
    pub(in crate::api) fn text(self, body: &str) -> serde_json::Result<Text> {
        Ok(match self.string()? {
            Cow::Borrowed(text) => Text::Span(position(body, text)),
            Cow::Owned(text) => Text::Owned(text.into()),
        })
    }
}
