//! Answers that are one document.

use serde_json::json;

use crate::support::Booked;
use crate::support::body::{Script, Step};
use crate::support::provider::{answer, completion, json_answer};
use crate::table::{COUNTED, NOTHING, REPORTED, Row, WHOLE, check, document, html};

#[tokio::test]
async fn p4_whole_answers_book_their_usage_or_what_can_be_known() {
    let table: &[Row] = &[
        (
            "usage",
            || Ok(json_answer(200, &completion(11, 7))),
            REPORTED,
        ),
        (
            "an explicit zero",
            || Ok(json_answer(200, &completion(0, 0))),
            NOTHING,
        ),
        (
            "more than was reserved",
            || Ok(json_answer(200, &completion(11, 70_000))),
            Booked::new(1, 11, 70_000),
        ),
        (
            "201 with usage",
            || Ok(json_answer(201, &completion(11, 7))),
            REPORTED,
        ),
        (
            "no usage",
            || {
                let mut answer = completion(0, 0);
                answer.as_object_mut().unwrap().remove("usage");
                Ok(json_answer(200, &answer))
            },
            COUNTED,
        ),
        (
            "an unknown shape",
            || Ok(json_answer(200, &json!({"ok": true}))),
            WHOLE,
        ),
        ("no JSON", || html(200), WHOLE),
        (
            "an empty body",
            || Ok(answer(200, "application/json", Script::default().sized())),
            WHOLE,
        ),
        (
            "no content at all",
            || Ok(answer(204, "application/json", Script::default())),
            WHOLE,
        ),
        (
            "a compressed answer",
            || {
                let mut answer = json_answer(200, &completion(11, 7));
                let gzip = "gzip".parse().unwrap();
                answer.headers_mut().insert("content-encoding", gzip);
                Ok(answer)
            },
            WHOLE,
        ),
        (
            "an answer that breaks off",
            || {
                let script = Script::pieces([r#"{"id":"x","choices":["#]);
                Ok(answer(
                    200,
                    "application/json",
                    script.then(Step::Break("reset")),
                ))
            },
            WHOLE,
        ),
    ];
    check("gpt-4o-mini", false, table).await;
}

#[tokio::test]
async fn p4_what_follows_a_document_is_not_understood() {
    fn without_usage() -> String {
        let mut answer = completion(0, 0);
        answer.as_object_mut().unwrap().remove("usage");
        answer.to_string()
    }
    let table: &[Row] = &[
        (
            "after final usage it is of no matter",
            || document([completion(11, 7).to_string(), "x".into()], None),
            REPORTED,
        ),
        (
            "without usage nobody knows",
            || document([without_usage(), "{}".into()], None),
            WHOLE,
        ),
        (
            "white space is nothing",
            || document([without_usage(), " \r\n".into()], None),
            COUNTED,
        ),
    ];
    check("gpt-4o-mini", false, table).await;
}
