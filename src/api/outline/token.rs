//! Keys and values, as far as it takes to know where they end.

use crate::api::json::quote_or_backslash;

/// The key or the value that is read.
#[derive(Debug, Default)]
pub(super) struct Token {
    /// Inside a string, and whether the next byte is escaped.
    string: Option<Escaped>,
    /// How many brackets are open.
    depth: usize,
}

type Escaped = bool;

impl Token {
    /// Where the token ends, if it does so in these bytes: before the `:`, `,` or bracket that is no part of it.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            at += self.rest_of_string(bytes.get(at..)?)?;
            at += self.before_string(bytes.get(at..)?)?;
            if bytes[at] != b'"' {
                return Some(at);
            }
            self.string = Some(false);
            at += 1;
        }
    }

    /// How long the rest of the string is, if there is one. Most of an answer stands in strings, of which only ends and escapes
    /// matter.
    fn rest_of_string(&mut self, bytes: &[u8]) -> Option<usize> {
        let Some(escaped) = self.string else {
            return Some(0);
        };
        let mut at = usize::from(escaped);
        loop {
            self.string = Some(at > bytes.len());
            let rest = bytes.get(at..)?;
            at += quote_or_backslash(rest)?;
            if bytes[at] == b'"' {
                self.string = None;
                return Some(at + 1);
            }
            at += 2;
        }
    }

    /// How much comes before the next string, or before the end.
    fn before_string(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|byte| {
            match byte {
                b'"' => return true,
                b':' | b',' | b'}' | b']' if self.depth == 0 => return true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth -= 1,
                _ => {}
            }
            false
        })
    }
}
