//! All that comes before the inner service is called: one stage after the other, until one says no.

mod admission;
mod answer;
mod desk;
mod forward;
mod refusals;

pub(crate) use admission::{Accounting, Admission};
pub(crate) use forward::readable_answer;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::api::SharedApi;
use crate::body::Buffer;
use crate::count::Offloaded;
use crate::future::AFTER_READY;
use crate::identify::Identifying;
use crate::layer::Shared;
use crate::quota::{Prepared, Reserving};
use crate::reject::Rejection;

use desk::{Desk, Document};

pin_project! {
    /// The future of an [`Admission`], or of the response that is sent instead.
    pub(crate) struct Preflight<B> {
        desk: Desk,
        #[pin]
        stage: Stage<B>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<B> {
        Identify { who: Option<Identifying>, body: Option<B> },
        Buffer { #[pin] body: Buffer<B> },
        Read { job: Offloaded<Document> },
        IdentifyByBody { who: Identifying, refused: Option<Rejection> },
        Prepare { job: Offloaded<Result<Box<Prepared>, Rejection>> },
        Reserve { reserving: Reserving, unread: Option<B> },
        Over,
    }
}

impl<B> Preflight<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Begins with the request's head. Without an API, only calls are counted and the body is not read.
    pub(crate) fn new(shared: Arc<Shared>, api: Option<SharedApi>, request: Request<B>) -> Self {
        let (head, body) = request.into_parts();
        let who = Identifying::new(shared.identify.identify(&head));
        let desk = Desk::new(shared, api, head);
        let stage = Stage::Identify {
            who,
            body: Some(body),
        };
        Self { desk, stage }
    }
}

impl<B> Future for Preflight<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Result<Admission<B>, Response<Bytes>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let desk = this.desk;
        let refused = loop {
            let next = match this.stage.as_mut().project() {
                StageProj::Identify { who, body } => {
                    let known = match who {
                        Some(who) => desk.identified(ready!(Pin::new(who).poll(cx))),
                        None => desk.waits_for_body(),
                    };
                    known.and_then(|()| desk.receive(body.take()))
                }
                StageProj::Buffer { body } => {
                    let buffered = ready!(body.poll(cx));
                    desk.received(buffered)
                }
                StageProj::Read { job } => {
                    let document = ready!(Pin::new(job).poll(cx));
                    desk.read(document)
                }
                StageProj::IdentifyByBody { who, refused } => {
                    let known = desk.identified(ready!(Pin::new(who).poll(cx)));
                    known.and_then(|()| refused.take().map_or_else(|| desk.prepare(), Err))
                }
                StageProj::Prepare { job } => {
                    let prepared = ready!(Pin::new(job).poll(cx));
                    desk.prepared(prepared)
                }
                StageProj::Reserve { reserving, unread } => {
                    let decided = ready!(Pin::new(reserving).poll(cx));
                    match decided.and_then(|hold| desk.forward(hold, unread.take())) {
                        Ok(admission) => {
                            this.stage.set(Stage::Over);
                            return Poll::Ready(Ok(admission));
                        }
                        Err(rejection) => Err(rejection),
                    }
                }
                StageProj::Over => panic!("{AFTER_READY}"),
            };
            match next {
                Ok(stage) => this.stage.set(stage),
                Err(rejection) => break rejection,
            }
        };
        let answer = desk.answer(refused);
        this.stage.set(Stage::Over);
        Poll::Ready(Err(answer))
    }
}
