//! Price lists in litellm's format.
//!
//! The rows are facts from litellm's `model_prices_and_context_window.json` at commit 00035b69, MIT, cut to the keys
//! that matter here.

use proptest::prelude::*;

use super::*;
use crate::prices::{PriceError, Prices};
use crate::usage::ServiceTier;

const EXCERPT: &str = r#"{
  "sample_spec": {"input_cost_per_token": 0.0, "max_input_tokens": "max input tokens, if the provider specifies it",
    "mode": "one of: chat, embedding, completion", "supported_regions": ["global"]},
  "dall-e-2-like/1024-x-1024": {"input_cost_per_pixel": 1.9e-08, "mode": "image_generation", "output_cost_per_pixel": 0.0},
  "google_pse/search": {"input_cost_per_query": 0.005, "mode": "search"},
  "gpt-5.5": {"cache_read_input_token_cost": 5e-07, "cache_read_input_token_cost_above_272k_tokens": 1e-06,
    "cache_read_input_token_cost_flex": 2.5e-07, "cache_read_input_token_cost_priority": 1e-06,
    "input_cost_per_token": 5e-06, "input_cost_per_token_above_272k_tokens": 1e-05, "input_cost_per_token_flex": 2.5e-06,
    "input_cost_per_token_batches": 2.5e-06, "input_cost_per_token_priority": 1e-05, "litellm_provider": "openai",
    "max_input_tokens": 1050000, "mode": "chat", "output_cost_per_token": 3e-05,
    "output_cost_per_token_above_272k_tokens": 4.5e-05, "output_cost_per_token_flex": 1.5e-05,
    "output_cost_per_token_batches": 1.5e-05, "output_cost_per_token_priority": 6e-05,
    "regional_processing_uplift_multiplier_eu": 1.1, "supported_endpoints": ["/v1/chat/completions"]},
  "gpt-5-nano": {"input_cost_per_token": 5e-08, "input_cost_per_token_flex": 2.5e-08,
    "input_cost_per_token_priority": 2.5e-06, "mode": "chat", "output_cost_per_token": 4e-07,
    "output_cost_per_token_flex": 2e-07},
  "global.anthropic.claude-sonnet-4-5-20250929-v1:0": {"cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06, "cache_read_input_token_cost": 3e-07, "input_cost_per_token": 3e-06,
    "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05,
    "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06,
    "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
    "cache_read_input_token_cost_above_200k_tokens": 6e-07, "mode": "chat", "output_cost_per_token": 1.5e-05,
    "search_context_cost_per_query": {"search_context_size_high": 0.01, "search_context_size_low": 0.01,
      "search_context_size_medium": 0.01}},
  "gpt-4o-search-preview": {"input_cost_per_token": 2.5e-06, "mode": "chat", "output_cost_per_token": 1e-05,
    "search_context_cost_per_query": {"search_context_size_high": 0.05, "search_context_size_low": 0.03,
      "search_context_size_medium": 0.035}},
  "gemini/gemini-3-flash-preview": {"cache_read_input_token_cost": 5e-08, "input_cost_per_audio_token": 1e-06,
    "input_cost_per_token": 5e-07, "litellm_provider": "gemini", "mode": "chat", "output_cost_per_reasoning_token": 3e-06,
    "output_cost_per_token": 3e-06, "input_cost_per_token_priority": 9e-07, "input_cost_per_audio_token_priority": 1.8e-06,
    "output_cost_per_token_priority": 5.4e-06, "cache_read_input_token_cost_priority": 9e-08},
  "databricks/databricks-claude-3-7-sonnet": {"input_cost_per_token": 2.9999900000000002e-06,
    "input_dbu_cost_per_token": 4.2857e-05, "mode": "chat", "output_cost_per_token": 1.5000020000000002e-05},
  "databricks/databricks-gemini-2-5-flash": {"input_cost_per_token": 3.0001999999999996e-07, "mode": "chat",
    "output_cost_per_token": 2.49998e-06},
  "dashscope/qwen3-max-2026-01-23": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
    {"input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06, "range": [0, 32000.0]},
    {"input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05, "range": [32000.0, 128000.0]},
    {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "range": [128000.0, 252000.0]}]},
  "gigachat/Embeddings": {"input_cost_per_token": 0.0, "mode": "embedding", "output_cost_per_token": 0.0},
  "gradient_ai/openai-gpt-4o": {"max_tokens": 16384, "mode": "chat"}
}"#;

