//! How an answer's end is told: trailers, lengths, and when it is settled.

use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::passing::{asking_for_usage, through};
use crate::support::body::{Script, Step};
use crate::support::provider::{EVENTS, answer, completion, usage_chunk, usual_stream};
use crate::support::{
    Booked, Provider, booked, generous, hello_call, limit, metered, quota, stream_call,
};

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
