//! The future of a response.

mod answer;
mod head;
mod way;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower::Service;

use crate::body::{RequestBody, ResponseBody};
use crate::layer::Shared;
use crate::preflight::{Accounting, Admission, Preflight, readable_answer};

use answer::{metered, read_again};
use way::{Follow, Way};

pub(crate) const AFTER_READY: &str = "polled after it was ready";

pin_project! {
    /// Response future for [`TokenQuota`](crate::TokenQuota).
    ///
    /// # Panics
    /// When it is polled after it was ready, as futures do.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<RequestBody<B>>>,
    {
        #[pin]
        state: State<S::Future, B>,
        // Ready to be called; taken when it is.
        service: Option<S>,
        shared: Arc<Shared>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Preflight {
            #[pin]
            preflight: Preflight<B>,
        },
        Unmetered {
            #[pin]
            response: F,
            follow: Option<Follow>,
        },
        // The answer goes before its hold: when a slot is free, the work that took it is over.
        Called {
            #[pin]
            response: F,
            accounting: Option<Accounting>,
        },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<RequestBody<B>>>,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Calls the service if the call is not metered, else begins to find out whether it may be made.
    pub(crate) fn new(mut service: S, request: Request<B>, shared: Arc<Shared>) -> Self {
        let state = match Way::of(&request, &shared) {
            Way::Straight => State::Unmetered {
                response: service.call(request.map(RequestBody::streaming)),
                follow: None,
            },
            Way::Again(follow) => {
                let mut request = request.map(RequestBody::streaming);
                readable_answer(request.headers_mut());
                State::Unmetered {
                    response: service.call(request),
                    follow: Some(follow),
                }
            }
            Way::Metered(api) => State::Preflight {
                preflight: Preflight::new(shared.clone(), api, request),
            },
        };
        Self {
            state,
            service: Some(service),
            shared,
        }
    }
}

impl<S, B, ResBody> Future for ResponseFuture<S, B>
where
    S: Service<Request<RequestBody<B>>, Response = Response<ResBody>>,
    S::Error: 'static,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Unmetered { response, follow } => {
                    let response = ready!(response.poll(cx))?;
                    return Poll::Ready(Ok(match follow.take() {
                        Some(follow) => read_again(response, follow, this.shared),
                        None => response.map(ResponseBody::unmetered),
                    }));
                }
                StateProj::Preflight { preflight } => match ready!(preflight.poll(cx)) {
                    Err(response) => return Poll::Ready(Ok(response.map(ResponseBody::ours))),
                    Ok(Admission {
                        request,
                        accounting,
                    }) => {
                        let mut service = this.service.take().expect(AFTER_READY);
                        let response = service.call(request);
                        this.state.set(State::Called {
                            response,
                            accounting: Some(accounting),
                        });
                    }
                },
                StateProj::Called {
                    response,
                    accounting,
                } => {
                    let answered = ready!(response.poll(cx));
                    let accounting = accounting.take().expect(AFTER_READY);
                    return Poll::Ready(match answered {
                        Ok(response) => Ok(metered(response, accounting, this.shared)),
                        Err(error) => {
                            accounting
                                .into_hold()
                                .settle_as(this.shared.outcome_of_error(&error));
                            Err(error)
                        }
                    });
                }
            }
        }
    }
}