fn excerpt() -> Prices {
    Prices::from_litellm(EXCERPT).unwrap()
}

fn found(name: &str) -> Price {
    excerpt()
        .find(name)
        .unwrap_or_else(|| panic!("{name}"))
        .clone()
}

/// What a row gives its model.
pub(super) fn row(row: &str) -> Result<Option<Price>, PriceError> {
    let prices = Prices::from_litellm(&format!("{{\"m\": {row}}}")).unwrap();
    match prices.skipped() {
        [] => Ok(prices.find("m").cloned()),
        [skipped] => Err(skipped.reason.clone()),
        more => panic!("{more:?}"),
    }
}

#[test]
fn rows_of_models_that_are_metered_are_read_and_others_left_out() {
    let prices = excerpt();
    let skipped: Vec<&str> = prices.skipped().iter().map(|row| &*row.model).collect();
    assert_eq!(
        (prices.len(), skipped),
        (9, vec!["gradient_ai/openai-gpt-4o"])
    );
    for name in [
        "sample_spec",
        "google_pse/search",
        "gradient_ai/openai-gpt-4o",
    ] {
        assert!(prices.find(name).is_none(), "{name}");
    }
    assert!(found("gigachat/embeddings").is_free());
}

#[test]
fn steps_and_tiers_are_those_of_the_row() {
    let usage = |input, service_tier| Usage {
        cached_input_tokens: 1_000,
        service_tier,
        ..Usage::new(input, 10)
    };
    let costs = |input, tier| found("gpt-5.5").cost(&usage(input, tier));
    let plain = |cost: Cost| (cost.usd.nanos(), cost.unpriced.is_empty());
    assert_eq!(
        plain(costs(2_000, None)),
        (1_000 * 5_000 + 1_000 * 500 + 10 * 30_000, true)
    );
    let priority = Some(ServiceTier::Priority);
    assert_eq!(
        plain(costs(2_000, priority)),
        (1_000 * 10_000 + 1_000 * 1_000 + 10 * 60_000, true)
    );
    let long = 271_001 * 10_000 + 1_000 * 1_000 + 10 * 45_000;
    assert_eq!(plain(costs(272_001, None)), (long, true));
    // The list has no long priority calls: twice what they cost by default, and flagged.
    let cost = costs(272_001, priority);
    assert_eq!(cost.usd.nanos(), 2 * long);
    assert_eq!(
        cost.unpriced,
        parts(&[Part::Input, Part::CachedInput, Part::Output])
    );
}

#[test]
fn cache_writes_for_an_hour_have_steps_too() {
    let claude = found("global.anthropic.claude-sonnet-4-5-20250929-v1:0");
    let usage = |input| Usage {
        cache_write_tokens: 1_000,
        cache_write_1h_tokens: 400,
        web_searches: 1,
        ..Usage::new(input, 0)
    };
    assert_eq!(
        nanos(&claude, &usage(1_000)),
        600 * 3_750 + 400 * 6_000 + 10_000_000
    );
    assert_eq!(
        nanos(&claude, &usage(201_000)),
        200_000 * 6_000 + 600 * 7_500 + 400 * 12_000 + 10_000_000
    );
}

#[test]
fn a_tier_with_half_of_its_prices_counts_as_unknown() {
    let usage = |tier| Usage {
        service_tier: Some(tier),
        ..Usage::new(1_000_000, 0)
    };
    let nano = found("gpt-5-nano");
    let cost = nano.cost(&usage(ServiceTier::Priority));
    assert_eq!(cost.usd.nanos(), 50_000_000);
    assert_eq!(cost.unpriced, Part::ServiceTier.into());
    assert_eq!(nanos(&nano, &usage(ServiceTier::Flex)), 25_000_000);
}

#[test]
fn a_search_costs_the_highest_of_its_fees() {
    let usage = Usage {
        web_searches: 2,
        ..Usage::default()
    };
    assert_eq!(nanos(&found("gpt-4o-search-preview"), &usage), 100_000_000);
    assert_eq!(
        found("gpt-5.5").cost(&usage).unpriced,
        Part::WebSearches.into()
    );
}

#[test]
fn audio_has_tiers_too() {
    let usage = Usage {
        audio_input_tokens: 500,
        service_tier: Some(ServiceTier::Priority),
        ..Usage::new(1_000, 0)
    };
    assert_eq!(
        nanos(&found("gemini-3-flash-preview"), &usage),
        500 * 900 + 500 * 1_800
    );
}

