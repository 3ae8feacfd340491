use serde_json::value::RawValue;

use super::*;
use crate::api::recorded;
use crate::api::{NormalPath, Target, families};

/// What a request permits, by the family that knows its path.
fn permits(path: &str, body: &str) -> Permits {
    let path = NormalPath::of(path);
    let mut families = families().into_iter();
    let api = families
        .find(|api| api.recognises(&http::Method::POST, path.as_str()))
        .unwrap();
    api.read(&Target::new(path.as_str(), None), body)
        .unwrap()
        .permits
}

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const COMPLETIONS: &str = "/v1/completions";
const MESSAGES: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const VERTEX: &str =
    "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";

fn chat(more: &str) -> Permits {
    let message = r#""messages": [{"role": "user", "content": "Hi"}]"#;
    permits(CHAT, &format!(r#"{{"model": "m", {message}{more}}}"#))
}

fn chat_with(part: &str) -> Permits {
    let body =
        format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": [{part}]}}]}}"#);
    permits(CHAT, &body)
}

fn responses(more: &str) -> Permits {
    permits(
        RESPONSES,
        &format!(r#"{{"model": "m", "input": "Hi"{more}}}"#),
    )
}

fn messages(more: &str) -> Permits {
    let message = r#""messages": [{"role": "user", "content": "Hi"}]"#;
    permits(
        MESSAGES,
        &format!(r#"{{"model": "m", "max_tokens": 5, {message}{more}}}"#),
    )
}

fn gemini(path: &str, more: &str) -> Permits {
    permits(
        path,
        &format!(r#"{{"contents": [{{"parts": [{{"text": "Hi"}}]}}]{more}}}"#),
    )
}

fn gemini_with(part: &str) -> Permits {
    permits(
        GEMINI,
        &format!(r#"{{"contents": [{{"parts": [{part}]}}]}}"#),
    )
}

#[test]
fn a_plain_request_to_openai_permits_any_tier_short_caching_and_no_sound() {
    let plain = Permits {
        service_tier: None,
        cache_writes: CacheWrites::Minutes,
        audio_input: false,
        audio_output: false,
    };
    assert_eq!(chat(""), plain);
    assert_eq!(responses(""), plain);
    assert_eq!(
        permits(COMPLETIONS, r#"{"model": "m", "prompt": "Hi"}"#),
        plain
    );
}

#[test]
fn a_request_to_openai_names_its_tier() {
    let flex = r#", "service_tier": "flex""#;
    for asked in [
        chat(flex),
        responses(flex),
        permits(
            COMPLETIONS,
            r#"{"model": "m", "prompt": "Hi", "service_tier": "flex"}"#,
        ),
    ] {
        assert_eq!(asked.service_tier, Some(ServiceTier::Flex));
    }
    assert_eq!(chat(r#", "service_tier": "auto""#).service_tier, None);
    assert_eq!(responses(r#", "service_tier": null"#).service_tier, None);
}

#[test]
fn a_tier_that_two_readers_would_read_in_two_ways_is_refused() {
    let twice = r#""service_tier": "default", "service_tier": "priority""#;
    let other_case = r#""Service_Tier": "priority""#;
    for tier in [twice, other_case] {
        let hi =
            r#""model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]"#;
        for (path, body) in [
            (CHAT, format!("{{{hi}, {tier}}}")),
            (MESSAGES, format!("{{{hi}, {tier}}}")),
            (
                RESPONSES,
                format!(r#"{{"model": "m", "input": "Hi", {tier}}}"#),
            ),
            (
                COMPLETIONS,
                format!(r#"{{"model": "m", "prompt": "Hi", {tier}}}"#),
            ),
        ] {
            let mut families = families().into_iter();
            let api = families
                .find(|api| api.recognises(&http::Method::POST, path))
                .unwrap();
            let refused = api.read(&Target::new(path, None), &body).unwrap_err();
            assert_eq!(refused.param, Some("service_tier"), "{path} {tier}");
        }
    }
}

#[test]
fn what_openai_hears_and_says_is_told_by_parts_and_modalities() {
    let heard = [
        chat_with(r#"{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}"#),
        chat_with(r#"{"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}"#),
        permits(
            CHAT,
            r#"{"model": "m", "messages": [{"role": "assistant", "audio": {"id": "a"}}]}"#,
        ),
        responses(r#", "previous_response_id": "r""#),
        permits(
            RESPONSES,
            r#"{"model": "m", "input": [{"role": "user", "content": [{"type": "input_audio",
            "input_audio": {"data": "AAAA", "format": "wav"}}]}]}"#,
        ),
    ];
    for (at, permits) in heard.iter().enumerate() {
        assert!(permits.audio_input && !permits.audio_output, "{at}");
    }
    let image = r#"{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}"#;
    assert!(!chat_with(image).audio_input);
    for said in [
        chat(r#", "modalities": ["text", "audio"]"#),
        chat(r#", "audio": {"voice": "ash", "format": "wav"}"#),
        responses(r#", "modalities": ["audio"]"#),
    ] {
        assert!(said.audio_output && !said.audio_input);
    }
    assert!(!chat(r#", "modalities": ["text"], "audio": null"#).audio_output);
}

#[test]
fn marks_of_others_for_the_cache_are_taken_by_servers_that_speak_openais_words() {
    let marked = |control: &str| {
        chat_with(&format!(
            r#"{{"type": "text", "text": "Hi", "cache_control": {control}}}"#
        ))
    };
    let short = marked(r#"{"type": "ephemeral"}"#);
    let long = marked(r#"{"type": "ephemeral", "ttl": "1h"}"#);
    assert_eq!(short.cache_writes, CacheWrites::Minutes);
    assert_eq!(long.cache_writes, CacheWrites::Hour);
}

#[test]
fn embeddings_are_neither_cached_nor_heard() {
    let embedded = permits("/v1/embeddings", r#"{"model": "m", "input": "Hi"}"#);
    assert_eq!(embedded.cache_writes, CacheWrites::None);
    assert!(!embedded.audio_input && !embedded.audio_output);
}

#[test]
fn anthropic_caches_what_is_marked_for_as_long_as_that_says() {
    let plain = messages("");
    assert_eq!(plain.cache_writes, CacheWrites::None);
    assert!(!plain.audio_input && !plain.audio_output);
    let short = r#""cache_control": {"type": "ephemeral"}"#;
    let five = r#""cache_control": {"type": "ephemeral", "ttl": "5m"}"#;
    let hour = r#""cache_control": {"ttl": "1h", "type": "ephemeral"}"#;
    for (mark, writes) in [
        (short, CacheWrites::Minutes),
        (five, CacheWrites::Minutes),
        (hour, CacheWrites::Hour),
    ] {
        for place in [
            format!(", {mark}"),
            format!(r#", "system": [{{"type": "text", "text": "Hi", {mark}}}]"#),
            format!(
                r#", "tools": [{{"name": "f", "input_schema": {{"type": "object"}}, {mark}}}]"#
            ),
        ] {
            assert_eq!(messages(&place).cache_writes, writes, "{place}");
        }
        let result = format!(
            r#"{{"model": "m", "max_tokens": 5, "messages": [{{"role": "user", "content": [{{"type": "tool_result",
            "tool_use_id": "t", "content": [{{"type": "text", "text": "Hi", {mark}}}]}}]}}]}}"#
        );
        assert_eq!(permits(MESSAGES, &result).cache_writes, writes);
    }
    let both = format!(r#", "system": [{{"type": "text", "text": "Hi", {hour}}}], {five}"#);
    assert_eq!(messages(&both).cache_writes, CacheWrites::Hour);
}

#[test]
fn anthropics_standard_tier_is_the_default_one_and_auto_is_the_accounts() {
    let tier = |tier: &str| messages(&format!(r#", "service_tier": {tier}"#)).service_tier;
    assert_eq!(tier(r#""standard_only""#), Some(ServiceTier::Default));
    assert_eq!((tier(r#""auto""#), tier("null")), (None, None));
    assert_eq!(messages("").service_tier, None);
    assert_eq!(tier(r#""fast""#), Some(ServiceTier::Other));
}

#[test]
fn gemini_caches_at_no_cost_and_serves_in_the_default_tier_unless_asked() {
    let plain = Permits {
        service_tier: Some(ServiceTier::Default),
        cache_writes: CacheWrites::None,
        audio_input: false,
        audio_output: false,
    };
    assert_eq!(gemini(GEMINI, ""), plain);
    let tier = |path, name: &str| gemini(path, &format!(r#", "serviceTier": {name}"#)).service_tier;
    assert_eq!(tier(GEMINI, r#""flex""#), Some(ServiceTier::Flex));
    assert_eq!(
        tier(GEMINI, r#""SERVICE_TIER_PRIORITY""#),
        Some(ServiceTier::Priority)
    );
    assert_eq!(tier(GEMINI, r#""standard""#), Some(ServiceTier::Default));
    assert_eq!(
        tier(GEMINI, r#""SERVICE_TIER_UNSPECIFIED""#),
        Some(ServiceTier::Default)
    );
    assert_eq!(tier(GEMINI, r#""deferred""#), Some(ServiceTier::Other));
    assert_eq!(tier(GEMINI, "3"), Some(ServiceTier::Other));
    let snake = gemini(GEMINI, r#", "service_tier": "priority""#);
    assert_eq!(snake.service_tier, Some(ServiceTier::Priority));
    // There a header may ask for another, and headers are not read.
    assert_eq!(gemini(VERTEX, "").service_tier, None);
    assert_eq!(tier(VERTEX, r#""standard""#), Some(ServiceTier::Default));
}

#[test]
fn what_gemini_hears_and_says_is_told_by_types_and_modalities() {
    let inline = |mime: &str| {
        gemini_with(&format!(
            r#"{{"inlineData": {{"mimeType": "{mime}", "data": "AAAA"}}}}"#
        ))
    };
    let file = |mime: &str| {
        gemini_with(&format!(
            r#"{{"file_data": {{"mime_type": "{mime}", "file_uri": "gs://a"}}}}"#
        ))
    };
    for mime in ["audio/mp3", "video/mp4"] {
        assert!(inline(mime).audio_input && file(mime).audio_input, "{mime}");
    }
    for mime in ["image/png", "application/pdf", "text/plain"] {
        assert!(
            !inline(mime).audio_input && !file(mime).audio_input,
            "{mime}"
        );
    }
    assert!(gemini(GEMINI, r#", "cachedContent": "cachedContents/a""#).audio_input);
    let config = |config: &str| gemini(GEMINI, &format!(r#", "generationConfig": {{{config}}}"#));
    assert!(config(r#""responseModalities": ["AUDIO"]"#).audio_output);
    assert!(config(r#""response_modalities": ["TEXT", 3]"#).audio_output);
    assert!(config(r#""speechConfig": {"voiceConfig": {}}"#).audio_output);
    assert!(
        !config(r#""responseModalities": ["TEXT", "IMAGE"], "speechConfig": null"#).audio_output
    );
}

#[test]
fn no_recorded_call_was_billed_for_what_its_request_did_not_permit() {
    let mut checked = 0;
    for api in families() {
        for exchange in recorded::of(api) {
            let (Ok(call), Some(usage)) = (exchange.call(api), exchange.tally(api).usage) else {
                continue;
            };
            checked += 1;
            let Permits {
                service_tier,
                cache_writes,
                audio_input,
                audio_output,
            } = call.permits;
            let shown = exchange.request.get();
            let short = usage.cache_write_tokens > usage.cache_write_1h_tokens;
            assert!(!short || cache_writes >= CacheWrites::Minutes, "{shown}");
            let long = usage.cache_write_1h_tokens > 0;
            assert!(!long || cache_writes == CacheWrites::Hour, "{shown}");
            assert!(usage.audio_input_tokens == 0 || audio_input, "{shown}");
            assert!(usage.audio_output_tokens == 0 || audio_output, "{shown}");
            let served = exchange.tally(api).service_tier.or(usage.service_tier);
            if let (Some(asked), Some(served)) = (service_tier, served) {
                assert!([asked, ServiceTier::Default].contains(&served), "{shown}");
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

fn raw(json: &str) -> Value<'_> {
    serde_json::from_str::<&RawValue>(json).unwrap().into()
}

#[test]
fn the_tier_is_what_is_asked_for_and_unknown_where_that_is_left_to_the_provider() {
    let cases = [
        ("null", None),
        ("\"auto\"", None),
        ("\"default\"", Some(ServiceTier::Default)),
        ("\"flex\"", Some(ServiceTier::Flex)),
        ("\"priority\"", Some(ServiceTier::Priority)),
        ("\"scale\"", Some(ServiceTier::Other)),
        ("3", Some(ServiceTier::Other)),
    ];
    for (json, tier) in cases {
        assert_eq!(service_tier(raw(json)), tier, "{json}");
    }
}

#[test]
fn a_cache_is_written_where_a_mark_stands_and_for_as_long_as_it_says() {
    let cases = [
        (r#"{"a": 1}"#, CacheWrites::None),
        (r#"{"cache_control": null}"#, CacheWrites::None),
        (
            r#"{"text": "say \"cache_control\": \"x\""}"#,
            CacheWrites::None,
        ),
        (r#"{"text": "cache_control"}"#, CacheWrites::None),
        (r#"["cache_control", "ttl"]"#, CacheWrites::None),
        (
            r#"{"a": [{"cache_control" : {"type": "ephemeral"}}]}"#,
            CacheWrites::Minutes,
        ),
        (r#"{"cache_control":{"ttl": "5m"}}"#, CacheWrites::Minutes),
        (r#"{"cache_control":{"ttl":null}}"#, CacheWrites::Minutes),
        (
            r#"{"a":{"cache_control":{"ttl":"5m"}},"b":{"cache_control":{"ttl":"1h"}}}"#,
            CacheWrites::Hour,
        ),
        (r#"{"cache_control":{"ttl":"1d"}}"#, CacheWrites::Hour),
        (r#"{"cache_control":{"ttl":60}}"#, CacheWrites::Hour),
    ];
    for (body, writes) in cases {
        assert_eq!(cache_writes(body), writes, "{body}");
    }
}

#[test]
fn a_mark_that_is_spelled_out_is_found() {
    let marks = [
        r#"{"cache\u005fcontrol":{"ttl":"1h"}}"#,
        r#"{"cache_control":{"ttl":"\u0031h"}}"#,
        r#"{"\u0063ache_control":{}}"#,
        r#"{"text":"\\\u0061"}"#,
    ];
    for body in marks {
        assert_eq!(cache_writes(body), CacheWrites::Hour, "{body}");
    }
    for body in [
        r#"{"text":"\u003cb\u003e \u00e9 \u0026"}"#,
        r#"{"text":"\\u0061"}"#,
        r#"{"text":"\\u00"}"#,
        r#"{"text":"\\u00é"}"#,
    ] {
        assert_eq!(cache_writes(body), CacheWrites::None, "{body}");
    }
}

#[test]
fn an_answer_is_heard_unless_it_is_text_or_images() {
    for silent in [
        "null",
        "[]",
        r#"["text"]"#,
        r#"["TEXT", "IMAGE"]"#,
        r#""text""#,
    ] {
        assert!(!is_heard(raw(silent)), "{silent}");
    }
    for heard in [r#"["text", "audio"]"#, "[3]", r#""AUDIO""#, "{}"] {
        assert!(is_heard(raw(heard)), "{heard}");
    }
}
