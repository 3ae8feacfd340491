//! All that comes before the inner service is called: one stage after the other, until one says no.

mod admission;
mod answer;
mod forward;

pub(crate) use admission::{Accounting, Admission};

use admission::Load;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, header};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::api::{Api, Call, Invalid, ModelSite, NormalPath, with_model};
use crate::body::{Buffer, BufferError, Buffered};
use crate::count::Offloaded;
use crate::identify::{Identifying, JsonBody, Unidentified};
use crate::layer::Shared;
use crate::policy::UnknownCalls;
use crate::quota::{Ask, Engine, Prepared, Reserving};
use crate::reject::{Rejection, RejectionKind};
use crate::subject::Subject;

pin_project! {
    /// The future of an [`Admission`], or of the response that is sent instead.
    pub(crate) struct Preflight<B> {
        desk: Desk,
        #[pin]
        stage: Stage<B>,
    }
}

/// What the stages have found out so far.
pub(crate) struct Desk {
    shared: Arc<Shared>,
    /// `None` for calls of unknown APIs, which count as requests only, or are refused.
    api: Option<Arc<dyn Api>>,
    head: Parts,
    subject: Option<Subject>,
    buffered: Option<Buffered>,
    call: Option<Arc<Call>>,
}

pin_project! {
    #[project = StageProj]
    enum Stage<B> {
        Identify { who: Option<Identifying>, body: Option<B> },
        Buffer { #[pin] body: Buffer<B> },
        Read { job: Offloaded<Result<Call, Invalid>> },
        IdentifyByBody { who: Identifying, call: Option<Result<Call, Rejection>> },
        Prepare { job: Offloaded<Result<Prepared, Rejection>> },
        Reserve { reserving: Reserving, load: Option<Load<B>> },
        Over,
    }
}

impl<B> Preflight<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Begins with the request's head. Without an API, only calls are counted and the body is not read.
    pub(crate) fn new(shared: Arc<Shared>, api: Option<Arc<dyn Api>>, request: Request<B>) -> Self {
        let (head, body) = request.into_parts();
        let who = Identifying::new(shared.identify.identify(&head));
        let desk = Desk {
            shared,
            api,
            head,
            subject: None,
            buffered: None,
            call: None,
        };
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
                    let read = ready!(Pin::new(job).poll(cx));
                    desk.read(
                        read.unwrap_or_else(|_| Err(Invalid::body("This body could not be read."))),
                    )
                }
                StageProj::IdentifyByBody { who, call } => {
                    let subject = ready!(Pin::new(who).poll(cx));
                    desk.identified(subject).and_then(|()| {
                        call.take()
                            .map_or(Ok(Stage::Over), |call| desk.accept(call))
                    })
                }
                StageProj::Prepare { job } => {
                    let prepared = ready!(Pin::new(job).poll(cx));
                    desk.prepared(prepared.unwrap_or_else(|_| Err(uncountable())))
                }
                StageProj::Reserve { reserving, load } => {
                    match (ready!(Pin::new(reserving).poll(cx)), load.take()) {
                        (Ok(admitted), Some(load)) => {
                            let admission = desk.forward(admitted, load);
                            this.stage.set(Stage::Over);
                            return Poll::Ready(Ok(admission));
                        }
                        (Err(rejection), _) => Err(rejection),
                        (Ok(_), None) => Ok(Stage::Over),
                    }
                }
                StageProj::Over => return Poll::Pending,
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

/// The steps from each stage to the next.
impl Desk {
    fn engine(&self) -> &Arc<Engine> {
        self.shared.quota.engine()
    }

    fn identified(&mut self, subject: Result<Subject, Unidentified>) -> Result<(), Rejection> {
        match subject {
            Ok(subject) => self.subject = Some(subject),
            Err(Unidentified(message)) => {
                return Err(Rejection::new(RejectionKind::UnknownKey, message));
            }
        }
        Ok(())
    }

    /// Where the body is not read, nobody can be known by it.
    fn waits_for_body(&self) -> Result<(), Rejection> {
        match self.api {
            Some(_) => Ok(()),
            None => Err(Rejection::new(
                RejectionKind::UnknownKey,
                Unidentified::default().0,
            )),
        }
    }

    /// After the head told who it is, or that only the body will.
    fn receive<B>(&mut self, body: Option<B>) -> Result<Stage<B>, Rejection> {
        let Some(body) = body else {
            return Ok(Stage::Over);
        };
        match (&self.api, &self.subject) {
            (None, Some(subject)) => {
                self.refuse_unknown_call()?;
                let prepared = self.engine().prepare_unknown(subject)?;
                Ok(self.reserve(prepared, Load::Unread(body)))
            }
            _ => {
                self.refuse_unreadable()?;
                Ok(Stage::Buffer {
                    body: self.buffer(body),
                })
            }
        }
    }

    fn refuse_unknown_call(&self) -> Result<(), Rejection> {
        if self.shared.quota.policy().unknown_calls() != UnknownCalls::Reject {
            return Ok(());
        }
        let message = format!(
            "Calls to {} {} are not metered here, and so not allowed.",
            self.head.method,
            self.head.uri.path()
        );
        Err(Rejection::new(RejectionKind::UnknownCall, message))
    }

    /// What the head tells of a body that we will not read.
    fn refuse_unreadable(&self) -> Result<(), Rejection> {
        let header = |name| {
            self.head
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        if self
            .head
            .headers
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            let message = "A compressed request cannot be metered. Send it as it is, or have the server put tower-http's RequestDecompressionLayer before the quota.";
            return Err(Rejection::new(RejectionKind::EncodedBody, message));
        }
        let length = header(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        let most = self.shared.max_body;
        if length.is_some_and(|length| length > most as u64) {
            return Err(too_large(Some(most)));
        }
        Ok(())
    }

    fn buffer<B>(&self, body: B) -> Buffer<B> {
        let shared = &self.shared;
        Buffer::new(
            body,
            shared.max_body,
            shared.body_deadline,
            &self.engine().buffers,
        )
    }

    fn received<B>(
        &mut self,
        buffered: Result<Buffered, BufferError>,
    ) -> Result<Stage<B>, Rejection> {
        let buffered = buffered.map_err(unreceived)?;
        let Some(api) = self.api.clone() else {
            return Ok(Stage::Over);
        };
        let (bytes, path) = (buffered.bytes.clone(), self.head.uri.path().to_owned());
        let job = self
            .engine()
            .offload
            .run(bytes.len(), move || read(&*api, &path, &bytes));
        self.buffered = Some(buffered);
        Ok(Stage::Read { job })
    }

    fn read<B>(&mut self, call: Result<Call, Invalid>) -> Result<Stage<B>, Rejection> {
        let call = call.map_err(|invalid| {
            let mut rejection = Rejection::new(RejectionKind::InvalidRequest, invalid.message);
            rejection.param = invalid.param;
            rejection
        });
        match self.subject {
            Some(_) => self.accept(call),
            None => Ok(self.identify_by_body(call)),
        }
    }

    /// Whoever is not known gets to hear nothing else, not even that his request is wrong.
    fn identify_by_body<B>(&self, call: Result<Call, Rejection>) -> Stage<B> {
        let body = JsonBody::new(text(&self.buffered));
        let who = self.shared.identify.identify_by_body(&self.head, &body);
        Stage::IdentifyByBody {
            // To need the body again is to know nobody.
            who: Identifying::new(who).unwrap_or_default(),
            call: Some(call),
        }
    }

    fn accept<B>(&mut self, call: Result<Call, Rejection>) -> Result<Stage<B>, Rejection> {
        self.call = Some(Arc::new(call?));
        Ok(self.prepare())
    }

    fn prepare<B>(&self) -> Stage<B> {
        let (Some(call), Some(buffered), Some(subject)) =
            (self.call.clone(), &self.buffered, &self.subject)
        else {
            return Stage::Over;
        };
        let (engine, subject, bytes) = (
            self.engine().clone(),
            subject.clone(),
            buffered.bytes.clone(),
        );
        let job = self.engine().offload.run(bytes.len(), move || {
            let body = std::str::from_utf8(&bytes).unwrap_or_default();
            engine.prepare(&subject, Ask::Call { call: &call, body })
        });
        Stage::Prepare { job }
    }

    fn prepared<B>(
        &mut self,
        prepared: Result<Prepared, Rejection>,
    ) -> Result<Stage<B>, Rejection> {
        let prepared = prepared?;
        match (self.api.clone(), self.call.clone(), self.buffered.take()) {
            (Some(api), Some(call), Some(buffered)) => {
                let load = Load::Read {
                    api,
                    call,
                    buffered,
                };
                Ok(self.reserve(prepared, load))
            }
            _ => Ok(Stage::Over),
        }
    }

    fn reserve<B>(&self, prepared: Prepared, load: Load<B>) -> Stage<B> {
        Stage::Reserve {
            reserving: Reserving::new(self.engine().clone(), prepared),
            load: Some(load),
        }
    }
}

/// Why a body that did not come whole is refused.
fn unreceived(error: BufferError) -> Rejection {
    match error {
        BufferError::TooLarge(most) => too_large(most),
        BufferError::Busy => Rejection::new(
            RejectionKind::Busy,
            "Too much is being received just now. Please try again.",
        ),
        BufferError::TooSlow => Rejection::new(
            RejectionKind::BodyTooSlow,
            "The request's body came too slowly.",
        ),
        BufferError::Broken(reason) => Rejection::new(
            RejectionKind::BrokenBody,
            format!("The request's body broke off: {reason}."),
        ),
    }
}

/// A limit that another layer has set is not known to us.
fn too_large(most: Option<usize>) -> Rejection {
    let most = most.map(|bytes| format!(": at most {bytes} bytes are taken"));
    let message = format!(
        "The request's body is too large{}.",
        most.unwrap_or_default()
    );
    Rejection::new(RejectionKind::BodyTooLarge, message)
}

/// A panic of a tokenizer is our defect, and must not let a call through uncounted.
fn uncountable() -> Rejection {
    Rejection::new(
        RejectionKind::InvalidRequest,
        "The input of this request could not be counted.",
    )
}

fn text(buffered: &Option<Buffered>) -> &str {
    let bytes = buffered.as_ref().map(|buffered| &*buffered.bytes);
    bytes
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or_default()
}

fn read(api: &dyn Api, path: &str, body: &Bytes) -> Result<Call, Invalid> {
    let body =
        std::str::from_utf8(body).map_err(|_| Invalid::body("The request's body is not UTF-8."))?;
    let call = api.read(NormalPath::of(path).as_str(), body)?;
    if let ModelSite::PathAfter(name) = call.model_site
        && with_model(path, name, &call.model).is_none()
    {
        return Err(Invalid::body(
            "The request's path is spelled so that its model cannot be told for sure.",
        ));
    }
    Ok(call)
}
