//! Keys and values, as far as it takes to know where they end.

use memchr::memchr2;

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
            // Most of an answer stands in strings, of which only their ends and escapes matter.
            if self.string == Some(false) {
                at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            }
            if self.ends_before(*bytes.get(at)?) {
                return Some(at);
            }
            at += 1;
        }
    }

    fn ends_before(&mut self, byte: u8) -> bool {
        if let Some(escaped) = self.string {
            self.string = match byte {
                _ if escaped => Some(false),
                b'\\' => Some(true),
                b'"' => None,
                _ => Some(false),
            };
            return false;
        }
        match byte {
            b':' | b',' | b'}' | b']' if self.depth == 0 => return true,
            b'"' => self.string = Some(false),
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth -= 1,
            _ => {}
        }
        false
    }
}
