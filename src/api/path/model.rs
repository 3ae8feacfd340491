//! Another model in a path, as it was sent.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::NormalPath;
use crate::api::ModelSite;

/// What stands for itself in a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

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
    use proptest::prelude::*;

    use super::*;

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
        fn nothing_panics(path in "(/|%|2|5|e|\\.|;|[a-f0-9]|\\PC){0,40}") {
            let _ = with_model(&path, &ModelSite::PathAfter("a"), "m");
            let _ = with_model(&path, &ModelSite::PathVerb, "m");
        }
    }
}
