//! What the segments of a normalised path say.

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

/// The last segment's parts before and behind its last colon: `gemini-2.5-flash` and `generateContent`.
pub(crate) fn verb(path: &str) -> Option<(&str, &str)> {
    path.rsplit('/').next()?.rsplit_once(':')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

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
}
