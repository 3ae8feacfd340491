//! The ends of values.

use std::borrow::Cow;

use super::blank::{behind_blanks, is_blank};
use super::quote::behind_string;
use super::stop::Stop;
use super::value::Value;
use super::words::up_to_mark;
use crate::api::Invalid;

/// Reads a value that is known to be JSON: so it need not look at every comma, and of a text at nothing but its end.
///
/// Of what is no JSON after all it makes nothing that stands elsewhere, and it comes to an end.
pub(in crate::api) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(in crate::api) fn of(value: Value<'a>) -> Self {
        Self {
            text: value.get(),
            at: 0,
        }
    }

    /// How much of the text it has read.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The next byte.
    pub(in crate::api) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes on behind a bracket, if it comes next.
    pub(in crate::api) fn open(&mut self, bracket: u8) -> Option<()> {
        (self.peek()? == bracket).then(|| self.at += 1)
    }

    /// Whether the bracket comes next, behind a comma at most: then it goes on behind it.
    pub(in crate::api) fn closes(&mut self, bracket: u8) -> bool {
        self.skip(b',');
        self.open(bracket).is_some()
    }

    /// Calls `each` for every member of an object, and goes on behind it. Keys come decoded, values as they stand.
    pub(in crate::api) fn members(
        &mut self,
        mut each: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Stop<'a>> {
        let start = self.at;
        if self.open(b'{').is_none() {
            return Err(self.no_object(start));
        }
        while !self.closes(b'}') {
            let (Ok(Some(key)), Some(value)) = (self.key(), self.value()) else {
                return Err(self.no_object(start));
            };
            each(key, value).map_err(Stop::Invalid)?;
        }
        Ok(())
    }

    /// What begins there is no object that can be read.
    fn no_object(&mut self, start: usize) -> Stop<'a> {
        self.at = start;
        Stop::NoObject(self.value().unwrap_or_else(|| Value::part("")))
    }

    /// A key, decoded, and the colon behind it.
    pub(in crate::api) fn key(&mut self) -> serde_json::Result<Option<Cow<'a, str>>> {
        let key = self.string()?;
        self.skip(b':');
        Ok(key)
    }

    /// A string, decoded.
    #[inline]
    pub(in crate::api) fn string(&mut self) -> serde_json::Result<Option<Cow<'a, str>>> {
        let start = self.at;
        if self.open(b'"').is_none() {
            return Ok(None);
        }
        let Some(is_escaped) = self.leave_string() else {
            return Ok(None);
        };
        if is_escaped {
            let json = self.since(start).unwrap_or_default();
            return Value::part(json).decoded().map(Some);
        }
        Ok(self.text.get(start + 1..self.at - 1).map(Cow::Borrowed))
    }

    /// A value of any kind.
    pub(in crate::api) fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                self.at += 1;
                if !self.leave_string()? {
                    return self.since(start).map(Value::unescaped_part);
                }
            }
            b'[' | b'{' => self.leave_brackets()?,
            _ => self.leave_plain(),
        }
        self.since(start).map(Value::part)
    }

    /// A number, `true`, `false` or `null`.
    pub(in crate::api) fn plain(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.leave_plain();
        self.since(start)
    }

    /// What was read since then, if it is anything.
    fn since(&self, start: usize) -> Option<&'a str> {
        self.text
            .get(start..self.at)
            .filter(|text| !text.is_empty())
    }

    /// Goes on behind the end of the string that it is in, and says whether there are escapes in it.
    #[inline(always)]
    fn leave_string(&mut self) -> Option<bool> {
        let is_escaped;
        (self.at, is_escaped) = behind_string(self.text.as_bytes(), self.at)?;
        Some(is_escaped)
    }

    /// Goes on behind the bracket that closes the one that comes next. Each closes the last, so they need only be counted.
    fn leave_brackets(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (self.at, 0_usize);
        loop {
            at = up_to_mark(bytes, at);
            let byte = *bytes.get(at)?;
            at += 1;
            match byte {
                b'"' => (at, _) = behind_string(bytes, at)?,
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth <= 1 => {
                    self.at = at;
                    return Some(());
                }
                b']' | b'}' => depth -= 1,
                _ => {}
            }
        }
    }

    fn leave_plain(&mut self) {
        let ends = |&byte: &u8| matches!(byte, b',' | b']' | b'}') || is_blank(byte);
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| !ends(byte)).count();
    }

    /// Goes on behind white space and, if it comes next, this mark.
    pub(in crate::api) fn skip(&mut self, mark: u8) {
        self.skip_blanks();
        if self.open(mark).is_some() {
            self.skip_blanks();
        }
    }

    fn skip_blanks(&mut self) {
        if self.peek().is_some_and(is_blank) {
            self.at = behind_blanks(self.text.as_bytes(), self.at);
        }
    }
}
