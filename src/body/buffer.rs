//! Reads a request's body into memory: bounded for this call and over all calls, with a deadline.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::LengthLimitError;
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::budget::{BufferBudget, BufferShare};
use crate::causes::causes;

type BoxError = Box<dyn Error + Send + Sync>;

/// A whole body, and its share of the memory, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Buffered {
    pub(crate) bytes: Bytes,
    pub(crate) trailers: Option<Box<HeaderMap>>,
    pub(crate) share: BufferShare,
}

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BufferError {
    /// It is larger than so many bytes, or than the limit of another layer, which did not say.
    TooLarge(Option<usize>),
    /// Too much is being buffered over all calls.
    Busy,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken(String),
}

pin_project! {
    /// The future of a [`Buffered`] body.
    pub(crate) struct Buffer<B> {
        #[pin]
        body: B,
        // Made when the body first keeps us waiting: most are there already.
        #[pin]
        deadline: Option<Sleep>,
        patience: Duration,
        limit: usize,
        collected: Collected,
        share: BufferShare,
        trailers: Option<Box<HeaderMap>>,
    }
}

impl<B> Buffer<B> {
    /// Reads `body`, of at most `limit` bytes, within `patience`.
    pub(crate) fn new(body: B, limit: usize, patience: Duration, budget: &BufferBudget) -> Self {
        Self {
            body,
            deadline: None,
            patience,
            limit,
            collected: Collected::default(),
            share: budget.share(),
            trailers: None,
        }
    }
}

impl<B> Future for Buffer<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Buffered, BufferError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        for _ in 0..FRAMES_A_POLL {
            match self.as_mut().project().body.poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => self.as_mut().absorb(frame)?,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(why_broken(error.into()))),
                Poll::Ready(None) => return Poll::Ready(self.finish()),
                Poll::Pending => return self.poll_deadline(cx),
            }
        }
        cx.waker().wake_by_ref();
        self.poll_deadline(cx)
    }
}

/// A body that always has one more (perhaps empty) frame ready must not keep the executor's thread for itself.
const FRAMES_A_POLL: usize = 64;

impl<B> Buffer<B> {
    fn absorb(self: Pin<&mut Self>, frame: Frame<Bytes>) -> Result<(), BufferError> {
        let this = self.project();
        match frame.into_data() {
            Ok(data) if data.len() > this.limit.saturating_sub(this.collected.len()) => {
                Err(BufferError::TooLarge(Some(*this.limit)))
            }
            Ok(data) if !this.share.take(data.len()) => Err(BufferError::Busy),
            Ok(data) => {
                this.collected.push(data);
                Ok(())
            }
            Err(frame) => {
                *this.trailers = frame.into_trailers().ok().map(Box::new);
                Ok(())
            }
        }
    }

    fn finish(self: Pin<&mut Self>) -> Result<Buffered, BufferError> {
        let this = self.project();
        Ok(Buffered {
            bytes: std::mem::take(this.collected).freeze(),
            trailers: this.trailers.take(),
            share: this.share.take_over(),
        })
    }

    fn poll_deadline<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, BufferError>> {
        let mut this = self.project();
        if this.deadline.is_none() {
            this.deadline.set(Some(tokio::time::sleep(*this.patience)));
        }
        let deadline = this.deadline.as_pin_mut();
        match deadline.map(|deadline| deadline.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(BufferError::TooSlow)),
            _ => Poll::Pending,
        }
    }
}

/// A length limit that another layer has put around the body shows itself somewhere along the error's sources.
fn why_broken(error: BoxError) -> BufferError {
    if causes(&*error).any(|cause| cause.is::<LengthLimitError>()) {
        return BufferError::TooLarge(None);
    }
    BufferError::Broken(error.to_string())
}

/// Bytes that arrive in pieces. One piece alone is kept as it is, not copied.
#[derive(Debug, Default)]
enum Collected {
    #[default]
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Collected {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        match self {
            Self::Nothing => *self = Self::One(data),
            Self::One(first) => {
                let mut joined = BytesMut::with_capacity(first.len() + data.len());
                joined.extend_from_slice(first);
                joined.extend_from_slice(&data);
                *self = Self::Many(joined);
            }
            Self::Many(joined) => joined.extend_from_slice(&data),
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}
