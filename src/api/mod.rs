//! The APIs that are metered: one file a family, behind the [`Api`] trait.

pub mod anthropic_messages;
#[cfg(test)]
mod arbitrary;
mod call;
mod counted;
#[cfg(test)]
mod edited;
pub mod gemini;
mod invalid;
mod json;
mod media;
mod openai;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_embeddings;
pub mod openai_responses;
mod outline;
mod path;
mod read;
#[cfg(test)]
pub(crate) mod recorded;
mod shared;
mod splice;
mod sse;
mod tally;
mod unknown;

pub use call::{Call, Delivery, Input, ModelSite, Opaque, OutputAsk, Sites, Text, ToolShape};
pub use counted::Counted;
pub use invalid::Invalid;
pub use media::{Detail, Medium, MediumKind};
pub use path::ends_with as path_ends_with;
pub use splice::{Splice, splice};
pub use tally::Tally;

pub(crate) use call::is_set;
#[cfg(fuzzing)]
pub(crate) use json::compare;
#[cfg(fuzzing)]
pub(crate) use outline::Bounds;
pub(crate) use outline::Outline;
pub(crate) use path::{NormalPath, can_name_model, with_model};
pub(crate) use shared::SharedApi;
pub(crate) use sse::Events;
pub(crate) use unknown::{may_cost, tunnelled_method};

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};

use crate::count::media_tokens;
use crate::reject::{Fields, LimitView, Rejection};

/// What we change in a request before it is forwarded. Empty for most calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit<'a> {
    /// Another model's name.
    pub model: Option<&'a str>,
    /// The most output tokens an answer may have; written into the request.
    pub output_cap: Option<u64>,
    /// Ask for the usage at the end of a stream.
    pub stream_usage: bool,
    /// The upstream may know the output cap only by its older name (`max_tokens`), so it is written by that name too.
    pub legacy_cap: bool,
}

/// What a request asks for, beside its body.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Target<'a> {
    /// The normalised path: percent-decoded, `//` collapsed, no trailing slash.
    pub path: &'a str,
    /// The query as it was sent.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// A normalised path, and the query as it was sent.
    #[must_use]
    pub fn new(path: &'a str, query: Option<&'a str>) -> Self {
        Self { path, query }
    }
}

/// A reply that we make in a model's place.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Canned<'a> {
    /// The text of it.
    pub text: &'a str,
    /// An id for it, unique enough for logs.
    pub id: &'a str,
    /// The time of it, in seconds since the Unix epoch.
    pub created: i64,
}

impl<'a> Canned<'a> {
    /// A reply that says this, for the tests of an API.
    #[must_use]
    pub fn new(text: &'a str, id: &'a str, created: i64) -> Self {
        Self { text, id, created }
    }
}

