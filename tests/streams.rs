//! P7, answers: whatever way they are cut, the same bytes come out and the same usage is booked. A stream is passed on
//! event by event; only the usage that its caller did not ask for is kept back.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{BodyExt, Channel, Full};
use proptest::prelude::*;
use support::body::{Script, Step};
use support::provider::{
    BoxError, DONE, EVENTS, answer, completion, says, streams, usage_chunk, usual_stream,
};
use support::{
    Booked, Provider, Read, booked, by_header, call, chat, generous, hello_call, hello_stream,
    limit, metered, policy, quota, quota_of, read, stream_call,
};
use tower::{Layer, ServiceExt, service_fn};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::{Quota, TokenQuotaLayer};

const RECORDED: &str = include_str!("fixtures/recorded_stream.sse");

/// The recorded stream without the event that has its usage.
fn stripped() -> String {
    let events = RECORDED.split_inclusive("\n\n");
    events
        .filter(|event| !event.contains("\"choices\":[]"))
        .collect()
}

fn asking_for_usage() -> Request<Full<Bytes>> {
    let mut asked = hello_stream("gpt-4o-mini");
    asked["stream_options"] = serde_json::json!({"include_usage": true});
    chat(asked.to_string())
}

/// Calls a provider that sends these pieces.
async fn through(
    content_type: &'static str,
    script: Script,
    asked: Request<Full<Bytes>>,
) -> (Read, Quota) {
    let quota = quota(generous());
    let provider = Provider::scripted(content_type, script);
    (call(&metered(&quota, &provider), asked).await, quota)
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
async fn p7_an_event_is_passed_on_before_the_next_arrives() {
    for asked in [stream_call(), asking_for_usage()] {
        let quota = quota(generous());
        let (mut sender, receiver) = Channel::<Bytes, BoxError>::new(1);
        let receiver = std::sync::Mutex::new(Some(receiver));
        let provider = Provider::new(move |_| {
            Ok(answer(
                200,
                EVENTS,
                receiver.lock().unwrap().take().unwrap(),
            ))
        });
        let mut body = metered(&quota, &provider)
            .oneshot(asked)
            .await
            .unwrap()
            .into_body();
        assert!(body.frame().now_or_never().is_none());
        for text in ["one", "two", "three"] {
            let event = Bytes::from(says(text));
            sender.send_data(event.clone()).await.unwrap();
            let passed = body
                .frame()
                .now_or_never()
                .expect("at once")
                .unwrap()
                .unwrap();
            assert_eq!(passed.into_data().unwrap(), event);
            assert!(body.frame().now_or_never().is_none());
        }
        drop(sender);
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn p7_an_answer_that_is_not_stripped_is_not_copied() {
    let quota = quota(generous());
    let piece = Bytes::from(says("Hello"));
    let (script, place) = (Script::pieces([piece.clone()]), piece.as_ptr());
    let service = metered(&quota, &Provider::scripted(EVENTS, script));
    for asked in [asking_for_usage(), stream_call()] {
        let mut body = service.clone().oneshot(asked).await.unwrap().into_body();
        let passed = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(passed.as_ptr(), place);
    }
}

#[tokio::test]
async fn p7_usage_is_asked_for_and_kept_back_only_where_the_caller_did_not_ask() {
    let quota = quota(generous());
    let provider = streams(usual_stream(11, 7));
    let service = metered(&quota, &provider);
    let read = call(&service, asking_for_usage()).await;
    assert!(read.text().contains("prompt_tokens"));
    let read = call(&service, stream_call()).await;
    assert_eq!(
        provider.last().json()["stream_options"]["include_usage"],
        true
    );
    assert_eq!(read.text(), says("Hello") + &says(", you!") + DONE);
    let _whole = call(&service, hello_call()).await;
    assert!(provider.last().json().get("stream_options").is_none());
}

#[tokio::test]
async fn p7_a_policy_may_leave_streams_alone() {
    let policy = policy(generous()).ask_stream_usage(false);
    let quota = quota_of(policy, &FakeClock::at(support::NOON));
    let provider = streams(usual_stream(11, 7));
    let service = metered(&quota, &provider);
    let asked = hello_stream("gpt-4o-mini").to_string();
    let read = call(&service, chat(asked.clone())).await;
    assert_eq!(provider.last().body, asked);
    assert!(read.text().contains("prompt_tokens"));
}

#[tokio::test]
async fn p7_a_stripped_stream_has_no_content_length_and_others_keep_theirs() {
    let pieces = usual_stream(11, 7);
    let length = pieces.concat().len();
    let provider = Provider::new(move |_| {
        let mut answer = answer(200, EVENTS, Script::pieces(pieces.clone()).sized());
        answer.headers_mut().insert("content-length", length.into());
        Ok(answer)
    });
    let service = metered(&quota(generous()), &provider);
    let kept = call(&service, asking_for_usage()).await;
    assert_eq!(kept.header("content-length"), length.to_string());
    let stripped = call(&service, stream_call()).await;
    assert_eq!(stripped.header("content-length"), "");
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x-checksum".parse().unwrap(), "abc".parse().unwrap())])
}

#[tokio::test]
async fn p7_trailers_of_an_answer_are_kept() {
    let whole = completion(11, 7).to_string();
    for sized in [false, true] {
        let with_trailers = |pieces: Vec<String>| {
            let script = Script::pieces(pieces).then(Step::Trailers(trailers()));
            if sized { script.sized() } else { script }
        };
        let whole = with_trailers(vec![whole.clone()]);
        let stream = || with_trailers(usual_stream(11, 7));
        for (content_type, script, asked) in [
            ("application/json", whole, hello_call()),
            (EVENTS, stream(), stream_call()),
            (EVENTS, stream(), asking_for_usage()),
        ] {
            let (read, quota) = through(content_type, script, asked).await;
            assert_eq!(
                read.trailers,
                Some(trailers()),
                "{content_type}, sized: {sized}"
            );
            assert_eq!(booked(&quota), Booked::new(1, 11, 7));
        }
    }
}

#[tokio::test]
async fn p7_what_was_held_back_comes_before_the_trailers() {
    let unfinished = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}";
    let script = Script::pieces([unfinished]).then(Step::Trailers(trailers()));
    let (read, _) = through(EVENTS, script, stream_call()).await;
    assert_eq!(read.text(), unfinished);
    assert_eq!(read.trailers, Some(trailers()));
}

#[tokio::test]
async fn p7_length_and_end_are_told_truly() {
    let whole = completion(11, 7).to_string();
    let provider = Provider::scripted("application/json", Script::pieces([whole.clone()]).sized());
    let service = metered(&quota(generous()), &provider);
    let mut body = service.oneshot(hello_call()).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(whole.len() as u64));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());

    let script = Script::pieces([usage_chunk(11, 7)]).sized();
    let service = metered(&quota(generous()), &Provider::scripted(EVENTS, script));
    let mut body = service.oneshot(stream_call()).await.unwrap().into_body();
    assert_eq!(
        body.size_hint().exact(),
        None,
        "what is left of it is not known"
    );
    assert!(!body.is_end_stream());
    assert!(body.frame().await.is_none());
    assert!(body.is_end_stream());
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

#[tokio::test]
async fn p7_an_unfinished_event_beyond_all_measure_is_passed_on_and_not_kept() {
    let huge = "x".repeat(1 << 20);
    let script = Script::pieces(std::iter::repeat_n(huge.clone(), 8));
    let (read, _) = through(EVENTS, script, stream_call()).await;
    assert_eq!(read.body.len(), 8 << 20);
}

#[tokio::test]
async fn p7_a_body_that_its_server_stops_polling_is_settled_when_its_last_byte_is_passed_on() {
    let whole = completion(11, 7).to_string();
    let provider = Provider::scripted("application/json", Script::pieces([whole]).sized());
    let quota = quota(generous());
    let response = metered(&quota, &provider)
        .oneshot(hello_call())
        .await
        .unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(
        limit(&quota, "concurrent").held,
        0,
        "settled while the body still lives"
    );
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
    drop(body);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

/// Wrappers of bodies, like those that watch for silence, often know neither length nor end.
#[tokio::test]
async fn p7_an_answer_is_over_when_as_much_has_come_as_its_head_told() {
    let whole = completion(11, 7).to_string();
    let provider = Provider::new(move |_| {
        let mut response = answer(200, "application/json", Script::pieces([whole.clone()]));
        let length = whole.len().into();
        response.headers_mut().insert("content-length", length);
        Ok(response)
    });
    let quota = quota(generous());
    let response = metered(&quota, &provider).oneshot(hello_call()).await;
    let mut body = response.unwrap().into_body();
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(limit(&quota, "concurrent").held, 0);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn p7_an_error_of_the_answers_body_passes_as_it_is() {
    let script = Script::pieces([says("Hello")]).then(Step::Break("reset by peer"));
    let provider = Provider::scripted(EVENTS, script);
    let service = metered(&quota(generous()), &provider);
    let mut body = service.oneshot(stream_call()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "reset by peer");
    assert!(body.frame().await.is_none() && body.is_end_stream());
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
