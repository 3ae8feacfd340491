//! The service.

use std::error::Error;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use crate::body::{RequestBody, ResponseBody};
use crate::future::ResponseFuture;
use crate::layer::Shared;

/// Meters the calls that go through it: decides on each before it is made, and books what it used.
///
/// Made by [`TokenQuotaLayer`](crate::TokenQuotaLayer). It never fails by itself: what it refuses is a response.
#[derive(Clone)]
pub struct TokenQuota<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> TokenQuota<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without us.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, ResBody> Service<Request<B>> for TokenQuota<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<ResBody>> + Clone,
    S::Error: 'static,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was made ready is the one to call; its clone is not ready and stays.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(ready, request, self.shared.clone())
    }
}

impl<S: fmt::Debug> fmt::Debug for TokenQuota<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenQuota")
            .field("inner", &self.inner)
            .field("quota", &self.shared.quota)
            .finish()
    }
}
