//! Names of models that are none, too long, or meant to break something.

use tower_token_quota::{Limit, Tier};

use crate::sending::{is_refused, send};
use crate::support::{generous, hello, limit, quota};

fn of_model(model: &str) -> String {
    hello("MODEL").to_string().replace("\"MODEL\"", model)
}

#[tokio::test]
async fn p8_models_that_are_none() {
    for model in [
        "null",
        "1",
        "true",
        "[]",
        "{}",
        "\"\"",
        "\" \"",
        "\"\\u0000\\u0001\"",
        "[\"gpt-4o\"]",
    ] {
        let answer = send(&quota(generous()), of_model(model)).await;
        if answer.status.is_success() {
            // Control characters make a strange name, which the provider refuses itself; no header can hold it.
            assert!(!answer.headers.contains_key("x-quota-model"), "{model}");
        } else {
            assert_eq!(answer.status, 400, "{model}");
        }
    }
    is_refused(
        hello("x").to_string().replace("\"model\"", "\"mode\""),
        "model",
    )
    .await;
}

#[tokio::test]
async fn p8_giant_models_are_not_repeated() {
    for length in [513, 10_000, 1_000_000] {
        is_refused(of_model(&format!("\"{}\"", "m".repeat(length))), "model").await;
        is_refused(
            of_model(&format!("\"{}\"", "\\u00e9".repeat(length))),
            "model",
        )
        .await;
    }
}

#[tokio::test]
async fn p8_models_that_would_break_headers_keys_or_messages() {
    let tier = || {
        Tier::new("t")
            .models(["gpt-4o-mini"])
            .limit(Limit::requests(9).per_day())
    };
    for model in [
        r#""a\r\nset-cookie: x=1""#,
        r#""a\nb""#,
        r#""\u0000""#,
        r#""a\u2028b\u0085c""#,
        r#""'; DROP TABLE limits; --""#,
        r#""a\"b\\c""#,
        r#""gpt-4o-mini\u0000""#,
        r#""../../etc/passwd""#,
        r#""ｇｐｔ－４ｏ""#,
        r#""𝕘𝕡𝕥""#,
        r#""*""#,
    ] {
        let quota = quota(tier());
        let answer = send(&quota, of_model(model)).await;
        answer.is_refused(403, "model_not_allowed");
        assert!(!answer.headers.contains_key("set-cookie"), "{model}");
        assert_eq!(limit(&quota, "t/requests/day").used, 0);
    }
}
