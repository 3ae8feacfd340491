#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// What is written, and its canonical name.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    // Names that are canonical as they are.
    ("gpt-4o", "gpt-4o"), ("gpt-4o-mini", "gpt-4o-mini"), ("gpt-4.1-nano", "gpt-4.1-nano"), ("gpt-5", "gpt-5"),
    ("gpt-5-codex", "gpt-5-codex"), ("o1", "o1"), ("o3-mini", "o3-mini"), ("o1-preview", "o1-preview"), ("gpt-4-32k", "gpt-4-32k"),
    ("gpt-4-turbo-preview", "gpt-4-turbo-preview"), ("gpt-4o-mini-tts", "gpt-4o-mini-tts"), ("text-embedding-3-small", "text-embedding-3-small"),
    ("text-embedding-ada-002", "text-embedding-ada-002"), ("davinci-002", "davinci-002"), ("gpt-oss-120b", "gpt-oss-120b"),
    ("claude-opus-4-1", "claude-opus-4-1"), ("claude-sonnet-4-5", "claude-sonnet-4-5"), ("claude-2.1", "claude-2.1"),
    ("gemini-2.5-flash-lite", "gemini-2.5-flash-lite"), ("gemini-3-pro-preview", "gemini-3-pro-preview"), ("gemini-2.0-flash-exp", "gemini-2.0-flash-exp"),
    ("gemini-embedding-001", "gemini-embedding-001"), ("gemini-exp-1206", "gemini-exp-1206"), ("gemini-2.5-flash-preview-tts", "gemini-2.5-flash-preview-tts"),
    ("grok-2-1212", "grok-2-1212"), ("mistral-large-2407", "mistral-large-2407"), ("llama3.1:8b", "llama3.1:8b"), ("deepseek-v3-0324", "deepseek-v3-0324"),
    ("qwen2.5-72b-instruct", "qwen2.5-72b-instruct"),
    // Case and space.
    ("  GPT-4o\n", "gpt-4o"), ("Claude-3-Opus", "claude-3-opus"),
    // Prefixes.
    ("openai/gpt-4o", "gpt-4o"), ("azure/gpt-4o-mini", "gpt-4o-mini"), ("azure_ai/gpt-4o", "gpt-4o"), ("OpenAI/GPT-4o", "gpt-4o"), ("openai/ gpt-4o", "gpt-4o"),
    ("anthropic/claude-sonnet-4-20250514", "claude-sonnet-4"), ("openrouter/anthropic/claude-opus-4", "claude-opus-4"), ("models/gemini-1.5-flash", "gemini-1.5-flash"),
    ("gemini/gemini-2.5-pro", "gemini-2.5-pro"), ("publishers/google/models/gemini-2.0-flash-001", "gemini-2.0-flash"),
    ("projects/p/locations/us-central1/publishers/google/models/gemini-1.5-pro-002", "gemini-1.5-pro"), ("vertex_ai/claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
    ("openai/openai/gpt-4o", "gpt-4o"), ("google/gemma-3-27b-it", "gemma-3-27b-it"),
    // Organizations that are part of the name.
    ("meta-llama/Llama-3-70b", "meta-llama/llama-3-70b"), ("openrouter/meta-llama/llama-3-70b", "meta-llama/llama-3-70b"), ("mistralai/Mixtral-8x7B", "mistralai/mixtral-8x7b"),
    // A prefix before nothing is a name.
    ("openai/", "openai/"), ("models", "models"),
    // Dates.
    ("gpt-4o-2024-08-06", "gpt-4o"), ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"), ("gpt-4.1-2025-04-14", "gpt-4.1"), ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
    ("o1-2024-12-17", "o1"), ("o1-preview-2024-09-12", "o1-preview"), ("o4-mini-2025-04-16", "o4-mini"), ("gpt-4-turbo-2024-04-09", "gpt-4-turbo"),
    ("gpt-4.5-preview-2025-02-27", "gpt-4.5-preview"), ("gpt-4o-search-preview-2025-03-11", "gpt-4o-search-preview"),
    ("gpt-4o-realtime-preview-2024-12-17", "gpt-4o-realtime-preview"), ("claude-3-opus-20240229", "claude-3-opus"), ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
    ("claude-opus-4-20250514", "claude-opus-4"), ("claude-opus-4-1-20250805", "claude-opus-4-1"), ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
    ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"), ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"), ("gemini-1.5-pro@latest", "gemini-1.5-pro"),
    ("claude-sonnet-4@default", "claude-sonnet-4"), ("text-bison@001", "text-bison"),
    // Months and days, in two families only.
    ("gpt-4-0613", "gpt-4"), ("gpt-4-0314", "gpt-4"), ("gpt-4-32k-0613", "gpt-4-32k"), ("gpt-3.5-turbo-0125", "gpt-3.5-turbo"), ("gpt-3.5-turbo-16k-0613", "gpt-3.5-turbo-16k"),
    ("gpt-3.5-turbo-instruct-0914", "gpt-3.5-turbo-instruct"), ("gpt-4-1106-preview", "gpt-4-turbo-preview"), ("gpt-4-0125-preview", "gpt-4-turbo-preview"),
    ("gpt-4-9999", "gpt-4-9999"), ("gpt-4-0000", "gpt-4-0000"),
    // What looks like a date and is none.
    ("model-2024-13-06", "model-2024-13-06"), ("model-2024-12-32", "model-2024-12-32"), ("model-99999999", "model-99999999"), ("model-1024", "model-1024"),
    // Gemini's snapshots.
    ("gemini-1.5-pro-001", "gemini-1.5-pro"), ("gemini-1.5-flash-8b-001", "gemini-1.5-flash-8b"), ("gemini-1.5-pro-latest", "gemini-1.5-pro"),
    ("gemini-2.5-flash-preview-05-20", "gemini-2.5-flash"), ("gemini-2.5-flash-lite-preview-06-17", "gemini-2.5-flash-lite"),
    ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"), ("gemini-2.5-pro-exp-03-25", "gemini-2.5-pro"), ("gemini-1.5-pro-exp-0827", "gemini-1.5-pro"),
    ("gemini-2.0-flash-thinking-exp-01-21", "gemini-2.0-flash-thinking"),
    // The newest.
    ("chatgpt-4o-latest", "chatgpt-4o"), ("gpt-5-chat-latest", "gpt-5-chat"), ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"), ("mistral-large-latest", "mistral-large"),
    ("-latest", "-latest"), ("gpt-4o-2024-08-06-latest", "gpt-4o"),
    // Fine-tuned.
    ("ft:gpt-4o-mini-2024-07-18:acme::AbC123", "gpt-4o-mini"), ("ft:gpt-3.5-turbo-0613:acme:suffix:id", "gpt-3.5-turbo"), ("ft:gpt-4o:acme:s:id:ckpt-step-90", "gpt-4o"),
    ("openai/ft:gpt-4o-mini-2024-07-18:acme::id", "gpt-4o-mini"), ("ft:gpt-4o", "gpt-4o"),
    // What a client adds behind the colon is not looked at.
    ("ft:gpt-4o:a/openai/gpt-4o-mini", "gpt-4o"), ("openai/ft:gpt-4o:a/openai/gpt-4o-mini", "gpt-4o"),
    // Variants of routers, and tags that are none.
    ("openai/gpt-4o:free", "gpt-4o"), ("openai/gpt-4o:nitro", "gpt-4o"), ("gpt-4o-2024-08-06:floor", "gpt-4o"), ("GPT-4o:Online ", "gpt-4o"),
    ("openrouter/anthropic/claude-3-7-sonnet:thinking:beta", "claude-3-7-sonnet"), ("llama3:latest", "llama3"), ("llama3:8b", "llama3:8b"), ("qwen3:0.6b", "qwen3:0.6b"),
    ("gpt-4o: exacto", "gpt-4o: exacto"), (":free", ":free"), ("ft:gpt-4o:acme::free", "gpt-4o"),
    // Bedrock.
    ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4"), ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"), ("us.openai.gpt-4o", "gpt-4o"),
    ("bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"), ("openai.gpt-oss-120b-1:0", "gpt-oss-120b"), ("anthropic.claude-v2:1", "claude-v2:1"),
    ("us.meta.llama3-3-70b-instruct-v1:0", "us.meta.llama3-3-70b-instruct"), ("anthropic.", "anthropic."), ("us.gpt-4o", "us.gpt-4o"),
    // Other spellings.
    ("gpt-35-turbo", "gpt-3.5-turbo"), ("azure/gpt-35-turbo-16k-0613", "gpt-3.5-turbo-16k"), ("claude-opus-4-0", "claude-opus-4"), ("claude-sonnet-4-0", "claude-sonnet-4"),
];

