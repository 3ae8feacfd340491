//! The future of a response.

use std::cell::LazyCell;
use std::error::Error;
use std::future::Future;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, header, response};
use http_body::Body;
use pin_project_lite::pin_project;
use smallvec::SmallVec;
use tower::Service;

use crate::api::{self, NormalPath};
use crate::body::{Meter, MeterPlan, RequestBody, ResponseBody};
use crate::fallback::Fallback;
use crate::layer::Shared;
use crate::policy::OnStoreFailure;
use crate::policy::UnknownCalls;
use crate::preflight::{Accounting, Admission, Preflight, readable_answer};
use crate::provider;
use crate::quota::Hold;
use crate::reject::{self, Fields};
use crate::settle::Outcome;
use crate::usage::Usage;
use crate::watch::Event;

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

/// An answer that was not ready when its call ended.
struct Follow {
    api: Arc<dyn api::Api>,
    answer: Box<str>,
}

impl Follow {
    /// What a call asks for once more, if that is still to tell its usage.
    fn of<B>(request: &Request<B>, path: &str, shared: &Shared) -> Option<Self> {
        let engine = shared.quota.engine();
        shared.apis.iter().find_map(|api| {
            let answer = api.follows(request.method(), path)?;
            engine.awaits((api.name(), answer)).then(|| Self {
                api: api.clone(),
                answer: answer.into(),
            })
        })
    }
}

/// Which way a call goes.
enum Way {
    /// Straight through, and its answer is read: it tells what an earlier call has used.
    Again(Follow),
    /// Straight through, unread.
    Straight,
    /// Through the preflight: of a known API, or to be counted as a request, or to be refused.
    Metered(Option<Arc<dyn api::Api>>),
}

