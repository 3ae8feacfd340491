//! A provider that answers as a test says, and remembers what it was asked.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::Service;

use super::body::{Script, Step};

pub type BoxError = Box<dyn Error + Send + Sync>;
pub type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;
/// What a provider does with a call.
pub type Answer = Result<Response<AnswerBody>, BoxError>;

/// A request as the provider got it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Answers as its script says. It panics when it is called without having been made ready, as it may.
pub struct Provider {
    script: Arc<dyn Fn(Seen) -> Answer + Send + Sync>,
    seen: Arc<Mutex<Vec<Seen>>>,
    ready: bool,
}

/// Clones are not ready.
impl Clone for Provider {
    fn clone(&self) -> Self {
        Self {
            script: self.script.clone(),
            seen: self.seen.clone(),
            ready: false,
        }
    }
}

impl Provider {
    pub fn new(script: impl Fn(Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            seen: Arc::default(),
            ready: false,
        }
    }

    /// Answers every call with this usage.
    pub fn using(input: u64, output: u64) -> Self {
        Self::new(move |_| Ok(json_answer(200, &completion(input, output))))
    }

    /// Answers every call with a fresh body of this script.
    pub fn scripted(content_type: &'static str, script: Script) -> Self {
        Self::new(move |_| Ok(answer(200, content_type, script.clone())))
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a call")
    }
}

impl<B> Service<Request<B>> for Provider
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without having been made ready"
        );
        let (script, log) = (self.script.clone(), self.seen.clone());
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let collected = body.collect().await.map_err(Into::into)?;
            let seen = Seen {
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                trailers: collected.trailers().cloned(),
                // A copy: the bytes themselves would stay on the books of what is buffered.
                body: Bytes::copy_from_slice(&collected.to_bytes()),
            };
            log.lock().unwrap().push(seen.clone());
            script(seen)
        })
    }
}

/// A whole answer in OpenAI's words.
pub fn completion(input: u64, output: u64) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": "Hello, you!"}, "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        },
    })
}

pub fn json_answer(status: u16, body: &Value) -> Response<AnswerBody> {
    let body = Full::new(Bytes::from(body.to_string()));
    answer(status, "application/json", body)
}

pub fn answer<B>(status: u16, content_type: &str, body: B) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(body.map_err(Into::into).boxed_unsync())
        .unwrap()
}

pub const EVENTS: &str = "text/event-stream";

/// One chunk of a stream that says `text`.
pub fn says(text: &str) -> String {
    let chunk = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
    });
    format!("data: {chunk}\n\n")
}

/// The chunk with the usage.
pub fn usage_chunk(input: u64, output: u64) -> String {
    let chunk = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [],
        "usage": {
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        },
    });
    format!("data: {chunk}\n\n")
}

pub const DONE: &str = "data: [DONE]\n\n";

/// A stream's usual events, the usage among them.
pub fn usual_stream(input: u64, output: u64) -> Vec<String> {
    vec![
        says("Hello"),
        says(", you!"),
        usage_chunk(input, output),
        DONE.to_owned(),
    ]
}

/// A provider that streams these pieces.
pub fn streams(pieces: Vec<String>) -> Provider {
    Provider::scripted(EVENTS, Script::pieces(pieces))
}

/// One that streams these pieces and then does something else.
pub fn streams_then(pieces: Vec<String>, then: Step) -> Provider {
    Provider::scripted(EVENTS, Script::pieces(pieces).then(then))
}
