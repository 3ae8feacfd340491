//! The body that the caller receives.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

use super::meter::Meter;
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
        // Its hold is settled when it ends.
        Held {
            #[pin]
            body: B,
            held: Held,
        },
        Metered {
            #[pin]
            body: B,
            meter: Box<Meter>,
            // What comes after bytes that were kept back.
            next: Option<Frame<Bytes>>,
            over: bool,
        },
        Ours {
            #[pin]
            body: Full<Bytes>,
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
    pub(crate) fn metered(body: B, mut meter: Meter) -> Self {
        // Nobody polls a body that is over before it begins.
        if is_over(&body) {
            let _nothing = meter.finish(true);
        }
        Self {
            inner: Inner::Metered {
                body,
                meter: Box::new(meter),
                next: None,
                over: false,
            },
        }
    }
}

/// Whether nothing more comes. Servers look at this, or at a length, and then do not poll for the `None`.
fn is_over<B: Body>(body: &B) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
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
            InnerProj::Metered {
                body,
                meter,
                next,
                over,
            } => poll_metered(body, meter, next, over, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Unmetered { body } | Inner::Held { body, .. } => body.is_end_stream(),
            Inner::Ours { body } => body.is_end_stream(),
            Inner::Metered {
                body,
                meter,
                next,
                over,
            } => next.is_none() && (*over || (!meter.strips() && body.is_end_stream())),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Unmetered { body } | Inner::Held { body, .. } => body.size_hint(),
            Inner::Ours { body } => body.size_hint(),
            Inner::Metered { body, meter, .. } if !meter.strips() => body.size_hint(),
            Inner::Metered { .. } => SizeHint::default(),
        }
    }
}

fn poll_metered<B>(
    mut body: Pin<&mut B>,
    meter: &mut Meter,
    next: &mut Option<Frame<Bytes>>,
    over: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, B::Error>>>
where
    B: Body<Data = Bytes>,
{
    loop {
        if let Some(frame) = next.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if *over {
            return Poll::Ready(None);
        }
        let frame = match ready!(body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                *over = true;
                let _incomplete = meter.finish(false);
                return Poll::Ready(Some(Err(error)));
            }
            None => {
                *over = true;
                *next = data(meter.finish(true));
                continue;
            }
        };
        match frame.into_data() {
            Ok(bytes) => {
                let was_empty = bytes.is_empty();
                let passed = meter.feed(bytes);
                // Trailers may follow the last byte, but nobody has to ask for them.
                let rest = if is_over(&*body) {
                    meter.finish(true)
                } else {
                    Bytes::new()
                };
                *over = body.is_end_stream();
                if passed.is_empty() && !was_empty {
                    *next = data(rest);
                    continue;
                }
                *next = data(rest);
                return Poll::Ready(Some(Ok(Frame::data(passed))));
            }
            Err(trailers) => {
                *over = true;
                match data(meter.finish(true)) {
                    Some(rest) => {
                        *next = Some(trailers);
                        return Poll::Ready(Some(Ok(rest)));
                    }
                    None => return Poll::Ready(Some(Ok(trailers))),
                }
            }
        }
    }
}

fn data(bytes: Bytes) -> Option<Frame<Bytes>> {
    (!bytes.is_empty()).then(|| Frame::data(bytes))
}
