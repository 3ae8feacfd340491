//! Each piece is passed on at once, and as it is.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::Body;
use http_body_util::{BodyExt, Channel};
use tower::ServiceExt;

use crate::passing::{asking_for_usage, through};
use crate::support::body::{Script, Step};
use crate::support::provider::{BoxError, EVENTS, answer, says};
use crate::support::{Provider, generous, metered, quota, stream_call};

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
async fn p7_an_unfinished_event_beyond_all_measure_is_passed_on_and_not_kept() {
    let huge = "x".repeat(1 << 20);
    let script = Script::pieces(std::iter::repeat_n(huge.clone(), 8));
    let (read, _) = through(EVENTS, script, stream_call()).await;
    assert_eq!(read.body.len(), 8 << 20);
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
