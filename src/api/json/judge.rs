//! What is JSON, and what is not.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::is_blank;
use super::quote::special;
use super::text::Key;
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

impl<'a> Judge<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Goes on behind the bracket that an object or an array begins with, and says whether it has parts.
    pub(super) fn open(&mut self, opening: u8, closing: Closing) -> Option<Next> {
        self.mark(opening)?;
        Some(self.close(closing))
    }

    /// Goes on behind the comma or the bracket that comes after a part.
    pub(super) fn next(&mut self, closing: Closing) -> Option<Next> {
        match self.close(closing) {
            Next::End => Some(Next::End),
            Next::Part => self.mark(b',').map(|()| Next::Part),
        }
    }

    /// A key, decoded, and the colon behind it.
    pub(super) fn key(&mut self) -> Option<Cow<'a, str>> {
        self.skip_blanks();
        let start = self.at;
        let is_escaped = self.string()?;
        let key = &self.text[start..self.at];
        self.mark(b':')?;
        if is_escaped {
            let Key(key) = serde_json::from_str(key).ok()?;
            return Some(key);
        }
        Some(Cow::Borrowed(&key[1..key.len() - 1]))
    }

    /// A value, however deep.
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        self.skip_blanks();
        let start = self.at;
        let mut open = SmallVec::<[Closing; 32]>::new();
        while {
            self.begin(&mut open)?;
            self.go_on(&mut open)?
        } {}
        Some(Value::part(&self.text[start..self.at]))
    }

    /// That nothing else follows.
    pub(super) fn end(&mut self) -> Option<()> {
        self.skip_blanks();
        (self.at == self.text.len()).then_some(())
    }

    /// Reads to the end of a value, or to the first part of one that has parts: which is left open, to be gone on with.
    fn begin(&mut self, open: &mut SmallVec<[Closing; 32]>) -> Option<()> {
        loop {
            self.skip_blanks();
            let closing = match self.peek()? {
                b'"' => return self.string().map(drop),
                b'[' => b']',
                b'{' => b'}',
                b'n' => return self.word(b"null"),
                b't' => return self.word(b"true"),
                b'f' => return self.word(b"false"),
                _ => return self.number(),
            };
            self.at += 1;
            if self.close(closing) == Next::End {
                return Some(());
            }
            open.push(closing);
            self.name(closing)?;
        }
    }

    /// Goes on to the next value behind one that has ended, and behind the brackets that end with it: there is none where all are
    /// closed.
    fn go_on(&mut self, open: &mut SmallVec<[Closing; 32]>) -> Option<bool> {
        while let Some(&closing) = open.last() {
            match self.next(closing)? {
                Next::Part => return self.name(closing).map(|()| true),
                Next::End => open.pop(),
            };
        }
        Some(false)
    }

    /// The key of a part, in an object.
    fn name(&mut self, closing: Closing) -> Option<()> {
        if closing == b'}' {
            self.skip_blanks();
            self.string()?;
            self.mark(b':')?;
        }
        Some(())
    }

    /// A string, and whether there are escapes in it. Which characters they stand for is not looked at.
    fn string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let mut is_escaped = false;
        loop {
            self.at += special(bytes.get(self.at..)?)?;
            match bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(is_escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            is_escaped = true;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        self.at += match rest.first()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' if rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return None,
        };
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.skip(b"-");
        let start = self.at;
        self.digits()?;
        if self.text.as_bytes()[start] == b'0' && self.at > start + 1 {
            return None;
        }
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

    /// Goes on behind a closing bracket, if it comes next.
    fn close(&mut self, closing: Closing) -> Next {
        match self.mark(closing) {
            Some(()) => Next::End,
            None => Next::Part,
        }
    }

    /// Goes on behind white space, and behind this mark if it comes next.
    fn mark(&mut self, mark: u8) -> Option<()> {
        self.skip_blanks();
        (self.peek()? == mark).then(|| self.at += 1)
    }

    /// Goes on behind one of these bytes, if one comes next.
    fn skip(&mut self, bytes: &[u8]) -> bool {
        let comes = self.peek().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(comes);
        comes
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
