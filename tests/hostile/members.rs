//! Members that decide: repeated, misspelt, and numbers of any size.

use tower_token_quota::policy::OutputCap;
use tower_token_quota::{Limit, Tier};

use crate::sending::{is_refused, send, with};
use crate::support::{generous, limit, quota};

#[tokio::test]
async fn p8_members_that_decide_come_once_and_are_spelled_so() {
    for members in [
        r#""model":"gpt-4o-mini""#,
        r#""Model":"gpt-4o""#,
        r#""\u006dodel":"gpt-4o""#,
        r#""max_tokens":1,"max_tokens":2"#,
        r#""max_completion_tokens":1,"MAX_COMPLETION_TOKENS":2"#,
        r#""n":1,"n":99"#,
        r#""stream":true,"stream":false"#,
        r#""ſtream":true"#,
        r#""messages":[]"#,
    ] {
        is_refused(with(members), "").await;
    }
    let thousand = |key: &str| vec![format!("\"{key}\":1"); 1_000].join(",");
    is_refused(with(&thousand("max_tokens")), "max_tokens").await;
    let quota = quota(generous());
    let harmless = send(&quota, with(&thousand("x"))).await;
    assert_eq!(harmless.status, 200, "what decides nothing may be repeated");
}

#[tokio::test]
async fn p8_numbers_of_any_size_and_sign() {
    for members in [
        r#""max_tokens":-1"#,
        r#""max_tokens":0"#,
        r#""max_tokens":1.5"#,
        r#""max_tokens":1e3"#,
        r#""max_tokens":1E400"#,
        r#""max_tokens":-0"#,
        r#""max_tokens":"100""#,
        r#""max_tokens":[1]"#,
        r#""max_tokens":true"#,
        r#""max_completion_tokens":99999999999999999999999"#,
        r#""n":0"#,
        r#""n":-1"#,
        r#""n":1000000000000000000"#,
        r#""n":9"#,
        r#""n":1.0"#,
        r#""stream":1"#,
        r#""stream":"true""#,
        r#""stream_options":[]"#,
        r#""stream_options":{"include_usage":1}"#,
    ] {
        is_refused(with(members), "").await;
    }
}

#[tokio::test]
async fn p8_the_largest_numbers_that_are_read_overflow_nothing() {
    for cap in [OutputCap::Reserve, OutputCap::Enforce] {
        let tier = Tier::new("t")
            .max_n(u64::MAX)
            .limit(Limit::tokens(1_000_000).per_day().id("tokens"))
            .limit(Limit::output_tokens(i64::MAX as u64).per_minute())
            .output_cap(cap);
        let quota = quota(tier);
        for members in [
            r#""n":18446744073709551615,"max_tokens":18446744073709551615"#,
            r#""n":1000000000000000000"#,
            r#""max_completion_tokens":18446744073709551615"#,
        ] {
            for model in ["gpt-4o-mini", "unheard-of"] {
                let body = with(members).replace("gpt-4o-mini", model);
                let answer = send(&quota, body).await;
                assert!([200, 429].contains(&answer.status.as_u16()), "{members}");
            }
        }
        assert_eq!(limit(&quota, "tokens").held, 0);
        assert!(limit(&quota, "tokens").used <= 60);
    }
}
