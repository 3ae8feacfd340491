//! Any path with any body: nothing panics, JSON is walked as it is read, and what can be read can be edited.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde::de::IgnoredAny;
use tower_token_quota::Forecast;
use tower_token_quota::api::{Api, Call, Edit, ModelSite, Sites, Text, splice};
use tower_token_quota::fuzzing::{compare_walks, read};
use tower_token_quota_fuzz::mutate;

/// The paths that an input's first byte picks from; with any other, the path is the input's first line.
const PATHS: &[&str] = &[
    "/v1/chat/completions",
    "/openai/deployments/gpt-4o/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/messages",
    "/v1beta/models/gemini-2.5-flash:generateContent",
    "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, 1)
});

fuzz_target!(|input: &[u8]| {
    let Some((&first, rest)) = input.split_first() else {
        return;
    };
    let rest = String::from_utf8_lossy(rest);
    let (path, body) = match PATHS.get(usize::from(first)) {
        Some(path) => (*path, &*rest),
        None => rest.split_once('\n').unwrap_or((&rest, "")),
    };
    compare_walks(body);
    let estimate = Forecast::of_request(path, body);
    match read(path, body) {
        Some((api, Ok(call))) => {
            assert!(estimate.is_ok());
            assert_stands_in(body, &call);
            assert_can_be_edited(api, path, body, &call);
        }
        Some((_, Err(_))) | None => assert!(estimate.is_err()),
    }
});

fn assert_stands_in(body: &str, call: &Call) {
    assert!(is_json(body), "what was read is no JSON");
    for text in &call.input.texts {
        assert!(!text.of(body).is_empty(), "a text stands beside the body");
    }
}

/// Each edit alone, and all together, give JSON that reads as the same call with the edit made.
fn assert_can_be_edited(api: &dyn Api, path: &str, body: &str, call: &Call) {
    let call_means = meaning(call.clone(), body);
    // No cap is lowered below what the provider takes.
    let cap = call.output.least.max(CAP);
    let mut all_means = call_means.clone();
    for legacy_cap in [false, true] {
        let mut all = Edit::default();
        all.legacy_cap = legacy_cap;
        for (set, means) in EDITS {
            let mut edit = Edit::default();
            edit.legacy_cap = legacy_cap;
            set(&mut edit, cap);
            set(&mut all, cap);
            let mut expected = call_means.clone();
            // What a family has no place for it does not write.
            if !api.splices(call, body, &edit).is_empty() {
                means(&mut expected, cap);
                means(&mut all_means, cap);
            }
            assert_eq!(edited(api, path, body, call, &edit), expected, "{edit:?}");
        }
        assert_eq!(edited(api, path, body, call, &all), all_means, "{all:?}");
    }
}

type Setting = (fn(&mut Edit<'_>, u64), fn(&mut Call, u64));

const MODEL: &str = "another \"model\"";
const CAP: u64 = 50;

const EDITS: [Setting; 3] = [
    (
        |edit, _| edit.model = Some(MODEL),
        |call, _| call.model = MODEL.into(),
    ),
    (
        |edit, cap| edit.output_cap = Some(cap),
        |call, cap| call.output.cap = Some(cap),
    ),
    (
        |edit, _| edit.stream_usage = true,
        |call, _| call.asks_usage = true,
    ),
];

/// What an edited request reads as.
fn edited(api: &dyn Api, path: &str, body: &str, call: &Call, edit: &Edit<'_>) -> Call {
    let splices = api.splices(call, body, edit);
    let spliced = splice(&Bytes::copy_from_slice(body.as_bytes()), splices);
    let spliced = spliced.expect("splices fit the body they were made for");
    let spliced = std::str::from_utf8(&spliced).expect("text stays text");
    assert!(is_json(spliced), "JSON stays JSON: {spliced}");
    match read(path, spliced) {
        Some((_, Ok(call))) => meaning(call, spliced),
        again => panic!("{spliced} reads as {again:?}"),
    }
}

/// A call without the places where its parts stand, and without what another model's name changes: some models search by
/// themselves, and what is escaped may hide what is permitted.
fn meaning(mut call: Call, body: &str) -> Call {
    call.opaque = None;
    // What a provider takes at the least may depend on the cap that stands there.
    call.output.least = 0;
    call.permits = Default::default();
    for text in &mut call.input.texts {
        *text = Text::Owned(text.of(body).into());
    }
    call.sites = Sites::default();
    if let ModelSite::Body(site) = &mut call.model_site {
        *site = 0..0;
    }
    call
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}
