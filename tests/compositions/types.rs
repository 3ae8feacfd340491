//! What the inner service and its bodies may be, and what the types allow.

use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_token_quota::{RequestBody, TokenQuota, TokenQuotaLayer};

use crate::app::layer;
use crate::support::provider::{AnswerBody, BoxError, completion};
use crate::support::{self, Provider, generous, hello, hello_call, limit, quota, read};

/// A state that names the types, as an application's struct would.
#[derive(Clone)]
struct Named {
    layer: TokenQuotaLayer,
    service: TokenQuota<Provider>,
}

#[tokio::test]
async fn layer_and_service_can_be_named() {
    let quota = quota(generous());
    let layer = layer(&quota);
    let service = layer.layer(Provider::using(11, 7));
    let named = Named { layer, service };
    let answer = named.service.clone().oneshot(hello_call()).await;
    assert_eq!(read(answer.unwrap()).await.status, 200);
    let _inner: &Provider = named.service.get_ref();
    let _inner: Provider = named.layer.layer(named.service.into_inner()).into_inner();
}

#[tokio::test]
async fn a_service_that_never_fails_stays_so() {
    let quota = quota(generous());
    let inner =
        service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}")))) });
    let service = layer(&quota).layer(inner);
    let Ok(response) = service.oneshot(hello_call()).await;
    assert_eq!(read(response).await.text(), "{}");
}

#[tokio::test]
async fn the_inner_services_error_type_is_kept() {
    #[derive(Debug, PartialEq)]
    struct Own(u8);
    let quota = quota(generous());
    let inner = service_fn(|_| async { Err::<Response<AnswerBody>, _>(Own(7)) });
    let failed = layer(&quota).layer(inner).oneshot(hello_call()).await;
    assert_eq!(failed.err(), Some(Own(7)));
}

/// A body that cannot be sent to another thread.
struct Local(Rc<Full<Bytes>>);

impl http_body::Body for Local {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let body = Rc::get_mut(&mut self.0).unwrap();
        std::pin::Pin::new(body).poll_frame(cx)
    }
}

#[tokio::test]
async fn bodies_and_services_of_one_thread_are_welcome() {
    let quota = quota(generous());
    let calls = Rc::new(std::cell::Cell::new(0));
    let counted = calls.clone();
    let inner = service_fn(move |request: http::Request<RequestBody<Local>>| {
        let calls = counted.clone();
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            calls.set(calls.get() + body.len());
            let answer = Bytes::from(completion(11, 7).to_string());
            Ok::<_, Infallible>(Response::new(Local(Rc::new(Full::new(answer)))))
        }
    });
    let request = hello_call().map(|body| Local(Rc::new(body)));
    let Ok(response) = layer(&quota).layer(inner).oneshot(request).await;
    assert_eq!(read(response).await.json(), completion(11, 7));
    assert_eq!(calls.get(), hello("gpt-4o-mini").to_string().len());
    assert_eq!(limit(&quota, "tokens").used, 18);
}

#[tokio::test]
async fn boxed_and_buffered_services_work() {
    let quota = quota(generous());
    let boxed = layer(&quota).layer(tower::util::BoxCloneService::new(Provider::using(11, 7)));
    let boxed: tower::util::BoxCloneService<_, _, BoxError> = boxed.boxed_clone();
    let answer = boxed.oneshot(hello_call()).await.unwrap();
    assert_eq!(read(answer).await.status, 200);
}

#[test]
fn futures_and_services_may_change_threads() {
    fn sendable<T: Send + 'static>(_: &T) {}
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    let quota = quota(generous());
    let service = support::metered(&quota, &Provider::using(1, 1));
    shareable(&quota);
    shareable(&layer(&quota));
    shareable(&service);
    sendable(&service.oneshot(hello_call()));
}