#[test]
fn no_digit_is_lost() {
    let nanos = |name| nanos(&found(name), &Usage::new(100_000_000_000_000, 0));
    assert_eq!(
        nanos("databricks/databricks-claude-3-7-sonnet"),
        299_999_000_000_000_020
    );
    assert_eq!(
        nanos("databricks/databricks-gemini-2-5-flash"),
        30_001_999_999_999_996
    );
}

#[test]
fn ranges_are_steps() {
    let cost = |input| {
        nanos(
            &found("dashscope/qwen3-max-2026-01-23"),
            &Usage::new(input, 1),
        )
    };
    assert_eq!(cost(32_000), 32_000 * 1_200 + 6_000);
    assert_eq!(cost(32_001), 32_001 * 2_400 + 12_000);
    assert_eq!(cost(128_001), 128_001 * 3_000 + 15_000);
    assert_eq!(
        cost(999_999),
        999_999 * 3_000 + 15_000,
        "above the last range"
    );
}

#[test]
fn steps_of_xai_begin_with_the_number_itself() {
    let text = |provider| {
        format!(
            r#"{{"litellm_provider": "{provider}", "input_cost_per_token": 1e-6, "output_cost_per_token": 0,
            "input_cost_per_token_above_128k_tokens": 2e-6}}"#
        )
    };
    let cost = |provider| {
        nanos(
            &row(&text(provider)).unwrap().unwrap(),
            &Usage::new(128_000, 0),
        )
    };
    assert_eq!((cost("xai"), cost("openai")), (256_000_000, 128_000_000));
}

#[test]
fn numbers_may_stand_in_strings_and_nulls_are_nothing() {
    let price = row(
        r#"{"input_cost_per_token": "3e-7", "output_cost_per_token": "0",
        "output_cost_per_reasoning_token": null, "mode": null}"#,
    );
    assert_eq!(nanos(&price.unwrap().unwrap(), &Usage::new(10, 10)), 3_000);
}

#[test]
fn output_that_a_model_for_embeddings_should_not_have_is_not_free() {
    let price = row(r#"{"mode": "embedding", "input_cost_per_token": 1e-6}"#)
        .unwrap()
        .unwrap();
    assert_eq!(nanos(&price, &Usage::new(10, 0)), 10_000);
    let cost = price.cost(&Usage {
        reasoning_tokens: 2,
        ..Usage::new(10, 5)
    });
    assert_eq!(
        (cost.usd.nanos(), cost.unpriced),
        (15_000, parts(&[Part::Output, Part::Reasoning]))
    );
    let steps = row(r#"{"tiered_pricing": [{"range": [0, 9], "input_cost_per_token": 1}]}"#);
    assert_eq!(steps.unwrap_err().to_string(), "no price for output tokens");
    let output = row(r#"{"mode": "embedding", "output_cost_per_token": 0}"#);
    assert_eq!(output.unwrap_err().to_string(), "no price for input tokens");
}

#[test]
fn an_older_key_says_what_cached_input_costs() {
    let usage = Usage {
        cached_input_tokens: 10,
        ..Usage::new(10, 0)
    };
    let text = r#"{"input_cost_per_token": 1e-6, "output_cost_per_token": 0, "input_cost_per_token_cache_hit": 1e-7}"#;
    assert_eq!(nanos(&row(text).unwrap().unwrap(), &usage), 1_000);
}

#[test]
fn what_is_no_list_is_an_error() {
    for text in ["", "[]", "5", "{", "{\"a\": }", "null"] {
        let read = Prices::from_litellm(text);
        assert!(matches!(read, Err(PriceError::NotAList(_))), "{text}");
    }
    assert!(Prices::from_litellm("{}").unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), value in "[-0-9eE.\\[\\]{}\",:a-z]{0,30}", at in 0_usize..4_000) {
        let _ = Prices::from_litellm(&text);
        let _ = Prices::from_litellm(&format!("{{\"m\": {value}}}"));
        let _ = Prices::from_litellm(&format!("{{\"m\": {{\"input_cost_per_token\": {value}}}}}"));
        if let (Some(before), Some(after)) = (EXCERPT.get(..at), EXCERPT.get(at..)) {
            let _ = Prices::from_litellm(&format!("{before}{value}{after}"));
        }
    }
}
