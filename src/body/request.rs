//! The body that the inner service receives.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::budget::BufferShare;
use super::buffer::Buffered;

pin_project! {
    /// Request body for [`TokenQuota`](crate::TokenQuota): the caller's own body for calls that are not metered, the
    /// bytes that were read for those that are. Puts no bounds on the caller's body type.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: Inner<B>,
    }
}

pin_project! {
    #[project = InnerProj]
    #[derive(Debug)]
    enum Inner<B> {
        Streaming {
            #[pin]
            body: B,
        },
        Buffered {
            bytes: Option<Bytes>,
            trailers: Option<Box<HeaderMap>>,
        },
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn streaming(body: B) -> Self {
        Self {
            inner: Inner::Streaming { body },
        }
    }

    pub(crate) fn buffered(buffered: Buffered) -> Self {
        let Buffered {
            bytes,
            trailers,
            share,
        } = buffered;
        let bytes = (!bytes.is_empty()).then(|| Bytes::from_owner(Accounted { bytes, share }));
        Self {
            inner: Inner::Buffered { bytes, trailers },
        }
    }
}

/// Bytes with their share of the memory, which is given back when the last of them has been sent and not before.
struct Accounted {
    bytes: Bytes,
    #[expect(dead_code, reason = "it gives its memory back when it is dropped")]
    share: BufferShare,
}

impl AsRef<[u8]> for Accounted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.project().inner.project() {
            InnerProj::Streaming { body } => body.poll_frame(cx),
            InnerProj::Buffered {
                bytes, trailers, ..
            } => {
                let data = bytes.take().map(Frame::data);
                let frame =
                    data.or_else(|| trailers.take().map(|trailers| Frame::trailers(*trailers)));
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Streaming { body } => body.is_end_stream(),
            Inner::Buffered {
                bytes, trailers, ..
            } => bytes.is_none() && trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Streaming { body } => body.size_hint(),
            Inner::Buffered { bytes, .. } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}
