//! Bodies that come in scripted pieces.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::provider::BoxError;

/// One thing that a body does.
#[derive(Debug, Clone)]
pub enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    /// It breaks off with this error's text.
    Break(&'static str),
    /// Nothing comes, and nobody is woken, ever.
    Hang,
    /// Nothing comes this time; whoever asks is woken to ask again.
    Stutter,
    Panic,
}

/// A body that does one thing after the other, and counts how often it is polled.
#[derive(Debug, Clone, Default)]
pub struct Script {
    steps: VecDeque<Step>,
    polled: Arc<AtomicUsize>,
    length: Option<u64>,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Data in these pieces.
    pub fn pieces<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> Self {
        Self::new(pieces.into_iter().map(|piece| Step::Data(piece.into())))
    }

    pub fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }

    /// Knows its length, and counts it down.
    pub fn sized(mut self) -> Self {
        let length = |step: &Step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        };
        self.length = Some(self.steps.iter().map(length).sum());
        self
    }

    /// How often it was polled.
    pub fn polled(&self) -> Arc<AtomicUsize> {
        self.polled.clone()
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.polled.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(match self.steps.pop_front() {
            None => None,
            Some(Step::Data(data)) => {
                self.length = self.length.map(|length| length - data.len() as u64);
                Some(Ok(Frame::data(data)))
            }
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Break(error)) => Some(Err(error.into())),
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                return Poll::Pending;
            }
            Some(Step::Panic) => panic!("on purpose"),
            Some(Step::Stutter) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.length.is_some() && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}
