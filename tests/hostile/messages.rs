//! Messages of any shape, and texts that are hard to count.

use tower_token_quota::{Limit, Tier};

use crate::sending::{is_refused, send};
use crate::support::{generous, hello, quota};

#[tokio::test]
async fn p8_messages_of_any_shape() {
    for content in [
        "null",
        "1",
        "true",
        "{}",
        "[]",
        "[null]",
        "[1]",
        "[[]]",
        "[{}]",
        r#"[{"type":"text"}]"#,
        r#"[{"type":"text","text":null}]"#,
        r#"[{"type":"image_url","image_url":"data:;base64,"}]"#,
        r#"[{"type":"image_url","image_url":{"url":1}}]"#,
        r#"[{"type":"\u0000"}]"#,
        r#""\u0000""#,
        r#""<|endoftext|><|im_start|>""#,
        r#""\ud83e""#,
    ] {
        let body = hello("gpt-4o-mini").to_string().replace("\"Hi\"", content);
        let answer = send(&quota(generous()), body).await;
        assert!([200, 400].contains(&answer.status.as_u16()), "{content}");
        answer.json();
    }
    for messages in ["null", "1", "{}", "[null]", "[1]", "[[]]", "[\"Hi\"]"] {
        let body = format!(r#"{{"model":"gpt-4o-mini","messages":{messages}}}"#);
        is_refused(body, "").await;
    }
}

#[tokio::test]
async fn p8_texts_that_tokenizers_choke_on() {
    let quota = quota(Tier::new("t").limit(Limit::tokens(i64::MAX as u64).per_day().id("tokens")));
    for text in [
        " ".repeat(1_200_000),
        "\\n".repeat(600_000),
        "é".repeat(300_000),
    ] {
        let body = hello("gpt-4o-mini").to_string().replace("Hi", &text);
        let answer = send(&quota, body).await;
        assert_eq!(answer.status, 200);
    }
}
