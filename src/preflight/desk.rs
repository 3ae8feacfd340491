//! What the stages find out, and the steps from each to the next.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use http::Uri;
use http::request::Parts;

use crate::api::{Api, Call, Invalid, NormalPath, SharedApi, Target, can_name_model};
use crate::body::{Buffer, BufferError, Buffered};
use crate::count::{CountTally, JobFailed, Place, caught, is_warm};
use crate::identify::{Identifying, JsonBody, Unidentified};
use crate::layer::Shared;
use crate::quota::{Ask, Engine, Prepared, Reserving};
use crate::reject::{Rejection, RejectionKind};
use crate::subject::Subject;
use crate::watch::Event;

use super::Stage;
use super::refusals::{uncountable, unreceived};

/// To read a body takes less than a thirtieth of the time that it takes to count it (`benches/layer.rs`).
const READING_IS_FASTER: usize = 16;

/// What the stages have found out so far.
pub(crate) struct Desk {
    pub(super) shared: Arc<Shared>,
    /// `None` for calls of unknown APIs, which count as requests only, or are refused.
    pub(super) api: Option<SharedApi>,
    pub(super) head: Parts,
    pub(super) subject: Option<Subject>,
    pub(super) buffered: Option<Buffered>,
    /// What is buffered, known to be UTF-8; empty if it is not.
    pub(super) text: ByteString,
    pub(super) call: Option<Arc<Call>>,
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, api: Option<SharedApi>, head: Parts) -> Self {
        Self {
            shared,
            api,
            head,
            subject: None,
            buffered: None,
            text: ByteString::new(),
            call: None,
        }
    }
}

/// The steps from each stage to the next.
impl Desk {
    pub(super) fn engine(&self) -> &Arc<Engine> {
        self.shared.quota.engine()
    }

    pub(super) fn identified(
        &mut self,
        subject: Result<Subject, Unidentified>,
    ) -> Result<(), Rejection> {
        self.subject = Some(subject?);
        Ok(())
    }

    /// Where the body is not read, nobody can be known by it.
    pub(super) fn waits_for_body(&self) -> Result<(), Rejection> {
        match self.api {
            Some(_) => Ok(()),
            None => Err(Unidentified::default().into()),
        }
    }

