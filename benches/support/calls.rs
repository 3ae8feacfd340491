//! Calls through the layer, and without it.

use std::hint::black_box;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_token_quota::{Quota, ResponseBody, Subject, TokenQuotaLayer, identify};

use crate::chat::{answer, four_limits, request};

/// Four limits in memory, and a cache for counts of that many bytes.
pub(crate) fn quota(cache: usize) -> Quota {
    Quota::new(four_limits().build().unwrap()).count_cache(cache)
}

/// One call, its answer read to the end. Nothing in it waits.
pub(crate) fn call<S, R>(service: &mut S, body: &Bytes)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: std::fmt::Debug,
    R: http_body::Body,
    R::Error: std::fmt::Debug,
{
    let answered = async {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(request(body.clone()))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap().to_bytes()
    };
    black_box(answered.now_or_never().expect("nothing waits"));
}

pub(crate) fn service(
    quota: Quota,
) -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<ResponseBody<Full<Bytes>>>,
    Error: std::fmt::Debug,
    Future: Send,
> {
    TokenQuotaLayer::new(quota, identify::extension::<Subject>()).layer(service_fn(answer))
}

/// Calls services with and without the layer, without a runtime.
pub(crate) struct Calls {
    pub(crate) known: Box<dyn FnMut()>,
    pub(crate) bare: Box<dyn FnMut()>,
}

impl Calls {
    /// The same call again and again.
    pub(crate) fn same(body: &Bytes) -> Self {
        let [known, bare] = [(); 2].map(|()| body.clone());
        let (mut layered, mut unlayered) = (service(quota(1 << 20)), service_fn(answer));
        Self {
            known: Box::new(move || call(&mut layered, &known)),
            bare: Box::new(move || call(&mut unlayered, &bare)),
        }
    }
}
