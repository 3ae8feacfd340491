//! Where the encodings' patterns cut a text, before its pieces are encoded. Each function is a pattern of tiktoken's, written
//! out: it finds the end of the piece that begins at a place, without looking back, and in time linear in what it looks at.

use super::class::{CASELESS, Class, Classes, LETTER, LOWER, MARK, NEWLINE, NUMBER, SPACE, UPPER};

/// Finds the end of the piece of a text that begins there, before the text's end.
pub(super) type Split = fn(&Classes, &str, usize) -> usize;

/// Letters and marks that a word in upper case may have.
const AS_UPPER: Class = UPPER | CASELESS | MARK;
/// Letters and marks that a word in lower case may have.
const AS_LOWER: Class = LOWER | CASELESS | MARK;
/// What no letter's piece begins with.
const NO_PREFIX: Class = NEWLINE | LETTER | NUMBER;
/// What is no symbol.
const NO_SYMBOL: Class = SPACE | LETTER | NUMBER;

/// The pattern of `o200k_base`: words end where their case changes, and take a contraction along.
pub(super) fn o200k(classes: &Classes, text: &str, at: usize) -> usize {
    let reader = Reader { classes, text };
    let (first, next) = reader.at(at);
    if let Some(end) = reader.cased_word(at) {
        return reader.contraction(end).unwrap_or(end);
    }
    if first & NUMBER != 0 {
        return reader.digits(next);
    }
    if let Some(end) = reader.symbols(at) {
        return reader.while_byte(end, |byte| matches!(byte, b'\r' | b'\n' | b'/'));
    }
    let blanks = reader.blanks(at);
    blanks
        .to_last_newline
        .unwrap_or_else(|| blanks.before_word())
}

/// The pattern of `cl100k_base`: contractions are pieces of their own, and words have any case.
pub(super) fn cl100k(classes: &Classes, text: &str, at: usize) -> usize {
    let reader = Reader { classes, text };
    let (first, next) = reader.at(at);
    if let Some(end) = reader.contraction(at) {
        return end;
    }
    let letters = if first & NO_PREFIX == 0 { next } else { at };
    let end = reader.while_in(letters, LETTER);
    if end > letters {
        return end;
    }
    if first & NUMBER != 0 {
        return reader.digits(next);
    }
    if let Some(end) = reader.symbols(at) {
        return reader.while_byte(end, |byte| matches!(byte, b'\r' | b'\n'));
    }
    let blanks = reader.blanks(at);
    if blanks.end == text.len() {
        return blanks.end;
    }
    blanks
        .to_last_newline
        .unwrap_or_else(|| blanks.before_word())
}

struct Reader<'a> {
    classes: &'a Classes,
    text: &'a str,
}

/// A run of white space.
struct Blanks {
    end: usize,
    to_last_newline: Option<usize>,
    /// Where its last character begins; nothing if that is its only one.
    last: Option<usize>,
    is_at_end: bool,
}

impl Blanks {
    /// The last blank before a word belongs to the word, if there are others: `\s+(?!\S)|\s+`.
    fn before_word(&self) -> usize {
        match self.last {
            Some(last) if !self.is_at_end => last,
            _ => self.end,
        }
    }
}

impl Reader<'_> {
    /// The class of the character that begins there, and where it ends. After the text's end there is nothing of any class.
    #[inline]
    fn at(&self, at: usize) -> (Class, usize) {
        self.classes.at(self.text, at).unwrap_or((END, at))
    }

    /// The end of the characters of these classes.
    #[inline]
    fn while_in(&self, mut at: usize, classes: Class) -> usize {
        loop {
            let (class, next) = self.at(at);
            if class & classes == 0 {
                return at;
            }
            at = next;
        }
    }

    fn while_byte(&self, at: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes()[at..].iter();
        at + rest.take_while(|byte| is(**byte)).count()
    }

    /// A word, with what stands before it: capitals and then small letters, or else capitals alone.
    ///
    /// Letters without a case, and marks, are of both. Where capitals follow the last of them and no small letter follows those,
    /// the word ends behind it, so that it has something that is not a capital.
    fn cased_word(&self, at: usize) -> Option<usize> {
        let (first, next) = self.at(at);
        let begin = if first & NO_PREFIX == 0 { next } else { at };
        let mut to_caseless = None;
        let mut end = begin;
        loop {
            let (class, next) = self.at(end);
            if class & LOWER != 0 {
                return Some(self.while_in(next, AS_LOWER));
            }
            if class & AS_UPPER == 0 {
                break;
            }
            end = next;
            if class & (CASELESS | MARK) != 0 {
                to_caseless = Some(end);
            }
        }
        // A mark that stands first need not be what stands before a word: it can be the word.
        let mark = (first & MARK != 0).then_some(next);
        to_caseless.or(mark).or((end > begin).then_some(end))
    }

    /// `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d`, in any case. The long s is an s.
    fn contraction(&self, at: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(at..)?.strip_prefix(b"'")?;
        let letter = |place: usize| rest.get(place).map(u8::to_ascii_lowercase);
        let letters = match (letter(0)?, letter(1)) {
            (b's' | b't' | b'm' | b'd', _) => 1,
            (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => 2,
            _ if rest.starts_with("ſ".as_bytes()) => "ſ".len(),
            _ => return None,
        };
        Some(at + 1 + letters)
    }

    /// Up to three digits, of which the first one ends there.
    fn digits(&self, mut at: usize) -> usize {
        for _ in 0..2 {
            let (class, next) = self.at(at);
            if class & NUMBER == 0 {
                break;
            }
            at = next;
        }
        at
    }

    /// Symbols, with a blank before them.
    fn symbols(&self, at: usize) -> Option<usize> {
        let begin = at + usize::from(self.text.as_bytes().get(at) == Some(&b' '));
        let mut end = begin;
        loop {
            let (class, next) = self.at(end);
            if class & NO_SYMBOL != 0 || next == end {
                return (end > begin).then_some(end);
            }
            end = next;
        }
    }

    fn blanks(&self, at: usize) -> Blanks {
        let (mut end, mut last, mut to_last_newline) = (at, None, None);
        loop {
            let (class, next) = self.at(end);
            if class & SPACE == 0 {
                break;
            }
            if end > at {
                last = Some(end);
            }
            if class & NEWLINE != 0 {
                to_last_newline = Some(next);
            }
            end = next;
        }
        Blanks {
            end,
            to_last_newline,
            last,
            is_at_end: end == self.text.len(),
        }
    }
}

/// What stands after the text's end, where every run ends.
const END: Class = 0;
