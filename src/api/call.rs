//! A request as all families see it.

use std::ops::Range;

use super::media::Content;
use super::{Medium, MediumKind};
use crate::prices::Permits;

/// A metered request, read once. Positions are bytes in its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The asked model's name, as written.
    pub model: Box<str>,
    /// Where the model's name stands.
    pub model_site: ModelSite,
    /// What is to be counted of the input.
    pub input: Input,
    /// What was said about the output.
    pub output: OutputAsk,
    /// In which form the answer comes.
    pub delivery: Delivery,
    /// Whether the caller asked for usage at the end of the stream himself.
    pub asks_usage: bool,
    /// Whether the caller asks the model to reason, which it may bill without showing it.
    pub reasons: bool,
    /// Whether the caller tells the model not to reason. Of models that are known to keep to it this is believed, whichever of
    /// them is called in the end.
    pub told_not_to_reason: bool,
    /// Why a part of the input cannot be seen, if that is so.
    pub opaque: Option<Opaque>,
    /// What the request permits that makes it dearer: everything, unless it says otherwise.
    pub permits: Permits,
    /// Models that the call may run beside its own, such as those of tools that ask a model for advice. The tier must allow
    /// each of them.
    pub other_models: Vec<Box<str>>,
    /// Where in the body an [`Edit`](super::Edit) would be made.
    pub sites: Sites,
}

impl Call {
    /// A call to a model that is named there, with nothing to count and one answer; the rest is set by its fields.
    #[must_use]
    pub fn new(model: &str, model_site: ModelSite) -> Self {
        Self {
            model: model.into(),
            model_site,
            input: Input::default(),
            output: OutputAsk::default(),
            delivery: Delivery::Whole,
            asks_usage: false,
            reasons: false,
            told_not_to_reason: false,
            opaque: None,
            permits: Permits::default(),
            other_models: Vec::new(),
            sites: Sites::default(),
        }
    }

    /// Whether the answer comes piece by piece.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.delivery != Delivery::Whole
    }

    /// Adds a file's content: text, media, or both.
    pub(super) fn add_content(&mut self, content: Content) {
        self.input.add(Text::Owned(content.text.into()));
        for medium in content.media {
            self.add_medium(medium);
        }
    }

    /// Adds a medium. One that is elsewhere cannot be seen, but for an image: the most that an image costs is known. Of one that
    /// is not bounded by its bytes, what they say is counted, and the rest cannot be seen.
    pub(super) fn add_medium(&mut self, medium: Medium) {
        if medium.unbounded {
            self.hides(Opaque::File);
        }
        if medium.by_reference && medium.kind != MediumKind::Image {
            self.permits.audio_input |= medium.kind.may_sound();
            self.hides(Opaque::File);
        } else {
            self.input.add_medium(medium);
        }
    }

    /// Notes that a part of the input cannot be seen. The first reason stays.
    pub fn hides(&mut self, reason: Opaque) {
        // What was said before may have been spoken.
        self.permits.audio_input |= matches!(reason, Opaque::StoredState | Opaque::Cache);
        self.opaque.get_or_insert(reason);
    }
}

/// In which form an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As one JSON document, when it is complete.
    #[default]
    Whole,
    /// As a stream of server-sent events.
    Events,
    /// As a JSON array whose items come one by one.
    Array,
}

/// Why a part of a call's input cannot be seen, so that its bill cannot be told from the request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opaque {
    /// The provider runs a tool, such as a web search, and puts what comes of it into the prompt.
    HostedTool,
    /// The provider goes on from what it has stored: an earlier response, a conversation, a stored prompt, a container.
    StoredState,
    /// A file is named by its id or its address, or its bytes do not bound what it costs.
    File,
    /// The provider puts in what it has cached under a name.
    Cache,
    /// The provider asks servers of tools (MCP) and puts what they say into the prompt.
    Mcp,
}

impl Opaque {
    /// The reason's name in messages, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostedTool => "hosted_tool",
            Self::StoredState => "stored_state",
            Self::File => "file",
            Self::Cache => "cache",
            Self::Mcp => "mcp",
        }
    }

    /// The reason in the words of a message.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::HostedTool => "the provider runs a tool",
            Self::StoredState => "the provider goes on from what it has stored",
            Self::File => "a file is elsewhere, or its bytes do not tell what it costs",
            Self::Cache => "the provider puts in what it has cached",
            Self::Mcp => "the provider asks MCP servers",
        }
    }
}

/// Where the values of members stand in a body, for [`Api::splices`](super::Api::splices) to change them.
///
/// A member that is `null` stands there too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sites {
    /// The body's opening brace.
    pub opening: usize,
    /// The output cap.
    pub cap: Option<Range<usize>>,
    /// The output cap by its older name.
    pub legacy_cap: Option<Range<usize>>,
    /// The object that the output cap belongs in, where that is not the body itself.
    pub config: Option<Range<usize>>,
    /// The options of the stream.
    pub stream_options: Option<Range<usize>>,
    /// In the options of the stream: whether usage is asked for.
    pub include_usage: Option<Range<usize>>,
}

