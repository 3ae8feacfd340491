//! Panics, wherever they come from.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::{Layer as _, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::body::{Script, Step};
use crate::support::provider::{BoxError, says, streams_then};
use crate::support::{Provider, booked, generous, hello_call, metered, quota, stream_call};
use crate::table::{COUNTED, WHOLE, layer};

#[tokio::test]
async fn p4_a_panic_in_the_inner_service_settles() {
    let quota = quota(generous());
    let provider = Provider::new(|_| panic!("on purpose"));
    let service = CatchPanicLayer::new().layer(metered(&quota, &provider));
    let response = service.oneshot(hello_call()).await.unwrap();
    assert_eq!(response.status(), 500);
    drop(response);
    assert_eq!(booked(&quota), WHOLE);
}

#[tokio::test]
async fn p4_a_panic_in_the_inner_call_itself_settles() {
    let quota = quota(generous());
    let inner = tower::service_fn(
        |_: Request<_>| -> std::future::Ready<Result<Response<Script>, BoxError>> {
            panic!("on purpose")
        },
    );
    let service = layer(&quota).layer(inner);
    let called = AssertUnwindSafe(service.oneshot(hello_call())).catch_unwind();
    assert!(called.await.is_err());
    assert_eq!(booked(&quota), WHOLE);
}

#[tokio::test]
async fn p4_a_panic_in_the_answers_body_settles() {
    let quota = quota(generous());
    let provider = streams_then(vec![says("Hello, you!")], Step::Panic);
    let response = metered(&quota, &provider)
        .oneshot(stream_call())
        .await
        .unwrap();
    let collected = AssertUnwindSafe(response.into_body().collect()).catch_unwind();
    assert!(collected.await.is_err());
    assert_eq!(booked(&quota), COUNTED);
}
