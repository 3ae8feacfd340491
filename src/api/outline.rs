//! A small copy of a JSON document of any size.

/// A member larger than this is left out.
const LARGEST_MEMBER: usize = 1024 * 1024;

/// What is kept in all is not larger than this.
const LARGEST: usize = 4 * LARGEST_MEMBER;

/// Copies the small members of a JSON object that comes in pieces, so that its usage can be read in bounded memory.
///
/// It looks at strings and brackets only; whether the rest is JSON is found out by who reads the copy.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    place: Place,
    /// Inside a string of a member, and whether the next byte is escaped.
    string: Option<Escaped>,
    /// How many brackets are open within the current member.
    depth: usize,
    /// The current member, as far as it has come.
    member: Vec<u8>,
    /// The current member is too large and not kept.
    too_large: bool,
    /// The members that are kept, with the brace before the first and commas between.
    kept: Vec<u8>,
    cut: bool,
}

type Escaped = bool;

/// Where in the document the next byte stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    BeforeObject,
    /// Before the first member: the object may end here.
    BeforeFirst,
    BeforeMember,
    InMember,
    AfterObject,
    /// Not a JSON object.
    Broken,
}

impl Outline {
    /// Whether something was left out of the copy.
    pub(crate) fn cut(&self) -> bool {
        self.cut
    }

    /// Reads on.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += if self.place == Place::InMember {
                self.in_member(&bytes[at..])
            } else {
                self.between_members(bytes[at]);
                1
            };
        }
    }

    /// The copy, if the document was a whole JSON object.
    pub(crate) fn finish(mut self) -> Option<String> {
        if self.place != Place::AfterObject {
            return None;
        }
        if self.kept.is_empty() {
            self.kept.push(b'{');
        }
        self.kept.push(b'}');
        Some(String::from_utf8_lossy(&self.kept).into_owned())
    }

    fn between_members(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (place, b' ' | b'\t' | b'\n' | b'\r') => place,
            (Place::BeforeObject, b'{') => Place::BeforeFirst,
            (Place::BeforeFirst, b'}') => Place::AfterObject,
            (Place::BeforeFirst | Place::BeforeMember, b'"') => {
                self.string = Some(false);
                self.copy(b"\"");
                Place::InMember
            }
            _ => Place::Broken,
        };
    }

    /// Reads the current member on and returns how many bytes that took.
    fn in_member(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            if let Some(escaped) = self.string {
                self.string = match byte {
                    _ if escaped => Some(false),
                    b'\\' => Some(true),
                    b'"' => None,
                    _ => Some(false),
                };
                continue;
            }
            match byte {
                b'"' => self.string = Some(false),
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' if self.depth > 0 => self.depth -= 1,
                b',' | b'}' if self.depth == 0 => {
                    self.copy(&bytes[..at]);
                    self.end_member();
                    self.place = if byte == b',' {
                        Place::BeforeMember
                    } else {
                        Place::AfterObject
                    };
                    return at + 1;
                }
                b']' => {
                    self.place = Place::Broken;
                    return bytes.len();
                }
                _ => {}
            }
        }
        self.copy(bytes);
        bytes.len()
    }

    fn copy(&mut self, bytes: &[u8]) {
        if self.too_large || self.member.len() + bytes.len() > LARGEST_MEMBER {
            self.too_large = true;
            self.member = Vec::new();
        } else {
            self.member.extend_from_slice(bytes);
        }
    }

    fn end_member(&mut self) {
        if self.too_large || self.kept.len() + self.member.len() > LARGEST {
            self.cut = true;
        } else {
            let before = if self.kept.is_empty() { b'{' } else { b',' };
            self.kept.push(before);
            self.kept.extend_from_slice(&self.member);
        }
        self.too_large = false;
        self.member.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn outline(pieces: &[&[u8]]) -> (Option<String>, bool) {
        let mut outline = Outline::default();
        for piece in pieces {
            outline.feed(piece);
        }
        let cut = outline.cut();
        (outline.finish(), cut)
    }

    #[test]
    fn a_small_document_is_copied_wherever_it_is_cut() {
        let document =
            r#" { "a\"b}" : "x,\\", "c":[{"d":"]}"},{}] ,"e":null,"usage":{"t":1,"ü":"\u0041"} } "#;
        let whole = outline(&[document.as_bytes()]);
        let copy: Value = serde_json::from_str(whole.0.as_ref().unwrap()).unwrap();
        assert_eq!(copy, serde_json::from_str::<Value>(document).unwrap());
        assert!(!whole.1);
        for cut in 0..=document.len() {
            let (head, tail) = document.as_bytes().split_at(cut);
            assert_eq!(outline(&[head, tail]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
        assert_eq!(outline(&bytes), whole);
    }

    #[test]
    fn large_members_are_left_out_and_the_others_kept() {
        let large = "x".repeat(3 << 20);
        let document = json!({ "a": 1, "b": large, "c": [large], "usage": { "prompt_tokens": 7 } });
        let document = document.to_string();
        for size in [1 << 16, document.len()] {
            let pieces: Vec<&[u8]> = document.as_bytes().chunks(size).collect();
            let (copy, cut) = outline(&pieces);
            assert_eq!(
                copy.as_deref(),
                Some(r#"{"a":1,"usage":{"prompt_tokens":7}}"#)
            );
            assert!(cut);
        }
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut outline = Outline::default();
        outline.feed(b"{");
        let member = format!("\"k\":\"{}\",", "x".repeat(1_000_000));
        for _ in 0..20 {
            outline.feed(member.as_bytes());
        }
        outline.feed(b"\"open\":");
        for _ in 0..20 {
            outline.feed(&[b'['; 1_000_000]);
        }
        assert!(outline.kept.capacity() + outline.member.capacity() < 4 * LARGEST);
        assert!(outline.cut());
        assert_eq!(outline.finish(), None);
    }

    #[test]
    fn what_is_no_object_has_no_outline() {
        for broken in [
            "",
            " ",
            "[]",
            "{",
            "{\"a\":1",
            "{\"a\":1}x",
            "{\"a\":1,}",
            "{,}",
            "{a:1}",
            "{\"a\":1]}",
            "{\"a\":\"1}",
            "null",
            "\u{feff}{}",
            "{}{}",
        ] {
            assert_eq!(outline(&[broken.as_bytes()]).0, None, "{broken}");
        }
        assert_eq!(outline(&[b" {} "]).0.as_deref(), Some("{}"));
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_give_the_same(
            document in "[{}\\[\\]\",:\\\\ a1é]{0,60}",
            cut in 0usize..60,
        ) {
            let document = document.as_bytes();
            let (head, tail) = document.split_at(cut.min(document.len()));
            prop_assert_eq!(outline(&[head, tail]), outline(&[document]));
        }
    }
}
