//! Outcomes that somebody else knows: an inner service, or a classifier.

use std::io;

use http::{Request, Response};
use tower::{Layer as _, Service, ServiceExt as _};
use tower_token_quota::{Outcome, ResponseBody, Usage};

use crate::support::body::Script;
use crate::support::provider::{AnswerBody, BoxError, completion, json_answer};
use crate::support::{Booked, Provider, booked, generous, hello, hello_call, quota, read};
use crate::table::{NOTHING, WHOLE, layer};

async fn call_and_read<S>(service: S, request: Request<Script>)
where
    S: Service<Request<Script>, Response = Response<ResponseBody<AnswerBody>>>,
    S::Error: std::fmt::Debug,
{
    read(service.oneshot(request).await.unwrap()).await;
}

fn scripted_hello() -> Request<Script> {
    hello_call().map(|_| Script::pieces([hello("gpt-4o-mini").to_string()]))
}

#[tokio::test]
async fn p4_an_outcome_in_the_answers_extensions_is_believed() {
    let usage = Usage::new(3, 2);
    for (said, expected) in [
        (Outcome::Reported(usage), Booked::new(1, 3, 2)),
        (Outcome::Counted(usage), Booked::new(1, 3, 2)),
        (Outcome::NothingRan, NOTHING),
        (Outcome::Unreconciled, WHOLE),
    ] {
        let quota = quota(generous());
        let provider = Provider::new(move |_| {
            let mut answer = json_answer(200, &completion(11, 7));
            answer.extensions_mut().insert(said);
            Ok(answer)
        });
        call_and_read(layer(&quota).layer(provider), scripted_hello()).await;
        assert_eq!(booked(&quota), expected, "{said:?}");
    }
}

#[tokio::test]
async fn p4_classify_decides_by_the_answers_head_before_the_table() {
    let quota = quota(generous());
    let layer = layer(&quota)
        .classify(|head| (head.headers.get("x-cache")? == "hit").then_some(Outcome::NothingRan));
    let provider = Provider::new(|seen| {
        let mut answer = json_answer(200, &completion(11, 7));
        if let Some(cache) = seen.headers.get("x-cache") {
            answer.headers_mut().insert("x-cache", cache.clone());
        }
        Ok(answer)
    });
    let service = layer.layer(provider);
    let mut hit = scripted_hello();
    hit.headers_mut().insert("x-cache", "hit".parse().unwrap());
    call_and_read(service.clone(), hit).await;
    assert_eq!(booked(&quota), NOTHING);
    call_and_read(service, scripted_hello()).await;
    assert_eq!(booked(&quota), Booked::new(2, 11, 7));
}

#[tokio::test]
async fn p4_classify_error_decides_by_the_inner_services_error() {
    let by_text = |error: &BoxError| {
        let text = error.to_string();
        match &*text {
            "cached" => Some(Outcome::NothingRan),
            "known" => Some(Outcome::Reported(Usage::new(3, 2))),
            _ => None,
        }
    };
    for (text, expected) in [
        ("cached", NOTHING),
        ("known", Booked::new(1, 3, 2)),
        ("other", WHOLE),
    ] {
        let quota = quota(generous());
        let service = layer(&quota)
            .classify_error(by_text)
            .layer(Provider::new(move |_| Err(text.into())));
        let failed = service.oneshot(hello_call()).await;
        assert_eq!(
            failed.unwrap_err().to_string(),
            text,
            "the error passes as it is"
        );
        assert_eq!(booked(&quota), expected, "{text}");
    }
}

#[tokio::test]
async fn p4_a_classifier_of_another_error_type_is_not_asked() {
    let quota = quota(generous());
    let service = layer(&quota)
        .classify_error(|_: &io::Error| Some(Outcome::Unreconciled))
        .layer(Provider::new(|_| {
            Err(io::Error::from(io::ErrorKind::ConnectionRefused).into())
        }));
    assert!(service.oneshot(hello_call()).await.is_err());
    assert_eq!(
        booked(&quota),
        NOTHING,
        "the built-in rule for boxed errors"
    );
}
