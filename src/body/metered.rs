//! An answer that is read while it passes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::meter::Meter;

pin_project! {
    /// The inner service's body, with its [`Meter`] beside it.
    #[derive(Debug)]
    pub(super) struct Metered<B> {
        #[pin]
        body: B,
        meter: Box<Meter>,
        // What comes after the frame that is passed on now.
        next: Option<Frame<Bytes>>,
        over: bool,
    }
}

impl<B> Metered<B> {
    /// Whether all is known that a provider's refusal can tell.
    pub(super) fn is_known(&self) -> bool {
        self.meter.is_known()
    }
}

impl<B: Body> Metered<B> {
    pub(super) fn new(body: B, mut meter: Box<Meter>) -> Self {
        // Nobody polls a body that is over before it begins.
        if has_all_come(&body) {
            let _nothing = meter.finish(true);
        }
        Self {
            body,
            meter,
            next: None,
            over: false,
        }
    }
}

/// Whether no more bytes come. Servers look at this, or at a length, and then do not poll for the `None`.
fn has_all_come<B: Body>(body: &B) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

impl<B> Metered<B>
where
    B: Body<Data = Bytes>,
{
    /// Reads a frame, and returns what is passed on of it: nothing, if all of it is kept back.
    fn pass(self: Pin<&mut Self>, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let this = self.project();
        match frame.into_data() {
            Ok(bytes) => {
                let was_empty = bytes.is_empty();
                let passed = this.meter.feed(bytes);
                // Trailers may follow the last byte, but nobody has to ask for them.
                if this.meter.has_all() || has_all_come(&*this.body) {
                    *this.next = data(this.meter.finish(true));
                }
                *this.over = this.body.is_end_stream();
                (was_empty || !passed.is_empty()).then(|| Frame::data(passed))
            }
            Err(trailers) => {
                *this.over = true;
                match data(this.meter.finish(true)) {
                    Some(rest) => {
                        *this.next = Some(trailers);
                        Some(rest)
                    }
                    None => Some(trailers),
                }
            }
        }
    }

    /// Settles, and passes on what was kept back.
    fn end(self: Pin<&mut Self>) {
        let this = self.project();
        *this.over = true;
        *this.next = data(this.meter.finish(true));
    }

    /// Ends it where it is.
    pub(super) fn break_off(self: Pin<&mut Self>) {
        let this = self.project();
        *this.over = true;
        let _incomplete = this.meter.finish(false);
    }
}

fn data(bytes: Bytes) -> Option<Frame<Bytes>> {
    (!bytes.is_empty()).then(|| Frame::data(bytes))
}

impl<B> Body for Metered<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let this = self.as_mut().project();
            if let Some(frame) = this.next.take() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if *this.over {
                return Poll::Ready(None);
            }
            match ready!(this.body.poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Some(frame) = self.as_mut().pass(frame) {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Some(Err(error)) => {
                    self.as_mut().break_off();
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.as_mut().end(),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let inner_is_all = !self.meter.strips() && self.body.is_end_stream();
        self.next.is_none() && (self.over || inner_is_all)
    }

    /// Unknown where something may be kept back.
    fn size_hint(&self) -> SizeHint {
        if self.meter.strips() {
            SizeHint::default()
        } else {
            self.body.size_hint()
        }
    }
}
