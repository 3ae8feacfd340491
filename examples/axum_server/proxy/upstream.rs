//! The provider, and our connections to it.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;

use super::{Base, headers};
use crate::client::{self, HttpsClient};

/// The variable of the environment that has the provider's key.
pub(crate) const KEY: &str = "UPSTREAM_API_KEY";

/// A provider.
pub(crate) struct Upstream {
    base: Base,
    key: Option<HeaderValue>,
    /// The last answer to a call with our key was a refusal.
    refuses_us: AtomicBool,
    client: HttpsClient,
}

impl Upstream {
    /// The provider at an address, with the key that stands in the environment.
    pub(crate) fn new(base: Base) -> Result<Self, String> {
        Ok(Self {
            base,
            key: key()?,
            refuses_us: AtomicBool::new(false),
            client: client::https(),
        })
    }

    /// A caller's request as the provider gets it; nothing if it has no place there.
    pub(super) fn request(&self, request: Request<Body>) -> Option<Request<Body>> {
        let (mut head, body) = request.into_parts();
        let target = self.base.target(&head.uri)?;
        headers::clean_request(&mut head.headers, &head.uri, self.key.as_ref());
        head.uri = target;
        // The caller's version of HTTP is between him and us.
        head.version = Version::HTTP_11;
        Some(Request::from_parts(head, body))
    }

    /// Notes how a call with our key was answered: whether it was refused, and none was just before.
    pub(super) fn begins_to_refuse_us(&self, status: StatusCode) -> bool {
        let refuses = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
        self.key.is_some() && !self.refuses_us.swap(refuses, Ordering::Relaxed) && refuses
    }

    /// Host and port, as in the address.
    pub(super) fn host(&self) -> &str {
        self.base.host()
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        self.client.request(request).await
    }
}

fn key() -> Result<Option<HeaderValue>, String> {
    let Some(key) = env::var_os(KEY).filter(|key| !key.is_empty()) else {
        return Ok(None);
    };
    let key = key.into_string().ok();
    let key = key.and_then(|key| HeaderValue::try_from(key.trim()).ok());
    let mut key = key.ok_or_else(|| format!("{KEY} has characters that no header can have"))?;
    key.set_sensitive(true);
    Ok(Some(key))
}
