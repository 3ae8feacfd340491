//! One form for all spellings of a path, so that no spelling escapes the limits.

mod model;
mod segments;

pub(crate) use model::{can_name_model, with_model};
pub use segments::ends_with;
pub(crate) use segments::{segment_after, segments_after, verb};

use std::borrow::Cow;

/// A path as [`Api::recognises`](super::Api::recognises) sees it.
///
/// It is decoded until nothing is left to decode, although a server decodes once: a proxy behind us may decode
/// before the server does. To take a path for metered that no server would answer costs nobody anything; to miss one
/// costs money. For the same reason `\` counts as `/`, `.` and `..` are resolved, and `;parameters` are dropped.
/// Case is kept, for a model in the path; [`ends_with`] ignores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NormalPath<'a>(Cow<'a, str>);

impl<'a> NormalPath<'a> {
    /// Normalises the path of a URI, its query left out.
    pub(crate) fn of(path: &'a str) -> Self {
        if is_normal(path) {
            return Self(Cow::Borrowed(path));
        }
        Self::of_decoded(&String::from_utf8_lossy(&decode(path.as_bytes())))
    }

    /// The path as a server reads it that decodes it before it looks for the query, if that makes a difference: it ends
    /// where an escaped `?` or `#` stands. [`of`](Self::of) reads it as a server that does so afterwards.
    pub(crate) fn cut(path: &str) -> Option<Self> {
        if is_normal(path) {
            return None;
        }
        let decoded = decode(path.as_bytes());
        let end = decoded.iter().position(|byte| b"?#".contains(byte))?;
        Some(Self::of_decoded(&String::from_utf8_lossy(&decoded[..end])))
    }

    fn of_decoded(decoded: &str) -> Self {
        let mut kept: Vec<&str> = Vec::new();
        for segment in decoded.split(['/', '\\']).map(bare) {
            match segment {
                "" | "." => {}
                ".." => drop(kept.pop()),
                _ => kept.push(segment),
            }
        }
        Self(Cow::Owned(format!("/{}", kept.join("/"))))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A segment without `;parameters` and without blanks around it, which some servers drop.
fn bare(segment: &str) -> &str {
    let end = segment.find(';').unwrap_or(segment.len());
    segment[..end].trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether normalising would change nothing: the common case, which then allocates nothing.
fn is_normal(path: &str) -> bool {
    let Some(segments) = path.as_bytes().strip_prefix(b"/") else {
        return false;
    };
    // Neither empty nor `.` nor `..`.
    let (mut is_named, mut dots) = (false, 0);
    for byte in segments {
        match byte {
            byte if NAMES[usize::from(*byte)] => is_named = true,
            b'.' => {
                dots += 1;
                is_named |= dots > 2;
            }
            b'/' if is_named => (is_named, dots) = (false, 0),
            _ => return false,
        }
    }
    is_named
}

/// What a segment has that stands for itself, but for dots.
const NAMES: [bool; 256] = {
    let mut names = [false; 256];
    let mut byte = 0;
    while byte < 0x80_u8 {
        names[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'~');
        byte += 1;
    }
    names
};

/// Percent-decodes until nothing is left to decode, in one pass: a decoded byte may complete another escape.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    for &byte in path {
        decoded.push(byte);
        while let Some(byte) = last_escape(&decoded) {
            decoded.truncate(decoded.len() - 3);
            decoded.push(byte);
        }
    }
    decoded
}

fn last_escape(decoded: &[u8]) -> Option<u8> {
    let [.., b'%', high, low] = *decoded else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spellings_have_one_form() {
        for spelling in [
            "/v1/chat/completions",
            "/v1/chat/completions/",
            "//v1//chat///completions//",
            "/v1/chat/%63ompletions",
            "/v1/chat%2Fcompletions",
            "/v1/chat%2fcompletions",
            "/v1/chat/%2563ompletions",
            "/v1/chat/%25%36%33ompletions",
            "/v1/./chat/completions/.",
            "/v1/x/../chat/completions",
            "/v1/x/%2e%2E/chat/completions",
            "/../v1/chat/completions",
            "/v1\\chat%5Ccompletions",
            "/v1/chat;a=b/completions;jsessionid=1",
            "/v1/chat/completions%20",
            "/v1/chat/completions%00",
            "v1/chat/completions",
        ] {
            assert_eq!(
                NormalPath::of(spelling).as_str(),
                "/v1/chat/completions",
                "{spelling}"
            );
        }
    }

    #[test]
    fn an_escaped_question_mark_or_hash_ends_the_path_for_some() {
        for path in [
            "/v1/chat/completions%3Fx=1",
            "/v1/chat/completions%23",
            "/v1/chat/completions%253f/messages/count_tokens",
            "/v1/chat/completions%3F/..",
        ] {
            let cut = NormalPath::cut(path);
            let cut = cut.as_ref().map(NormalPath::as_str);
            assert_eq!(cut, Some("/v1/chat/completions"), "{path}");
        }
        let whole = NormalPath::of("/x%3F/../v1/chat/completions");
        assert_eq!(whole.as_str(), "/v1/chat/completions");
        assert_eq!(NormalPath::cut("/v1/chat/%63ompletions"), None);
    }

    #[test]
    fn a_normal_path_is_not_copied() {
        let path = NormalPath::of("/openai/deployments/gpt-4.1/chat/completions");
        assert!(matches!(path.0, Cow::Borrowed(_)));
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(NormalPath::of("/a%/b%4/%zz").as_str(), "/a%/b%4/%zz");
        assert_eq!(NormalPath::of("/%FF").as_str(), "/\u{fffd}");
        assert_eq!(NormalPath::of("").as_str(), "/");
        assert_eq!(NormalPath::of("*").as_str(), "/*");
    }

    #[test]
    fn a_long_chain_of_escapes_is_decoded_in_linear_time() {
        let path = format!("/%{}41", "25".repeat(1_000_000));
        assert_eq!(NormalPath::of(&path).as_str(), "/A");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_normalising_again_changes_nothing(path in "(/|%|2|5|e|\\.|;|[a-f0-9]|\\PC){0,40}") {
            let once = NormalPath::of(&path);
            let twice = NormalPath::of(once.as_str());
            prop_assert_eq!(once.as_str(), twice.as_str());
        }
    }
}