/// One family of APIs: how its requests are read and changed, its answers read, its errors worded.
///
/// It knows bytes and words; it knows nothing of subjects, limits or stores. An API of your own needs four methods, and goes
/// to [`TokenQuotaLayer::api`](crate::TokenQuotaLayer::api):
///
/// ```
/// use http::Method;
/// use serde::Deserialize;
/// use tower_token_quota::Usage;
/// use tower_token_quota::api::{Api, Call, Invalid, ModelSite, Tally, Target, Text, path_ends_with};
///
/// /// `POST /v1/chat` with `{"user_id": …, "prompt": …}`, answered by one model.
/// #[derive(Debug)]
/// struct Chat;
///
/// #[derive(Deserialize)]
/// struct Ask { prompt: String }
///
/// #[derive(Deserialize)]
/// struct Answer { prompt_tokens: u64, reply_tokens: u64 }
///
/// impl Api for Chat {
///     fn name(&self) -> &'static str { "chat" }
///
///     fn recognises(&self, method: &Method, path: &str) -> bool {
///         method == Method::POST && path_ends_with(path, &["v1", "chat"])
///     }
///
///     fn read(&self, _target: &Target<'_>, body: &str) -> Result<Call, Invalid> {
///         let ask: Ask = serde_json::from_str(body).map_err(|error| Invalid::body(error.to_string()))?;
///         let mut call = Call::new("gpt-4o-mini", ModelSite::Nowhere);
///         call.input.texts.push(Text::Owned(ask.prompt.into()));
///         Ok(call)
///     }
///
///     fn tally(&self, document: &str, tally: &mut Tally) {
///         if let Ok(answer) = serde_json::from_str::<Answer>(document) {
///             tally.usage = Some(Usage::new(answer.prompt_tokens, answer.reply_tokens));
///             tally.is_final = true;
///             tally.understood = true;
///         }
///     }
/// }
/// ```
pub trait Api: fmt::Debug + Send + Sync + 'static {
    /// A short name for metrics and logs, like `openai.chat`.
    fn name(&self) -> &'static str;

    /// Whether a call is of this family. `path` is normalised: percent-decoded, `//` collapsed, no trailing slash.
    ///
    /// Its case is kept, and a server may well ignore it: [`path_ends_with`] does too, so that nobody escapes the quota by
    /// another spelling. It is the path as it comes to the layer: axum's `Router::nest` takes the prefix away from what it
    /// nests, so a layer inside of it sees `/chat` where one outside sees `/v1/chat`.
    fn recognises(&self, method: &Method, path: &str) -> bool;

    /// Reads a request once: model, texts, caps, and where they stand in the body.
    ///
    /// # Errors
    /// When the body is not a request of this API, or could be understood in two ways.
    fn read(&self, target: &Target<'_>, body: &str) -> Result<Call, Invalid>;

    /// Tokens of an input for a model, by its canonical name, given how many its texts have in the model's encoding: with what
    /// stands around them, tools and media. What is not known for sure is better too high than too low; the bill settles it.
    ///
    /// Unless an API knows better, these are the texts, the media as [`media_tokens`] counts them, and the input's
    /// [`overhead`](Input::overhead), [`token_ids`](Input::token_ids) and [`sealed`](Input::sealed) bytes. Nothing is added for
    /// [`messages`](Input::messages), [`names`](Input::names), [`calls`](Input::calls) and [`tools`](Input::tools): what these
    /// cost is known to the API alone. It counts them here, or puts it into the overhead when it reads the request.
    fn input_tokens(&self, canonical: &str, input: &Input, texts: u64) -> Counted {
        let media = media_tokens(canonical, &input.media);
        let known = [input.overhead, input.token_ids, input.sealed, media];
        Counted {
            known: known.into_iter().fold(0, u64::saturating_add),
            estimated: texts,
        }
    }

    /// The changes of the body's bytes that make an edit. Changes of a model in the path are not among them.
    ///
    /// Unless an API knows better, the model is replaced at its [site](Call::model_site), and the output cap where one stands.
    fn splices(&self, call: &Call, body: &str, edit: &Edit<'_>) -> Vec<Splice> {
        let _ = body;
        splice::in_place(call, edit)
    }

    /// Whether [`splices`](Self::splices) can write an output cap into this request.
    ///
    /// Where a tier enforces caps and an API cannot write one, none is enforced: what the caller asks for is reserved, as where
    /// the tier does not enforce them. Unless an API knows better, a cap can be written where one stands.
    fn writes_cap(&self, call: &Call) -> bool {
        call.sites.cap.is_some()
    }

    /// Reads one JSON document of an answer: the whole of it, or the data of one event of a stream.
    ///
    /// Documents may be cut, repeated, or anything at all: what cannot be read is left out of the tally.
    fn tally(&self, document: &str, tally: &mut Tally);

    /// Whether an event of a stream is the one we asked for on the caller's behalf, to be stripped.
    fn is_usage_only(&self, document: &str) -> bool {
        let _ = document;
        false
    }

    /// The id of an answer that a call asks for once more, where the provider keeps answers and may have been at work on this one
    /// when it was asked for first.
    fn follows<'p>(&self, method: &Method, path: &'p str) -> Option<&'p str> {
        let _ = (method, path);
        None
    }

    /// Tells of the limits in the head of an admitted answer, in this API's words: `x-ratelimit-*`, as OpenAI writes them,
    /// unless it has words of its own. They stand in the place of the provider's of these names, also where
    /// they [have no value](Fields::add), and the IETF draft's follow.
    fn limit_headers(&self, limits: &[LimitView<'_>], fields: &mut Fields) {
        crate::reject::openai_headers(limits, fields);
    }

    /// The JSON body of a rejection, in this API's words: OpenAI's, unless it has words of its own.
    fn error_body(&self, rejection: &Rejection, request_id: &str) -> Bytes {
        let _ = request_id;
        openai::words::error_body(rejection)
    }

    /// Whether a call that is of no API we meter, or of one we cannot tell, comes from a client of this family, by its headers:
    /// then it is refused in this API's words.
    fn is_spoken(&self, headers: &HeaderMap) -> bool {
        let _ = headers;
        false
    }

    /// The header by which clients know a request's id.
    fn request_id_header(&self) -> HeaderName {
        HeaderName::from_static("x-request-id")
    }

    /// A well-formed answer that says `canned.text`: the content type and the whole body, as a stream if the call asked for one.
    /// Plain text, unless it has a form of its own.
    fn canned(&self, call: &Call, model: &str, canned: &Canned<'_>) -> (&'static str, Bytes) {
        let _ = (call, model);
        let text = Bytes::copy_from_slice(canned.text.as_bytes());
        ("text/plain; charset=utf-8", text)
    }
}

/// The text that bytes are, nearly always without a copy: `from_utf8_lossy` alone takes a dozen times as long to find that out.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The families we meter, in the order in which they are asked.
pub(crate) fn families() -> [&'static dyn Api; 7] {
    [
        &openai_chat::OpenAiChat,
        &openai_completions::OpenAiCompletions,
        &openai_embeddings::OpenAiEmbeddings,
        &anthropic_messages::AnthropicMessages,
        &gemini::Gemini,
        &openai_responses::OpenAiResponses,
        &openai_responses::OpenAiCompact,
    ]
}

/// The name of one of our families that is spelled so, as it stands in records.
#[cfg(feature = "sqlite")]
pub(crate) fn name_of_family(name: &str) -> Option<&'static str> {
    let mut names = families().into_iter().map(|api| api.name());
    names.find(|known| *known == name)
}
