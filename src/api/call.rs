//! A request as all families see it.

use std::ops::Range;

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
    /// Whether the answer comes as a stream of events.
    pub stream: bool,
    /// Whether the caller asked for usage at the end of the stream himself.
    pub asks_usage: bool,
    /// Whether the caller asks the model to reason, which it may bill without showing it.
    pub reasons: bool,
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
            stream: false,
            asks_usage: false,
            reasons: false,
            sites: Sites::default(),
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
    /// The options of the stream.
    pub stream_options: Option<Range<usize>>,
    /// In the options of the stream: whether usage is asked for.
    pub include_usage: Option<Range<usize>>,
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
    /// Nowhere: the API has but this one, and a ladder means nothing to it.
    Nowhere,
}

/// What a request asks of the output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OutputAsk {
    /// The caller's cap for one answer; the larger one where two stand.
    pub cap: Option<u64>,
    /// How many answers; 0 is taken for 1.
    pub answers: u64,
}

/// A request with more texts than this is refused: each takes memory of its own, however short it is.
const MOST_TEXTS: usize = 65_536;

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
    /// Tools' declarations.
    pub tools: ToolShape,
    /// Tokens that stand around the texts beside those of messages, names and tools, as far as the family knows of them.
    pub overhead: u64,
    /// Images, audio and files: parts that are no text. Counted by a flat figure until their family knows better.
    pub media: u64,
}

impl Input {
    /// Adds a text, if it is not empty. What is beyond the most that a request may have is not kept, only
    /// [complained of](Self::check).
    pub(super) fn add(&mut self, text: Text) {
        if !text.is_empty() && self.texts.len() <= MOST_TEXTS {
            self.texts.push(text);
        }
    }

    /// Complains of too many texts.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.texts.len() <= MOST_TEXTS {
            return Ok(());
        }
        let message = format!("the request has too many parts: more than {MOST_TEXTS} texts");
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

/// How many parts of each kind the tools' declarations have: each costs some tokens beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ToolShape {
    /// Functions.
    pub functions: u64,
    /// Functions that have properties.
    pub with_properties: u64,
    /// Properties of them.
    pub properties: u64,
    /// Properties with an enumeration.
    pub enums: u64,
    /// Items of enumerations.
    pub enum_items: u64,
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
