//! Whose price a name has.

use super::*;
use crate::model::{Aliases, Model};
use crate::prices::Prices;
use crate::usage::ServiceTier;

/// The price of a million plain input tokens in whole dollars; `None` without a price.
fn dollars(prices: &Prices, name: &str) -> Option<u64> {
    let cost = prices.find(name)?.cost(&Usage::new(1_000_000, 0));
    Some(cost.usd.nanos() / 1_000_000_000)
}

fn list(rows: &[(&str, u64)]) -> Prices {
    let row = |(name, dollars): &(&str, u64)| {
        format!(
            "\"{name}\": {{\"input_cost_per_token\": {dollars}e-6, \"output_cost_per_token\": 0}}"
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    Prices::from_litellm(&format!("{{{}}}", rows.join(","))).unwrap()
}

fn flat(dollars: u64) -> Price {
    price(&dollars.to_string(), "0")
}

#[test]
fn built_in_models_are_found_by_all_their_names() {
    let prices = Prices::built_in();
    let names = [
        "gpt-4o",
        " GPT-4o ",
        "openai/gpt-4o",
        "openrouter/openai/gpt-4o:nitro",
        "gpt-4o-2024-08-06",
        "gpt-4o-2024-11-20",
        "azure/gpt-4o",
        "claude-sonnet-4-5-20250929",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5@20250929",
        "gemini-2.5-pro",
        "gemini/gemini-2.5-pro",
        "models/gemini-2.5-pro",
        "gemini-2.5-pro-preview-06-05",
        "gemini-embedding-001",
        "gpt-35-turbo",
    ];
    for name in names {
        assert!(prices.find(name).is_some(), "{name}");
    }
    for name in [
        "",
        "gpt",
        "gpt-4o-",
        "groq/gpt-4o",
        "ft:gpt-4o:acme::1",
        "o",
        "*",
    ] {
        assert!(prices.find(name).is_none(), "{name}");
    }
}

#[test]
fn a_dated_row_counts_before_the_undated_one() {
    let prices = list(&[("gpt-4o", 2), ("gpt-4o-2024-05-13", 5)]);
    assert_eq!(dollars(&prices, "gpt-4o-2024-05-13"), Some(5));
    assert_eq!(dollars(&prices, "openai/gpt-4o-2024-05-13"), Some(5));
    assert_eq!(dollars(&prices, "gpt-4o-2024-08-06"), Some(2));
}

#[test]
fn without_an_undated_row_the_latest_snapshot_that_costs_something_counts() {
    let prices = list(&[
        ("gemini-1.5-pro-001", 1),
        ("gemini-1.5-pro-002", 2),
        ("gemini-1.5-pro-exp-0827", 0),
        ("gemini/gemini-1.5-pro-003", 3),
        ("gemini/gemini-2.0-flash", 4),
    ]);
    assert_eq!(dollars(&prices, "gemini-1.5-pro"), Some(2));
    assert_eq!(dollars(&prices, "gemini-2.0-flash"), Some(4));
}

#[test]
fn another_provider_may_bill_otherwise() {
    let prices = list(&[
        ("azure/eu/gpt-4o", 9),
        ("gmi/openai/gpt-4o", 8),
        ("groq/llama-3", 7),
    ]);
    assert_eq!(dollars(&prices, "azure/eu/gpt-4o"), Some(9));
    for name in ["gpt-4o", "azure/us/gpt-4o", "llama-3"] {
        assert_eq!(dollars(&prices, name), None, "{name}");
    }
}

#[test]
fn fine_tuned_models_have_prices_of_their_own() {
    let prices = list(&[("gpt-4o", 2), ("ft:gpt-4o-2024-08-06", 4)]);
    assert_eq!(dollars(&prices, "ft:gpt-4o-2024-08-06:acme::1"), Some(4));
    assert_eq!(
        dollars(&prices, "openai/ft:gpt-4o-2024-11-20:acme::1"),
        Some(4)
    );
    let prices = list(&[("gpt-4o", 2)]);
    assert_eq!(dollars(&prices, "ft:gpt-4o:acme::1"), None);
    let given = |name| dollars(&prices.clone().with(name, flat(5)), "ft:gpt-4o:acme/x::1");
    for name in [
        "ft:gpt-4o",
        "ft:*",
        "ft:gpt-4o:acme/*",
        "*",
        "ft:gpt-4o:acme/x::1",
    ] {
        assert_eq!(given(name), Some(5), "{name}");
    }
    for name in ["gpt-4o", "gpt-*", "x"] {
        assert_eq!(given(name), None, "{name}");
    }
}

#[test]
fn given_prices_count_before_lists_and_the_most_specific_before_others() {
    let prices = Prices::built_in()
        .with("*", flat(1))
        .with("gpt-*", flat(2))
        .with("gpt-4?", flat(3))
        .with("gpt-4o*", flat(4))
        .with("gpt-4o-mini", flat(5))
        .with("GPT-4o-mini-2024-07-18", flat(6))
        .with("openai/gpt-5", flat(7));
    let expected = [
        ("llama", 1),
        ("gpt-5", 2),
        ("gpt-4", 2),
        ("gpt-4x", 3),
        ("gpt-4o", 4),
        ("gpt-4o-2024-08-06", 4),
        ("gpt-4o-mini", 5),
        ("openai/gpt-4o-mini-2099-01-01", 5),
        ("openai/gpt-4o-mini-2024-07-18", 6),
        ("openai/gpt-5", 7),
    ];
    for (name, price) in expected {
        assert_eq!(dollars(&prices, name), Some(price), "{name}");
    }
    let again = prices.with("gpt-4o-MINI", flat(8));
    assert_eq!(
        dollars(&again, "gpt-4o-mini"),
        Some(8),
        "the last one given for a name counts"
    );
}

#[test]
fn how_a_name_is_written_moves_it_into_no_glob() {
    let prices = Prices::none().with("o*", flat(1)).with("azure/*", flat(2));
    assert_eq!(dollars(&prices, "openai/gpt-4o"), None);
    assert_eq!(dollars(&prices, "openai/o3"), Some(1));
    assert_eq!(dollars(&prices, "azure/gpt-4o"), Some(2));
}

#[test]
fn an_alias_has_the_price_of_its_target() {
    let mut aliases = Aliases::default();
    assert!(aliases.insert("fast", "gpt-4o-mini"));
    let (prices, model) = (Prices::built_in(), Model::resolve("fast", &aliases));
    assert_eq!(prices.of(&model), prices.find("gpt-4o-mini"));
    let given = prices.with("fast", flat(9));
    assert_eq!(given.of(&model), Some(&flat(9)));
}

#[test]
fn a_deployment_that_is_called_like_another_model_has_the_price_of_its_own() {
    let mut aliases = Aliases::default();
    assert!(aliases.insert("gpt-4", "gpt-4o-mini"));
    let (prices, model) = (Prices::built_in(), Model::resolve("gpt-4", &aliases));
    assert_eq!(prices.of(&model), prices.find("gpt-4o-mini"));
}

#[test]
fn a_deployment_whose_model_nobody_knows_has_given_prices_only() {
    let none = Aliases::default();
    let deployment = Model::resolve("gpt-4o", &none).unresolved();
    let prices = Prices::built_in();
    assert_eq!(prices.of(&deployment), None);
    assert_eq!(
        prices.with("gpt-4o", flat(3)).of(&deployment),
        Some(&flat(3))
    );
}

#[test]
fn a_list_replaces_rows_of_the_same_names() {
    let other =
        list(&[("gpt-4o", 77), ("gemini-2.5-pro", 78), ("gpt-4.1", 0)]).with("o3", flat(79));
    let prices = Prices::built_in().replaced_by(other);
    assert_eq!(prices.len(), 61);
    assert_eq!(dollars(&prices, "gpt-4.1-2025-04-14"), Some(0));
    assert_eq!(dollars(&prices, "gpt-4o"), Some(77));
    assert_eq!(
        dollars(&prices, "gemini-2.5-pro"),
        Some(78),
        "bare before its maker's"
    );
    assert_eq!(dollars(&prices, "o3"), Some(79));
    assert_eq!(dollars(&prices, "gpt-4"), Some(30));
    let tiers = prices.find("gpt-4o").map(|price| {
        let mut usage = Usage::new(1, 1);
        usage.service_tier = Some(ServiceTier::Priority);
        price.cost(&usage).unpriced
    });
    assert_eq!(
        tiers,
        Some(Part::ServiceTier.into()),
        "a row is replaced as a whole"
    );
}

proptest::proptest! {
    #[test]
    fn no_name_panics(name in proptest::prelude::any::<String>(), odd in "[ :@/*?a-z0-9.-]{0,40}") {
        let prices = Prices::built_in().with(&name, flat(1)).with(&odd, flat(2));
        for name in [&name, &odd, &format!("ft:{odd}"), &format!("openai/{name}")] {
            let _ = prices.find(name);
        }
    }
}