impl Way {
    fn of<B>(request: &Request<B>, shared: &Shared) -> Self {
        let path = request.uri().path();
        // Most calls are known by the first reading of their path and by their own method: the others are then not looked for.
        let whole = NormalPath::of(path);
        let cut = LazyCell::new(|| NormalPath::cut(path));
        let readings = || {
            let cut = iter::once_with(|| cut.as_ref()).flatten();
            iter::once(&whole).chain(cut).map(NormalPath::as_str)
        };
        // Some servers, Google's among them, take a call for one of the method that a header says.
        let tunnelled = LazyCell::new(|| api::tunnelled_method(request.headers()));
        let methods = || {
            let tunnelled = iter::once_with(|| tunnelled.as_ref()).flatten();
            iter::once(request.method()).chain(tunnelled)
        };
        let knows = |api: &&Arc<dyn api::Api>| {
            readings().any(|path| methods().any(|method| api.recognises(method, path)))
        };
        if let Some(api) = shared.apis.iter().find(knows) {
            return Self::Metered(Some(api.clone()));
        }
        let is_plain = cut.is_none();
        let follow = || Follow::of(request, whole.as_str(), shared);
        if let Some(follow) = is_plain.then(follow).flatten() {
            return Self::Again(follow);
        }
        let may_cost = |path| api::may_cost(request.method(), path, request.headers());
        if !readings().any(may_cost) {
            return Self::Straight;
        }
        match shared.quota.policy().unknown_calls() {
            UnknownCalls::Pass => {
                shared.quota.engine().tell(|| Event::Unmetered);
                Self::Straight
            }
            UnknownCalls::Count | UnknownCalls::Reject => Self::Metered(None),
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
                        Ok(response) => Ok(answer(response, accounting, this.shared)),
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

/// An answer that was not ready when its call ended, with its body read on the way.
fn read_again<B: Body>(
    response: Response<B>,
    follow: Follow,
    shared: &Shared,
) -> Response<ResponseBody<B>> {
    let (head, body) = response.into_parts();
    let engine = shared.quota.engine().clone();
    let meter = Meter::following(engine, follow.api, follow.answer, &head);
    Response::from_parts(head, ResponseBody::metered(body, meter))
}

/// The inner service's answer, with the limits in its head, and its body metered.
fn answer<B: Body>(
    response: Response<B>,
    accounting: Accounting,
    shared: &Shared,
) -> Response<ResponseBody<B>> {
    let (mut head, body) = response.into_parts();
    let known = shared.outcome(&head);
    tell(&mut head.headers, &accounting);
    let body = match accounting {
        Accounting::Metered(mut plan) => {
            if provider::is_limit(head.status)
                && let Some(fallback) = plan.fallback.take()
            {
                return replaced(head, body, (plan, fallback), known);
            }
            let meter = Meter::new(plan, &head, known);
            if meter.strips() {
                head.headers.remove(header::CONTENT_LENGTH);
            }
            ResponseBody::metered(body, meter)
        }
        // A call that is only counted has no tokens.
        Accounting::Counted(hold) => ResponseBody::held(
            body,
            hold,
            known.unwrap_or(Outcome::Counted(Usage::default())),
        ),
    };
    Response::from_parts(head, body)
}

/// The tier's own reply in the place of an answer by which the provider limits our account.
fn replaced<B: Body>(
    head: response::Parts,
    body: B,
    (plan, fallback): (MeterPlan, Fallback),
    known: Option<Outcome>,
) -> Response<ResponseBody<B>> {
    let reply = fallback.instead_of_provider(&*plan.api, plan.hold.engine());
    let meter = Meter::new(plan, &head, known);
    reply.map(|ours| ResponseBody::replaced(body, meter, ours))
}

static WARNING: HeaderName = HeaderName::from_static("x-quota-warning");
static SHADOW: HeaderName = HeaderName::from_static("x-quota-shadow");
static DEGRADED: HeaderName = HeaderName::from_static("x-quota-degraded");
static MODEL: HeaderName = HeaderName::from_static("x-quota-model");
static DOWNGRADED_FROM: HeaderName = HeaderName::from_static("x-quota-downgraded-from");

/// What the caller is told in the head of an answer.
fn tell(headers: &mut HeaderMap, accounting: &Accounting) {
    let hold = accounting.hold();
    let limits: SmallVec<[_; USUAL_LIMITS]> = hold.limits().collect();
    reject::admitted_headers(headers, accounting.api(), &limits, |fields| {
        quota_fields(fields, hold);
        if let Accounting::Metered(_) = accounting {
            model_fields(fields, hold);
        }
    });
}

/// As many limits as most calls have.
const USUAL_LIMITS: usize = 6;

fn quota_fields(fields: &mut Fields, hold: &Hold) {
    fields.add(&WARNING, |text| list(text, hold.warnings()));
    fields.add(&SHADOW, |text| list(text, hold.shadows()));
    let degraded = hold.degraded().map_or("", OnStoreFailure::as_str);
    fields.add(&DEGRADED, |text| text.push_str(degraded));
}

fn model_fields(fields: &mut Fields, hold: &Hold) {
    let asked = hold.downgraded_from().unwrap_or_default();
    fields.add(&MODEL, |text| text.push_str(hold.model()));
    fields.add(&DOWNGRADED_FROM, |text| text.push_str(asked));
}

fn list<'a>(text: &mut String, ids: impl Iterator<Item = &'a str>) {
    for (position, id) in ids.enumerate() {
        text.push_str(if position > 0 { ", " } else { "" });
        text.push_str(id);
    }
}

impl Accounting {
    fn api(&self) -> Option<&dyn api::Api> {
        match self {
            Self::Metered(plan) => Some(&*plan.api),
            Self::Counted(_) => None,
        }
    }

    fn hold(&self) -> &Hold {
        match self {
            Self::Metered(MeterPlan { hold, .. }) | Self::Counted(hold) => hold,
        }
    }

    fn into_hold(self) -> Hold {
        match self {
            Self::Metered(MeterPlan { hold, .. }) | Self::Counted(hold) => hold,
        }
    }
}
