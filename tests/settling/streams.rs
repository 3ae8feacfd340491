//! Answers that come piece by piece.

use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::support::body::{Script, Step};
use crate::support::provider::{self, DONE, completion, json_answer, says, usage_chunk};
use crate::support::{generous, limit, metered, quota, stream_call};
use crate::table::{COUNTED, REPORTED, Row, WHOLE, check, document, events};

#[tokio::test]
async fn p4_streams_book_their_final_usage_or_what_was_delivered() {
    let table: &[Row] = &[
        (
            "usage at the end",
            || {
                events(Script::pieces([
                    says("Hello, you!"),
                    usage_chunk(11, 7),
                    DONE.into(),
                ]))
            },
            REPORTED,
        ),
        (
            "usage, and no end",
            || {
                let stream = Script::pieces([says("Hello, you!"), usage_chunk(11, 7)]);
                events(stream.then(Step::Break("reset")))
            },
            REPORTED,
        ),
        (
            "no usage",
            || events(Script::pieces([says("Hello, you!"), DONE.into()])),
            COUNTED,
        ),
        (
            "no usage and no end",
            || events(Script::pieces([says("Hello, you!")])),
            COUNTED,
        ),
        (
            "it breaks off",
            || events(Script::pieces([says("Hello, you!")]).then(Step::Break("reset"))),
            COUNTED,
        ),
        (
            "an error after a 200",
            || {
                let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
                events(Script::pieces([says("Hello, you!"), error.into()]))
            },
            COUNTED,
        ),
        (
            "it breaks off before the first event",
            || events(Script::new([Step::Break("reset")])),
            WHOLE,
        ),
        (
            "nothing at all",
            || events(Script::default().sized()),
            WHOLE,
        ),
        (
            "a whole answer where a stream was asked for",
            || Ok(json_answer(200, &completion(11, 7))),
            REPORTED,
        ),
    ];
    check("gpt-4o-mini", true, table).await;
}

/// The data of an event.
fn item(event: &str) -> String {
    event.trim_start_matches("data: ").trim_end().to_owned()
}

fn said() -> String {
    item(&says("Hello, you!"))
}

#[tokio::test]
async fn p4_a_stream_that_is_one_array_is_settled_by_its_items() {
    let table: &[Row] = &[
        (
            "usage at the end",
            || {
                let usage = item(&usage_chunk(11, 7));
                document(["[".into(), said(), format!(",\r\n{usage}]\n")], None)
            },
            REPORTED,
        ),
        (
            "usage, and it breaks off",
            || {
                let usage = item(&usage_chunk(11, 7));
                document([format!("[{},{usage}", said())], Some(Step::Break("reset")))
            },
            REPORTED,
        ),
        (
            "it breaks off in the second item",
            || {
                document(
                    [format!("[{}", said()), ",{\"choices\":".into()],
                    Some(Step::Break("reset")),
                )
            },
            COUNTED,
        ),
        (
            "it has no end, and its figures may still have grown",
            || {
                let usage = r#","usage":{"prompt_tokens":8,"completion_tokens":1}}"#;
                let growing = format!("{}{usage}", said().trim_end_matches('}'));
                document([format!("[{growing},")], None)
            },
            COUNTED,
        ),
        ("no items", || document(["[]".into()], None), WHOLE),
    ];
    check("gpt-4o-mini", true, table).await;
}

#[tokio::test]
async fn p4_events_of_megabytes_book_their_usage_or_the_whole_reservation() {
    fn echoes() -> String {
        format!(
            "data: {{\"choices\":[],\"echo\":\"{}\"",
            "x".repeat(2 << 20)
        )
    }
    let table: &[Row] = &[
        (
            "with usage",
            || {
                let usage = r#","usage":{"prompt_tokens":11,"completion_tokens":7}}"#;
                events(Script::pieces([
                    echoes(),
                    format!("{usage}\n\n"),
                    DONE.into(),
                ]))
            },
            REPORTED,
        ),
        (
            "without usage",
            || {
                events(Script::pieces([
                    says("Hello, you!"),
                    echoes(),
                    "}\n\n".into(),
                ]))
            },
            WHOLE,
        ),
    ];
    check("gpt-4o-mini", true, table).await;
}

#[tokio::test]
async fn p4_the_gauge_falls_when_the_body_ends_and_not_before() {
    let quota = quota(generous());
    let pieces = [says("Hello"), DONE.to_owned()];
    let service = metered(&quota, &provider::streams(pieces.into()));
    let response = service.oneshot(stream_call()).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(limit(&quota, "concurrent").held, 1);
    body.frame().await.unwrap().unwrap();
    assert_eq!(limit(&quota, "concurrent").held, 1);
    while body.frame().await.is_some() {}
    assert_eq!(limit(&quota, "concurrent").held, 0);
}
