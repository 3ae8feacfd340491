//! What is JSON, and what is not.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::blank::{behind_blanks, is_blank};
use super::quote::behind_judged_string;
use super::value::Value;

/// Reads a text of which nothing is known, and goes on only as far as it is JSON: nothing comes back where it is not.
///
/// It says what `serde_json` says, which has the words for what is wrong.
pub(super) struct Judge<'a> {
    text: &'a str,
    at: usize,
}

/// What of an object or an array comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Part,
    End,
}

/// A bracket that is open, by the one that closes it.
type Closing = u8;

/// Those around a value, the innermost last.
type Open = SmallVec<[Closing; 32]>;

fn closing(opening: u8) -> Option<Closing> {
    match opening {
        b'[' => Some(b']'),
        b'{' => Some(b'}'),
        _ => None,
    }
}

impl<'a> Judge<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Goes on behind the bracket that an object or an array begins with, and says whether it has parts.
    pub(super) fn open(&mut self, opening: u8, closing: Closing) -> Option<Next> {
        if self.mark()? != opening {
            return None;
        }
        self.at += 1;
        self.first(closing)
    }

    /// Goes on behind the comma or the bracket that comes after a part.
    pub(super) fn next(&mut self, closing: Closing) -> Option<Next> {
        let next = match self.mark()? {
            b',' => Next::Part,
            mark if mark == closing => Next::End,
            _ => return None,
        };
        self.at += 1;
        Some(next)
    }

    /// A key, decoded, and the colon behind it.
    pub(super) fn key(&mut self) -> Option<Cow<'a, str>> {
        self.mark()?;
        let start = self.at;
        let is_escaped = self.string()?;
        let end = self.at;
        self.colon()?;
        if is_escaped {
            return Value::part(self.text.get(start..end)?).decoded().ok();
        }
        self.text.get(start + 1..end - 1).map(Cow::Borrowed)
    }

    /// A value, however deep.
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        let first = self.mark()?;
        let start = self.at;
        let mut is_unescaped = false;
        match (first, closing(first)) {
            (b'"', _) => is_unescaped = !self.string()?,
            (_, Some(closing)) => self.brackets(closing)?,
            (_, None) => self.plain(first)?,
        }
        let json = self.text.get(start..self.at)?;
        Some(if is_unescaped {
            Value::unescaped_part(json)
        } else {
            Value::part(json)
        })
    }

    /// An object, and nothing else.
    pub(super) fn object(mut self) -> Option<()> {
        if self.mark()? != b'{' {
            return None;
        }
        self.value()?;
        self.end()
    }

    /// That nothing else follows.
    pub(super) fn end(&mut self) -> Option<()> {
        self.mark().is_none().then_some(())
    }

    /// An object or an array that begins here, however deep.
    fn brackets(&mut self, mut closing: Closing) -> Option<()> {
        let mut around = Open::new();
        self.at += 1;
        let mut next = self.first(closing)?;
        loop {
            next = match next {
                Next::Part => match self.part(closing)? {
                    Some(inner) => {
                        around.push(closing);
                        closing = inner;
                        self.first(closing)?
                    }
                    None => self.next(closing)?,
                },
                Next::End => {
                    let Some(outer) = around.pop() else {
                        return Some(());
                    };
                    closing = outer;
                    self.next(closing)?
                }
            };
        }
    }

    /// Goes on behind an item or a member; of one that has parts, behind its opening bracket: then the closing one comes back.
    #[inline]
    fn part(&mut self, closes: Closing) -> Option<Option<Closing>> {
        if closes == b'}' {
            self.mark()?;
            self.string()?;
            self.colon()?;
        }
        let first = self.mark()?;
        if first == b'"' {
            self.string()?;
            return Some(None);
        }
        let inner = closing(first);
        match inner {
            Some(_) => self.at += 1,
            None => self.plain(first)?,
        }
        Some(inner)
    }

    /// A string, and whether there are escapes in it.
    #[inline(always)]
    fn string(&mut self) -> Option<bool> {
        if self.peek()? != b'"' {
            return None;
        }
        let is_escaped;
        (self.at, is_escaped) = behind_judged_string(self.text.as_bytes(), self.at + 1)?;
        Some(is_escaped)
    }

    /// What has neither quotes nor brackets.
    fn plain(&mut self, first: u8) -> Option<()> {
        match first {
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Option<()> {
        self.skip(b"-");
        let start = self.at;
        self.digits()?;
        if self.text.as_bytes()[start] == b'0' && self.at > start + 1 {
            return None;
        }
        match self.peek() {
            Some(b'.' | b'e' | b'E') => self.fraction(),
            _ => Some(()),
        }
    }

    /// What follows the digits of a number, if it is no whole one.
    fn fraction(&mut self) -> Option<()> {
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_it = self.text.as_bytes()[self.at..].starts_with(word);
        is_it.then(|| self.at += word.len())
    }

    /// What comes first behind an opening bracket.
    fn first(&mut self, closing: Closing) -> Option<Next> {
        let is_empty = self.mark()? == closing;
        self.at += usize::from(is_empty);
        Some(if is_empty { Next::End } else { Next::Part })
    }

    fn colon(&mut self) -> Option<()> {
        (self.mark()? == b':').then(|| self.at += 1)
    }

    /// The next byte behind white space.
    #[inline]
    fn mark(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        if !is_blank(byte) {
            return Some(byte);
        }
        self.at = behind_blanks(self.text.as_bytes(), self.at);
        self.peek()
    }

    /// Goes on behind one of these bytes, if one comes next.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let comes = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(comes);
        comes
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
