//! The body that the caller receives.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::meter::Meter;
use super::metered::Metered;
use super::replaced::Replaced;
use crate::quota::Hold;
use crate::settle::Outcome;

pin_project! {
    /// Response body for [`TokenQuota`](crate::TokenQuota): the inner service's, read on the way, or a rejection.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Inner<B>,
    }
}

pin_project! {
    #[project = InnerProj]
    #[derive(Debug)]
    enum Inner<B> {
        Unmetered {
            #[pin]
            body: B,
        },
        // Its hold is settled when it is dropped.
        Held {
            #[pin]
            body: B,
            held: Held,
        },
        Metered {
            #[pin]
            body: Metered<B>,
        },
        Ours {
            #[pin]
            body: Full<Bytes>,
        },
        Replaced {
            #[pin]
            body: Replaced<B>,
        },
    }
}

/// A hold whose outcome is known before the body ends.
#[derive(Debug)]
struct Held {
    hold: Option<Hold>,
    outcome: Outcome,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            hold.settle_as(self.outcome);
        }
    }
}

impl<B> ResponseBody<B> {
    /// A body whose hold is settled by this outcome when it is dropped.
    pub(crate) fn held(body: B, hold: Hold, outcome: Outcome) -> Self {
        let held = Held {
            hold: Some(hold),
            outcome,
        };
        Self {
            inner: Inner::Held { body, held },
        }
    }

    pub(crate) fn unmetered(body: B) -> Self {
        Self {
            inner: Inner::Unmetered { body },
        }
    }

    pub(crate) fn ours(body: Bytes) -> Self {
        Self {
            inner: Inner::Ours {
                body: Full::new(body),
            },
        }
    }
}

impl<B: Body> ResponseBody<B> {
    /// A body whose hold is settled by what it says.
    pub(crate) fn metered(body: B, meter: Box<Meter>) -> Self {
        let body = Metered::new(body, meter);
        Self {
            inner: Inner::Metered { body },
        }
    }
}

impl<B: Body> ResponseBody<B> {
    /// A body of ours in the place of the provider's refusal, which is still read for what it says.
    pub(crate) fn replaced(theirs: B, mut meter: Box<Meter>, ours: Bytes) -> Self {
        meter.replaced();
        let body = Replaced::new(Metered::new(theirs, meter), ours);
        Self {
            inner: Inner::Replaced { body },
        }
    }
}

impl<B: Default> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::unmetered(B::default())
    }
}

impl<B> Body for ResponseBody<B>
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
            InnerProj::Unmetered { body } | InnerProj::Held { body, .. } => body.poll_frame(cx),
            InnerProj::Ours { body } => body.poll_frame(cx).map_err(|never| match never {}),
            InnerProj::Metered { body } => body.poll_frame(cx),
            InnerProj::Replaced { body } => body
                .poll(cx)
                .map(|ours| ours.map(|ours| Ok(Frame::data(ours)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Unmetered { body } | Inner::Held { body, .. } => body.is_end_stream(),
            Inner::Ours { body } => body.is_end_stream(),
            Inner::Metered { body } => body.is_end_stream(),
            Inner::Replaced { body } => body.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Unmetered { body } | Inner::Held { body, .. } => body.size_hint(),
            Inner::Ours { body } => body.size_hint(),
            Inner::Metered { body } => body.size_hint(),
            Inner::Replaced { body } => SizeHint::with_exact(body.left() as u64),
        }
    }
}
