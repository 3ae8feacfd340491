//! Rows of a price list that give their models no price, and what is said of them.

use super::litellm::row;
use super::*;
use crate::decimal::AmountError;
use crate::prices::{PriceError, Prices};

#[test]
fn a_model_that_generates_text_has_prices_for_input_and_output_or_none() {
    let given = ["1e-6", "0", "\"2e-6\""];
    let values = given.into_iter().chain(["null"]).map(Some).chain([None]);
    let modes = ["null", "\"chat\"", "\"completion\"", "\"responses\""];
    for mode in modes {
        for (input, output) in values
            .clone()
            .flat_map(|one| values.clone().map(move |other| (one, other)))
        {
            let key = |key: &str, value: Option<&str>| {
                value.map_or(String::new(), |value| format!(r#", "{key}": {value}"#))
            };
            let text = format!(
                r#"{{"mode": {mode}{}{}, "cache_read_input_token_cost": 1e-7}}"#,
                key("input_cost_per_token", input),
                key("output_cost_per_token", output),
            );
            let is_given = |value: Option<&str>| value.is_some_and(|value| given.contains(&value));
            let told = row(&text)
                .map(|price| price.is_some())
                .map_err(|reason| reason.to_string());
            let expected = match (is_given(input), is_given(output)) {
                (true, true) => Ok(true),
                (true, false) => Err("no price for output tokens"),
                (false, true) => Err("no price for input tokens"),
                (false, false) => Err("no price for tokens"),
            };
            assert_eq!(told, expected.map_err(str::to_owned), "{text}");
        }
    }
}

#[test]
fn a_misspelt_mode_is_told_of_if_the_row_has_prices_for_tokens() {
    let row_of = |mode: &str, prices: &str| row(&format!(r#"{{"mode": "{mode}", {prices}}}"#));
    let prices = r#""input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6"#;
    for mode in ["chat", "Chat", "CHAT", " Responses ", "Completion"] {
        let price = row_of(mode, prices).unwrap().unwrap();
        assert_eq!(nanos(&price, &Usage::new(10, 10)), 30_000, "{mode}");
    }
    for mode in ["chatt", "", "embeddings", "image\\ngeneration"] {
        let reason = row_of(mode, prices).unwrap_err().to_string();
        assert_eq!(
            reason,
            format!("`{mode}` is no mode such as `chat` or `embedding`")
        );
        let steps = r#""tiered_pricing": [{"range": [0, 9], "input_cost_per_token": 1}]"#;
        assert!(row_of(mode, steps).is_err(), "{mode}");
        assert_eq!(
            row_of(mode, r#""output_cost_per_image": 0.04"#),
            Ok(None),
            "{mode}"
        );
    }
    for mode in [
        "image_generation",
        "Realtime",
        "rerank",
        "moderation",
        "audio_speech",
    ] {
        assert_eq!(row_of(mode, prices), Ok(None), "{mode}");
    }
}

#[test]
fn a_misspelt_price_is_told_of_by_its_key() {
    let misspelt = [
        (
            "output",
            r#""input_cost_per_token": 1e-6, "output_costs_per_token": 2e-6"#,
            "output_costs_per_token",
        ),
        (
            "output",
            r#""input_cost_per_token": 1e-6, "output_cost_per_1k_tokens": 2e-3"#,
            "output_cost_per_1k_tokens",
        ),
        (
            "output",
            r#""input_cost_per_token": 1e-6, "output_cost_per_token": null, "ouptut_cost_per_token": 1"#,
            "ouptut_cost_per_token",
        ),
        (
            "input",
            r#""imput_cost_per_token": 1e-6, "output_cost_per_token": 2e-6"#,
            "imput_cost_per_token",
        ),
        (
            "input",
            r#""Input_Cost_Per_Token": 1e-6, "output_cost_per_token": 0"#,
            "Input_Cost_Per_Token",
        ),
        (
            "input",
            r#""inputCostPerToken": 1e-6, "outputCostPerToken": 2e-6"#,
            "inputCostPerToken",
        ),
        (
            "output",
            r#""outputCostPerToken": 2e-6"#,
            "outputCostPerToken",
        ),
        (
            "output",
            r#""input_cost_per_token": 1, "output_cost_per_token\n": 2"#,
            "output_cost_per_token\\n",
        ),
    ];
    for (part, fields, field) in misspelt {
        let text = format!(r#"{{"mode": "chat", {fields}}}"#);
        let told = format!("no price for {part} tokens: `{field}` may be a misspelling");
        assert_eq!(row(&text).unwrap_err().to_string(), told, "{text}");
    }
}

#[test]
fn a_step_with_half_of_its_prices_is_told_of() {
    const PLAIN: &str = r#""input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6"#;
    let told =
        |fields: &str| row(&format!("{{{PLAIN}, {fields}}}")).map_err(|error| error.to_string());
    let input = r#""input_cost_per_token_above_200k_tokens": 2e-6"#;
    let output = r#""output_cost_per_token_above_200k_tokens": 3e-6"#;
    let missing =
        |part| format!("no price for {part} tokens in calls of more than 200000 input tokens");
    assert_eq!(told(input), Err(missing("output")));
    assert_eq!(told(output), Err(missing("input")));
    for (right, part, key) in [
        (input, "output", "output_cost_per_token_above_200k_token"),
        (input, "output", "output_costs_per_token_above_200k_tokens"),
        (input, "output", "outputCostPerTokenAbove200kTokens"),
        (output, "input", "input_cost_per_tokens_above_200k_tokens"),
    ] {
        // Of a long key there is the beginning.
        let field = &key[..key.len().min(40)];
        let misspelt = format!("{}: `{field}` may be a misspelling", missing(part));
        assert_eq!(told(&format!(r#"{right}, "{key}": 3e-6"#)), Err(misspelt));
    }
    let odd =
        r#""input_cost_per_token_above_256_tokens": 1, "output_cost_per_token_above256_tokens": 1"#;
    let error = told(odd).unwrap_err();
    assert!(
        error.ends_with(
            "256 input tokens: `output_cost_per_token_above256_tokens` may be a misspelling"
        ),
        "{error}"
    );
    let of_the_other = format!(r#"{input}, "input_cost_per_token_above200k_tokens": 3e-6"#);
    assert_eq!(
        told(&of_the_other),
        Err(missing("output")),
        "{of_the_other}"
    );
    let both = r#""input_cost_per_token_above_200k_token": 2e-6, "output_cost_per_token_above_200k_token": 3e-6"#;
    let misspelt = ": `input_cost_per_token_above_200k_token` may be a misspelling";
    assert_eq!(told(both), Err(missing("input") + misspelt));
    for (number, above) in [("1m", 1_000_000), ("200K", 200_000), ("200_000", 200_000)] {
        let odd = format!(r#""input_cost_per_token_above_{number}_tokens": 2e-6"#);
        let above = format!("more than {above} input tokens: ");
        assert!(told(&odd).is_err_and(|told| told.contains(&above)), "{odd}");
    }
    let range = r#""tiered_pricing": [{"range": [0, 9]}, {"range": [9, 99], "input_cost_per_token": 3e-6}]"#;
    assert!(told(range).is_err());
    for whole in [
        format!("{input}, {output}"),
        format!(r#"{input}, {output}, "cache_read_input_token_cost_above_100k_tokens": 1e-7"#),
        format!(r#"{input}, "mode": "embedding""#),
        format!(r#"{input}, {output}, "inputCostPerTokenAbove200kTokens": 2e-6"#),
        r#""input_cost_per_token_above_200k_token": null, "output_cost_per_token_above_200k_token": 0"#.to_owned(),
    ] {
        assert!(told(&whole).is_ok_and(|price| price.is_some()), "{whole}");
    }
    for plain in [
        r#""input_cost_per_token": 0, "output_cost_per_token": 0"#,
        r#""input_cost_per_token": 1e-6, "output_cost_per_token": 0"#,
    ] {
        let free = format!("{{{plain}, {input}}}");
        assert!(row(&free).is_ok_and(|price| price.is_some()), "{free}");
        let cached =
            format!(r#"{{{plain}, "cache_read_input_token_cost_above_100k_tokens": 1e-7}}"#);
        assert!(row(&cached).is_ok_and(|price| price.is_some()), "{cached}");
    }
}

#[test]
fn a_model_that_is_not_billed_by_the_token_has_no_price() {
    let billed_otherwise = [
        r#"{"mode": "chat", "input_cost_per_second": 0.01}"#,
        r#"{"mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0, "output_cost_per_image": 0.04}"#,
        r#"{"input_cost_per_character": 2.5e-7, "output_cost_per_character": 0}"#,
    ];
    for text in billed_otherwise {
        assert_eq!(row(text), Err(PriceError::NoTokenPrice), "{text}");
    }
    let partly = [
        (
            "input",
            "input_cost_per_video_per_second",
            r#"{"input_cost_per_video_per_second": 0.00049, "output_cost_per_token": 7.5e-06}"#,
        ),
        (
            "output",
            "output_cost_per_image",
            r#"{"mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_image": 0.04}"#,
        ),
    ];
    for (part, field, text) in partly {
        let told = format!("no price for {part} tokens: `{field}` is one for something else");
        assert_eq!(row(text).unwrap_err().to_string(), told);
    }
    assert_eq!(
        row(r#"{"mode": "audio_speech", "input_cost_per_token": "?"}"#),
        Ok(None)
    );
}

#[test]
fn a_row_without_any_price_is_told_of() {
    let without = [
        r#"{"mode": "chat"}"#,
        r#"{"max_tokens": 16384}"#,
        r#"{"input_cost_per_token": null, "output_cost_per_token": null}"#,
        r#"{"input": "0.10", "output": "0.40"}"#,
        r#"{"search_context_cost_per_query": 0.01}"#,
        r#"{"mode": "embedding"}"#,
        r#"{"input_cost_per_token_priority": 1.2e-06, "output_cost_per_token_priority": 1.2e-06}"#,
    ];
    for text in without {
        assert_eq!(row(text), Err(PriceError::NoTokenPrice), "{text}");
    }
    assert_eq!(row(r#"{"mode": "image_generation"}"#), Ok(None));
}

#[test]
fn a_bad_row_costs_its_model_the_price_and_no_other_model() {
    let text = r#"{"bad": {"input_cost_per_token": -1e-6}, "worse": 5, "good": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}"#;
    let prices = Prices::from_litellm(text).unwrap();
    let skipped: Vec<_> = prices
        .skipped()
        .iter()
        .map(|skipped| skipped.model.as_str())
        .collect();
    assert_eq!(skipped, ["bad", "worse"]);
    assert!(prices.find("good").is_some() && prices.find("bad").is_none());
    let reason = &prices.skipped()[0].reason;
    assert_eq!(
        reason.to_string(),
        "input_cost_per_token = -1e-6: not a plain decimal amount like \"0.15\""
    );
    let bad = [
        r#"{"input_cost_per_token": true}"#,
        r#"{"input_cost_per_token": {}}"#,
        r#"{"input_cost_per_token": 1e-6, "tiered_pricing": 5}"#,
        r#"{"input_cost_per_token": 1e-6, "tiered_pricing": [{"range": []}]}"#,
        r#"{"input_cost_per_token": 1e-6, "tiered_pricing": [{"range": [-1, 5]}]}"#,
        r#"{"input_cost_per_token": 1e-6, "search_context_cost_per_query": {"low": "x"}}"#,
    ];
    for text in bad {
        let error = row(text).unwrap_err();
        let PriceError::Value { error, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*error, AmountError::NotDecimal, "{text}");
    }
}

#[test]
fn a_reason_is_one_line() {
    let told = |text| row(text).unwrap_err().to_string();
    let value = told("{\"input_cost_per_token\": {\n\"FATAL\": \"\u{2028}\u{202e}\"}}");
    assert_eq!(
        value,
        "input_cost_per_token = {\\n\"FATAL\": \"\\u{2028}\\u{202e}\"}: not a plain decimal amount like \"0.15\""
    );
}
