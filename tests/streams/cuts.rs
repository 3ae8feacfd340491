//! Wherever an answer is cut, the same bytes come out and the same usage is booked.

use bytes::Bytes;
use futures_util::FutureExt as _;
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_token_quota::TokenQuotaLayer;

use crate::passing::{asking_for_usage, through};
use crate::support::body::Script;
use crate::support::provider::{BoxError, DONE, EVENTS, answer, completion, usage_chunk};
use crate::support::{
    self, Booked, booked, by_header, generous, hello_call, quota, read, stream_call,
};

const RECORDED: &str = include_str!("../fixtures/recorded_stream.sse");

/// The recorded stream without the event that has its usage.
fn stripped() -> String {
    let events = RECORDED.split_inclusive("\n\n");
    events
        .filter(|event| !event.contains("\"choices\":[]"))
        .collect()
}

fn cuts(whole: &str) -> impl Iterator<Item = [Bytes; 2]> {
    let whole = Bytes::copy_from_slice(whole.as_bytes());
    (0..=whole.len()).map(move |cut| [whole.slice(..cut), whole.slice(cut..)])
}

fn byte_by_byte(whole: &str) -> Script {
    Script::pieces(whole.bytes().map(|byte| Bytes::from(vec![byte])))
}

#[tokio::test]
async fn p7_a_stream_cut_anywhere_is_the_same_stream_and_the_same_bill() {
    for pieces in cuts(RECORDED) {
        let cut = pieces[0].len();
        let (read, quota) = through(EVENTS, Script::pieces(pieces), asking_for_usage()).await;
        assert_eq!(read.text(), RECORDED, "cut at {cut}");
        assert_eq!(booked(&quota), Booked::new(1, 78, 9), "cut at {cut}");
    }
    let (read, quota) = through(EVENTS, byte_by_byte(RECORDED), asking_for_usage()).await;
    assert_eq!(read.text(), RECORDED);
    assert_eq!(booked(&quota), Booked::new(1, 78, 9));
}

#[tokio::test]
async fn p7_a_stripped_stream_cut_anywhere_lacks_the_usage_alone() {
    let expected = stripped();
    assert!(!expected.contains("prompt_tokens") && expected.ends_with(DONE));
    for pieces in cuts(RECORDED) {
        let cut = pieces[0].len();
        let (read, quota) = through(EVENTS, Script::pieces(pieces), stream_call()).await;
        assert_eq!(read.text(), expected, "cut at {cut}");
        assert_eq!(booked(&quota), Booked::new(1, 78, 9), "cut at {cut}");
    }
    let (read, quota) = through(EVENTS, byte_by_byte(RECORDED), stream_call()).await;
    assert_eq!(read.text(), expected);
    assert_eq!(booked(&quota), Booked::new(1, 78, 9));
}

#[tokio::test]
async fn p7_a_whole_answer_cut_anywhere_is_the_same_answer_and_the_same_bill() {
    let whole = serde_json::to_string_pretty(&completion(11, 7)).unwrap();
    let json = "application/json; charset=utf-8";
    for pieces in cuts(&whole) {
        let cut = pieces[0].len();
        let (read, quota) = through(json, Script::pieces(pieces).sized(), hello_call()).await;
        assert_eq!(read.text(), whole, "cut at {cut}");
        assert_eq!(booked(&quota), Booked::new(1, 11, 7), "cut at {cut}");
    }
    let (read, quota) = through(json, byte_by_byte(&whole), hello_call()).await;
    assert_eq!(read.text(), whole);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn p7_a_stream_with_strange_line_ends_comments_and_fields_is_stripped_of_the_usage_alone() {
    let usage = usage_chunk(11, 7);
    let usage = usage.trim_end();
    for (before, usage, after) in [
        (
            ": ping\r\n\r\n",
            format!("{usage}\r\n\r\n"),
            "data: [DONE]\r\n\r\n",
        ),
        (
            "event: x\rid: 1\r\r",
            format!("{usage}\r\r"),
            "data:[DONE]\r\r",
        ),
        (
            "retry: 5\n\n\n\n",
            format!("id: 7\n{usage}\n\n"),
            "data: [DONE]\n\n",
        ),
        (
            "\u{feff}data: x\n\n",
            format!("{}\n\n", usage.replace(",\"usage", ",\ndata: \"usage")),
            "data: [DONE]",
        ),
    ] {
        let whole = format!("{before}{usage}{after}");
        for pieces in cuts(&whole) {
            let (cut, script) = (pieces[0].len(), Script::pieces(pieces));
            let (read, quota) = through(EVENTS, script, stream_call()).await;
            assert_eq!(
                read.text(),
                format!("{before}{after}"),
                "{whole:?} cut at {cut}"
            );
            assert_eq!(
                booked(&quota),
                Booked::new(1, 11, 7),
                "{whole:?} cut at {cut}"
            );
        }
    }
}

proptest! {
    #![proptest_config(support::cases(64))]

    /// A provider may send anything: it comes out as it went in, unless it is stripped of what looks like a usage chunk.
    #[test]
    fn p7_any_bytes_in_any_pieces_pass(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8),
        content_type in prop_oneof![Just(EVENTS), Just("application/json"), Just("text/plain")],
        status in prop_oneof![Just(200u16), Just(400), Just(500)],
    ) {
        let whole: Vec<u8> = pieces.concat();
        let inner = service_fn(move |_| {
            let script = Script::pieces(pieces.clone());
            async move { Ok::<_, BoxError>(answer(status, content_type, script)) }
        });
        let quota = quota(generous());
        let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(inner);
        for asked in [hello_call(), stream_call(), asking_for_usage()] {
            let response = service.clone().oneshot(asked).now_or_never().unwrap().unwrap();
            let read = read(response).now_or_never().unwrap();
            prop_assert_eq!(&read.body[..], &whole[..]);
        }
        let _settled = booked(&quota);
    }
}
