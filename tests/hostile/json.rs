//! Bodies that are no JSON object, no text, or deep and wide.

use crate::sending::{is_refused, send, with};
use crate::support::{generous, hello, quota};

#[tokio::test]
async fn p8_bodies_that_are_no_json_object() {
    for body in [
        "",
        " ",
        "\0",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "[{}]",
        "{",
        "}",
        "{}",
        "{}{}",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":NaN}",
        "// x\n{}",
        "\u{feff}{}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}x",
        "{\"\\ud800\":1}",
        "%7B%7D",
        "<xml/>",
    ] {
        is_refused(body, "").await;
    }
    let valid = hello("gpt-4o-mini").to_string();
    is_refused(format!("{valid} {valid}"), "").await;
    is_refused(format!("{valid}\0"), "").await;
    is_refused(valid[..valid.len() - 1].to_owned(), "").await;
}

#[tokio::test]
async fn p8_invalid_utf8() {
    for bytes in [
        &b"\xff"[..],
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
    ] {
        let body = hello("gpt-4o-mini").to_string();
        let at = body.find("Hi").unwrap();
        let body = [&body.as_bytes()[..at], bytes, &body.as_bytes()[at..]].concat();
        is_refused(body, "UTF-8").await;
    }
}

#[tokio::test]
async fn p8_deep_and_wide_json() {
    for depth in [100, 1_000, 100_000] {
        let open = "[".repeat(depth);
        let close = "]".repeat(depth);
        let objects = r#"{"a":"#.repeat(depth);
        let ends = "}".repeat(depth);
        for value in [format!("{open}{close}"), format!("{objects}1{ends}")] {
            for member in [
                "x",
                "messages",
                "tools",
                "stream_options",
                "response_format",
                "metadata",
            ] {
                let body = if member == "messages" {
                    hello("gpt-4o-mini").to_string().replace("\"Hi\"", &value)
                } else {
                    with(&format!("\"{member}\":{value}"))
                };
                let answer = send(&quota(generous()), body).await;
                assert!(
                    [200, 400, 429].contains(&answer.status.as_u16()),
                    "{member}, {depth}"
                );
                answer.json();
            }
            is_refused(open.clone(), "").await;
        }
    }
}
