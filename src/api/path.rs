//! One form for all spellings of a path, so that no spelling escapes the limits.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ModelSite;

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

/// Whether a normalised path ends with these segments, whatever their case and whatever stands before them.
///
/// ```
/// use tower_token_quota::api::path_ends_with;
///
/// assert!(path_ends_with("/gateway/V1/chat", &["v1", "chat"]));
/// assert!(!path_ends_with("/v1/chat/1", &["v1", "chat"]));
/// ```
#[must_use]
pub fn ends_with(path: &str, segments: &[&str]) -> bool {
    let mut rest = Some(path.as_bytes());
    segments.iter().rev().all(|wanted| {
        let wanted = wanted.as_bytes();
        let cut = |path: &[u8]| path.len().checked_sub(wanted.len());
        let Some((before, end)) = rest.and_then(|path| path.split_at_checked(cut(path)?)) else {
            return false;
        };
        rest = before.strip_suffix(b"/");
        let is_segment = (before.is_empty() || rest.is_some()) && !end.contains(&b'/');
        is_segment && (end == wanted || end.eq_ignore_ascii_case(wanted))
    })
}

/// The segments, the last one first: as `rsplit` gives them, whose search is made for longer texts.
fn segments_back(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let whole = rest?;
        let slash = whole.bytes().rposition(|byte| byte == b'/');
        rest = slash.and_then(|slash| whole.get(..slash));
        whole.get(slash.map_or(0, |slash| slash + 1)..)
    })
}

/// The segment after the last one called `name`, in any case, and how many segments follow it.
pub(crate) fn segment_after<'p>(path: &'p str, name: &str) -> Option<(&'p str, usize)> {
    let [after] = segments_after(path, [name]);
    after
}