impl Sites {
    /// Those of a body of which no more is known than that it is an object.
    pub(super) fn of(body: &str) -> Self {
        // Seldom anything but the first byte, so no search that is made for longer texts.
        let opening = body.bytes().position(|byte| byte == b'{');
        Self {
            opening: opening.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Whether something other than `null` stands at a site of a body.
pub(crate) fn is_set(site: &Option<Range<usize>>, body: &str) -> bool {
    let value = site.clone().and_then(|site| body.get(site));
    value.is_some_and(|value| value != "null")
}

/// Where a request names its model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelSite {
    /// In the body: the JSON value, quotes included.
    Body(Range<usize>),
    /// In the path: the segment after this one, as in `…/deployments/{model}/…`.
    PathAfter(&'static str),
    /// In the path: what stands before the last colon of the last segment, as in `…/models/{model}:generateContent`.
    PathVerb,
    /// Nowhere: the API has but this one, and a ladder means nothing to it.
    Nowhere,
}

impl ModelSite {
    /// Whether the model stands in the path.
    pub(crate) fn is_in_path(&self) -> bool {
        matches!(self, Self::PathAfter(_) | Self::PathVerb)
    }
}

/// What a request asks of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputAsk {
    /// Whether anything is generated at all. Embeddings are not.
    pub generates: bool,
    /// The caller's cap for one answer; the larger one where two stand.
    pub cap: Option<u64>,
    /// How many answers to each prompt; 0 is taken for 1.
    pub answers: u64,
    /// How many prompts are answered; 0 is taken for 1.
    pub prompts: u64,
    /// The least cap for one answer with which the provider takes the request: more than what it may think, for instance.
    pub least: u64,
}

impl Default for OutputAsk {
    /// One answer, of any length.
    fn default() -> Self {
        Self {
            generates: true,
            cap: None,
            answers: 1,
            prompts: 1,
            least: 1,
        }
    }
}

impl OutputAsk {
    /// Nothing is generated.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            generates: false,
            ..Self::default()
        }
    }

    /// How many answers come in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.answers.max(1).saturating_mul(self.prompts.max(1))
    }
}

/// A request with more texts or media than this is refused: each takes memory of its own, however short it is.
const MOST_PARTS: usize = 65_536;

/// What is to be counted of a request's input, free of any tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Input {
    /// Texts to be tokenized, each for itself.
    pub texts: Vec<Text>,
    /// Messages, each of which costs some tokens of its own.
    pub messages: u64,
    /// Names of speakers, likewise.
    pub names: u64,
    /// Calls of tools that were made before, likewise.
    pub calls: u64,
    /// Tools' declarations.
    pub tools: ToolShape,
    /// Tokens that stand around the texts beside those of messages, names and tools, as far as the family knows of them.
    pub overhead: u64,
    /// Tokens that the caller has made of a text himself, and sent by their numbers.
    pub token_ids: u64,
    /// Images, sounds and documents: parts that are no text.
    pub media: Vec<Medium>,
    /// What only the provider can read, and bills: encrypted reasoning, signatures of thoughts, compacted history. In bytes
    /// or in tokens, as the family has it.
    pub sealed: u64,
    /// Instructions are given and empty, in place of which some providers put words of their own.
    pub has_empty_instructions: bool,
}

/// Tokens of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Those of which it is known how the provider counts them, or that are bounded by a rule of its.
    pub known: u64,
    /// Those that are estimated, since the provider's tokenizer is not public. What comes back corrects them: they are multiplied
    /// by 1 to 2.
    pub estimated: u64,
}

impl Counted {
    /// Tokens that are all counted as the provider does.
    #[must_use]
    pub fn known(tokens: u64) -> Self {
        Self {
            known: tokens,
            estimated: 0,
        }
    }

    /// All of them, before anything is learned.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.known.saturating_add(self.estimated)
    }
}

impl Input {
    /// Adds a text, if it is not empty. What is beyond the most that a request may have is not kept, only
    /// [complained of](Self::check).
    pub(super) fn add(&mut self, text: Text) {
        if !text.is_empty() && self.texts.len() <= MOST_PARTS {
            self.texts.push(text);
        }
    }

    /// Adds a medium, up to the same most.
    pub(super) fn add_medium(&mut self, medium: Medium) {
        if self.media.len() <= MOST_PARTS {
            self.media.push(medium);
        }
    }

    /// Complains of too many texts or media.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.texts.len() <= MOST_PARTS && self.media.len() <= MOST_PARTS {
            return Ok(());
        }
        let message = format!("the request has too many parts: more than {MOST_PARTS}");
        Err(Invalid::body(message))
    }
}

/// A text of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text {
    /// It stands in the body as it is.
    Span(Range<usize>),
    /// It is escaped there, or put together from several places.
    Owned(Box<str>),
}

impl Text {
    /// The text itself, given the body it was read from.
    #[must_use]
    pub fn of<'a>(&'a self, body: &'a str) -> &'a str {
        match self {
            Self::Span(range) => body.get(range.clone()).unwrap_or_default(),
            Self::Owned(text) => text,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Span(range) => range.is_empty(),
            Self::Owned(text) => text.is_empty(),
        }
    }
}

/// How many parts the tools' declarations have: each costs some tokens beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ToolShape {
    /// Functions.
    pub functions: u64,
    /// Functions that have properties, and objects in them that have some.
    pub with_properties: u64,
    /// Lists in them, and choices between types.
    pub compounds: u64,
    /// Properties of them.
    pub properties: u64,
    /// Properties with an enumeration.
    pub enums: u64,
    /// Items of enumerations.
    pub enum_items: u64,
    /// Tokens of tools that the provider declares itself and the caller runs, by its own figures.
    pub built_in: u64,
    /// The model must call a tool, which some providers tell it in other words.
    pub forced: bool,
    /// Some tools are shown to the model only when they are looked for.
    pub deferred: bool,
    /// What else is said of functions and of properties, such as a description, where the family counts that.
    pub keywords: u64,
}

/// Why a request cannot be read. It is answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The offending parameter, if it is one.
    pub param: Option<&'static str>,
    /// What is wrong, for the caller.
    pub message: String,
}

impl Invalid {
    /// A complaint about one parameter.
    pub fn param(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param),
            message: message.into(),
        }
    }

    /// A complaint about the whole body.
    pub fn body(message: impl Into<String>) -> Self {
        Self {
            param: None,
            message: message.into(),
        }
    }
}