#[test]
fn each_name_has_its_canonical_one() {
    for (written, expected) in NAMES {
        assert_eq!(
            canonical(written).as_deref(),
            Some(*expected),
            "{written:?}"
        );
    }
}

#[test]
fn a_name_that_says_no_model_has_none() {
    let long = "x".repeat(MAX_NAME + 1);
    for name in ["", "  ", "ft:", "ft::acme::id", "openai/ft:", &long] {
        assert_eq!(canonical(name), None, "{name:?}");
    }
}

#[test]
fn a_megabyte_of_prefixes_takes_no_time() {
    for part in [
        "openai/",
        "ft:",
        "-latest",
        "@001",
        ":free",
        "-1:0",
        "us.openai.",
        " ",
    ] {
        assert_eq!(
            canonical(&part.repeat(1 << 18)).filter(|_| part != " "),
            None
        );
    }
}

/// Names put together from what this module takes apart.
fn any_name() -> impl Strategy<Value = String> {
    let parts = [
        "ft:",
        ":",
        "/",
        "@",
        "openai",
        "openai/",
        "models/",
        "meta-llama/",
        " ",
        "gpt-4",
        "gpt-35",
        "gpt-35-",
        "GPT-4o",
        "gemini-2",
        "-latest",
        "latest",
        "-2024-08-06",
        "-20250514",
        "@20240620",
        "@default",
        "-0613",
        "-002",
        "-preview-05-20",
        "-exp-0827",
        "-preview",
        "-0",
        "-v2",
        "claude-opus-4",
        "claude-3-5-sonnet",
        "ü",
        "-1106-preview",
        "\u{a0}",
        ":nitro",
        ":latest",
        ":8b",
        ":0",
        "-v1:0",
        "us.",
        "anthropic.",
        "openai.",
    ];
    let part = prop_oneof![9 => prop::sample::select(parts.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn the_canonical_name_of_a_canonical_name_is_itself(name in any_name()) {
        if let Some(once) = canonical(&name) {
            prop_assert_eq!(canonical(&once), Some(once.clone()), "{:?}", name);
            prop_assert_eq!(&*folded(&once), &*once);
        }
    }

    #[test]
    fn no_name_panics(name in any::<String>()) {
        let _ = canonical(&name);
    }
}