/// The same for several names.
pub(crate) fn segments_after<'p, const N: usize>(
    path: &'p str,
    names: [&str; N],
) -> [Option<(&'p str, usize)>; N] {
    let (mut found, mut after) = ([None; N], None);
    for (following, segment) in segments_back(path).enumerate() {
        for (found, name) in found.iter_mut().zip(names) {
            if segment.eq_ignore_ascii_case(name) {
                found.get_or_insert(after);
            }
        }
        after = Some((segment, following));
    }
    found.map(Option::flatten)
}

/// What stands for itself in a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// The last segment's parts before and behind its last colon: `gemini-2.5-flash` and `generateContent`.
pub(crate) fn verb(path: &str) -> Option<(&str, &str)> {
    path.rsplit('/').next()?.rsplit_once(':')
}

/// The path as it was sent, with another model where its model stands.
///
/// Only the model's bytes change. `None` when the path is spelled so that no model stands there.
pub(crate) fn with_model(path: &str, site: &ModelSite, model: &str) -> Option<String> {
    let found = match site {
        ModelSite::PathAfter(name) => segment_after_in_raw(path, name),
        ModelSite::PathVerb => before_verb_in_raw(path),
        ModelSite::Body(_) | ModelSite::Nowhere => None,
    };
    let found = found.filter(|place| !place.is_empty())?;
    let model = utf8_percent_encode(model, SEGMENT);
    Some(format!(
        "{}{model}{}",
        &path[..found.start],
        &path[found.end..]
    ))
}

/// The segment after the last one that is a spelling of `name`.
fn segment_after_in_raw(path: &str, name: &str) -> Option<Range<usize>> {
    let end_of = |start: usize| path[start..].find('/').map_or(path.len(), |at| start + at);
    let mut found = None;
    let mut start = 0;
    while start < path.len() {
        let end = end_of(start);
        let next = end + 1;
        if is_spelling_of(&path[start..end], name) && next < path.len() {
            found = Some(next..end_of(next));
        }
        start = next;
    }
    found
}

/// What stands before the last colon of the last segment, which some clients escape.
fn before_verb_in_raw(path: &str) -> Option<Range<usize>> {
    let path = path.trim_end_matches('/');
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    let segment = &path[start..];
    let colon = [":", "%3A", "%3a"]
        .iter()
        .filter_map(|colon| segment.rfind(colon));
    Some(start..start + colon.max()?)
}

/// Whether [`with_model`] changes the model that a server sees in this path: not so where dots or escaped slashes make
/// the segment that is written another one than the segment that is read. A model that is not in the path can always be
/// named.
pub(crate) fn can_name_model(path: &str, site: &ModelSite) -> bool {
    const PROBE: &str = "probe";
    if !site.is_in_path() {
        return true;
    }
    let written = with_model(path, site, PROBE);
    let written = written.as_deref().map(NormalPath::of);
    let seen = with_model(NormalPath::of(path).as_str(), site, PROBE);
    written.is_some_and(|written| Some(written.as_str()) == seen.as_deref())
}

fn is_spelling_of(segment: &str, name: &str) -> bool {
    NormalPath::of(segment)
        .as_str()
        .trim_start_matches('/')
        .eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
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

    #[test]
    fn segments_are_compared_whole() {
        let suffix = &["chat", "completions"];
        assert!(ends_with("/v1/chat/completions", suffix));
        assert!(ends_with("/v1/Chat/COMPLETIONS", suffix));
        assert!(!ends_with("/v1/nochat/completions", suffix));
        assert!(!ends_with("/v1/chat/completions/x", suffix));
        assert!(!ends_with("/completions", suffix));
    }

    proptest! {
        #[test]
        fn the_last_segments_are_those_behind_the_last_slashes(
            path in "[/aAbé]{0,8}",
            wanted in vec("[/aAé]{0,2}", 0..4),
        ) {
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let mut last = path.rsplit('/');
            let is_next = |wanted: &&str| last.next().is_some_and(|is| is.eq_ignore_ascii_case(wanted));
            prop_assert_eq!(ends_with(&path, &wanted), wanted.iter().rev().all(is_next));
        }
    }

    #[test]
    fn the_segment_after_the_last_of_a_name_is_found() {
        let path = "/openai/deployments/a/deployments/b/chat/completions";
        assert_eq!(segment_after(path, "deployments"), Some(("b", 2)));
        assert_eq!(segment_after("/x/deployments", "deployments"), None);
        assert_eq!(segment_after("/x", "deployments"), None);
    }

    #[test]
    fn only_the_models_segment_is_replaced() {
        let swapped = |path| with_model(path, &ModelSite::PathAfter("deployments"), "gpt 4/o");
        assert_eq!(
            swapped("//openai/deployments/gpt-4.1/chat%2Fcompletions/").as_deref(),
            Some("//openai/deployments/gpt%204%2Fo/chat%2Fcompletions/")
        );
        assert_eq!(
            swapped("/%64eployments/a/x").as_deref(),
            Some("/%64eployments/gpt%204%2Fo/x")
        );
        assert_eq!(swapped("/openai%2Fdeployments%2Fa/x"), None);
        assert_eq!(swapped("/deployments/"), None);
        assert_eq!(swapped("/deployments//a"), None);
    }

    #[test]
    fn a_model_is_written_only_where_a_server_reads_it() {
        let can = |path| can_name_model(path, &ModelSite::PathAfter("deployments"));
        assert!(can("/openai/deployments/gpt-4/chat/completions"));
        assert!(can("//openai/%64eployments/gpt%2D4/chat//completions/"));
        assert!(!can("/openai/deployments/x/../gpt-4/chat/completions"));
        assert!(can("/openai/deployments/x%2F..%2Fgpt-4/chat/completions")); // all of it goes
        assert!(!can("/openai/deployments/./gpt-4/chat/completions"));
        assert!(!can("/openai%2Fdeployments%2Fgpt-4/chat/completions"));
    }

    #[test]
    fn a_model_before_a_verb_is_replaced_up_to_its_last_colon() {
        let swapped = |path| with_model(path, &ModelSite::PathVerb, "gemini-3 pro");
        assert_eq!(
            swapped("/v1beta/models/gemini-2.5-flash:generateContent/").as_deref(),
            Some("/v1beta/models/gemini-3%20pro:generateContent/")
        );
        assert_eq!(
            swapped("/models/tuned:1:streamGenerateContent").as_deref(),
            Some("/models/gemini-3%20pro:streamGenerateContent")
        );
        assert_eq!(
            swapped("/models/gemini-2.5-flash%3AgenerateContent").as_deref(),
            Some("/models/gemini-3%20pro%3AgenerateContent")
        );
        assert_eq!(
            swapped("/models/gemini-2.5-flash%253AgenerateContent"),
            None
        );
        assert_eq!(swapped("/models/:generateContent"), None);
        let can = |path| can_name_model(path, &ModelSite::PathVerb);
        assert!(can("/v1beta/models/gemini%2D2.5:generateContent"));
        assert!(!can("/v1beta/models/gemini:generateContent/x/.."));
        assert!(!can("/v1beta/models/gemini:generateContent/."));
        assert!(!can("/v1beta/models/x%2Fgemini:generateContent/%2e"));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_normalising_again_changes_nothing(path in "(/|%|2|5|e|\\.|;|[a-f0-9]|\\PC){0,40}") {
            let once = NormalPath::of(&path);
            let twice = NormalPath::of(once.as_str());
            prop_assert_eq!(once.as_str(), twice.as_str());
            let _ = with_model(&path, &ModelSite::PathAfter("a"), "m");
            let _ = with_model(&path, &ModelSite::PathVerb, "m");
        }
    }
}