    /// After the head told who it is, or that only the body will.
    pub(super) fn receive<B>(&mut self, body: Option<B>) -> Result<Stage<B>, Rejection> {
        let Some(body) = body else {
            return Err(uncountable());
        };
        match (&self.api, &self.subject) {
            (None, Some(subject)) => {
                self.refuse_unknown_call()?;
                let prepared = self.engine().prepare_unknown(subject)?;
                Ok(self.reserve(prepared, Some(body)))
            }
            _ => {
                self.refuse_unreadable()?;
                Ok(Stage::Buffer {
                    body: self.buffer(body),
                })
            }
        }
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

    pub(super) fn received<B>(
        &mut self,
        buffered: Result<Buffered, BufferError>,
    ) -> Result<Stage<B>, Rejection> {
        let bytes = self
            .buffered
            .insert(buffered.map_err(unreceived)?)
            .bytes
            .clone();
        let Some(api) = &self.api else {
            return Err(uncountable());
        };
        let (uri, work) = (&self.head.uri, bytes.len() / READING_IS_FASTER);
        let document = match self.engine().offload.place(work) {
            Place::Here => caught(|| Document::read(&**api, uri, bytes)),
            Place::Elsewhere(elsewhere) => {
                let (api, uri) = (api.clone(), uri.clone());
                let job = elsewhere.run(move || Document::read(&*api, &uri, bytes));
                return Ok(Stage::Read { job });
            }
        };
        self.read(document)
    }

    pub(super) fn read<B>(
        &mut self,
        document: Result<Document, JobFailed>,
    ) -> Result<Stage<B>, Rejection> {
        let document = document.unwrap_or_else(|_| Document::lost());
        self.text = document.text;
        let call = document.call.map_err(|invalid| {
            let mut rejection = Rejection::new(RejectionKind::InvalidRequest, invalid.message);
            rejection.param = invalid.param;
            rejection
        });
        let refused = match call {
            Ok(call) => {
                self.call = Some(call);
                None
            }
            Err(rejection) => Some(rejection),
        };
        match (&self.subject, refused) {
            (None, refused) => Ok(self.identify_by_body(refused)),
            (Some(_), Some(rejection)) => Err(rejection),
            (Some(_), None) => self.prepare(),
        }
    }

    /// Whoever is not known gets to hear nothing else, not even that his request is wrong: that waits.
    fn identify_by_body<B>(&self, refused: Option<Rejection>) -> Stage<B> {
        let body = JsonBody::new(&self.text);
        let answer = self.shared.identify.identify_by_body(&self.head, &body);
        Stage::IdentifyByBody {
            // To need the body again is to know nobody.
            who: Identifying::new(answer).unwrap_or_default(),
            refused,
        }
    }

    pub(super) fn prepare<B>(&self) -> Result<Stage<B>, Rejection> {
        let (Some(api), Some(call), Some(subject)) = (&self.api, &self.call, &self.subject) else {
            return Err(uncountable());
        };
        let (engine, text) = (self.engine(), &self.text);
        let prepared = match engine.offload.place(counting_work(text.len())) {
            Place::Here => caught(|| engine.prepare(subject, asked(&**api, call, text))),
            Place::Elsewhere(elsewhere) => {
                let (api, call, subject) = (api.clone(), call.clone(), subject.clone());
                let (engine, text) = (engine.clone(), text.clone());
                let job =
                    elsewhere.run(move || engine.prepare(&subject, asked(&*api, &call, &text)));
                return Ok(Stage::Prepare { job });
            }
        };
        self.prepared(prepared)
    }

    pub(super) fn prepared<B>(
        &self,
        prepared: Result<Result<Box<Prepared>, Rejection>, JobFailed>,
    ) -> Result<Stage<B>, Rejection> {
        let prepared = prepared.unwrap_or_else(|_| Err(uncountable()))?;
        let CountTally { known, fresh } = prepared.counted;
        self.engine().tell(|| Event::Counted { known, fresh });
        Ok(self.reserve(prepared, None))
    }

    fn reserve<B>(&self, prepared: Box<Prepared>, unread: Option<B>) -> Stage<B> {
        Stage::Reserve {
            reserving: Reserving::new(self.engine().clone(), prepared),
            unread,
        }
    }
}

fn asked<'a>(api: &'a dyn Api, call: &'a Call, body: &'a str) -> Ask<'a> {
    Ask::Call { api, call, body }
}

/// How much work it is to count a text. Whoever comes before the tokenizers' tables are built waits for them elsewhere.
fn counting_work(bytes: usize) -> usize {
    if is_warm() { bytes } else { usize::MAX }
}

/// A body that was read.
pub(super) struct Document {
    text: ByteString,
    call: Result<Arc<Call>, Invalid>,
}

impl Document {
    /// Reading it failed.
    pub(super) fn lost() -> Self {
        Self::unreadable("This body could not be read.")
    }

    fn unreadable(why: &str) -> Self {
        Self {
            text: ByteString::new(),
            call: Err(Invalid::body(why)),
        }
    }

    fn read(api: &dyn Api, uri: &Uri, body: Bytes) -> Self {
        match ByteString::try_from(body) {
            Ok(text) => Self {
                call: read_call(api, uri, &text),
                text,
            },
            Err(_) => Self::unreadable("The request's body is not UTF-8."),
        }
    }
}

/// A call is large, and handed from stage to stage: it is shared from the start.
fn read_call(api: &dyn Api, uri: &Uri, body: &str) -> Result<Arc<Call>, Invalid> {
    let path = uri.path();
    let normal = NormalPath::of(path);
    // A segment with either is nobody's name, and whether the path goes on behind it depends on the server.
    if normal.as_str() != path && NormalPath::cut(path).is_some() {
        return Err(Invalid::body(
            "The request's path must not have an escaped `?` or `#` in it.",
        ));
    }
    let call = Arc::new(api.read(&Target::new(normal.as_str(), uri.query()), body)?);
    if !can_name_model(path, &call.model_site) {
        return Err(Invalid::body(
            "The request's path is spelled so that its model cannot be told for sure.",
        ));
    }
    Ok(call)
}
