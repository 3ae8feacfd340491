//! What a call is expected to use, and what it used, normalised over the families of APIs.

use serde::Serialize;

/// Tokens that a call used, as the provider bills them.
///
/// `input_tokens` is all of the prompt and `output_tokens` all that was generated; the other fields are
/// parts of these two and never added to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// All tokens of the prompt: cached, cache-written and tool-use parts included.
    pub input_tokens: u64,
    /// All generated tokens, reasoning included.
    pub output_tokens: u64,
    /// The part of the input that was read from the provider's cache.
    pub cached_input_tokens: u64,
    /// The part of the input that was written to the provider's cache, for however long.
    pub cache_write_tokens: u64,
    /// The part of `cache_write_tokens` that is kept for an hour, which costs more.
    pub cache_write_1h_tokens: u64,
    /// The part of the input that tools run by the provider put in.
    pub tool_use_input_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
    /// The part of the input that was audio.
    pub audio_input_tokens: u64,
    /// The part of the output that was audio.
    pub audio_output_tokens: u64,
    /// The part of the output that was predicted by the caller, rightly.
    pub accepted_prediction_tokens: u64,
    /// The part of the output that was predicted by the caller, wrongly; it is billed all the same.
    pub rejected_prediction_tokens: u64,
    /// How many searches of the web the provider made and bills, each at a fee.
    pub web_searches: u64,
    /// The tier of service that the provider says it gave, which decides the price.
    pub service_tier: Option<ServiceTier>,
}

/// A tier of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServiceTier {
    /// The usual one.
    Default,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
    /// In bulk, later.
    Batch,
    /// One that we do not know.
    Other,
}

impl ServiceTier {
    /// The tier's name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Batch => "batch",
            Self::Other => "other",
        }
    }

    /// The tier by its name in an answer; `None` where the name says that nothing was decided (`auto`).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name {
            _ if is("auto") || name.is_empty() => None,
            _ if is("default") || is("standard") => Some(Self::Default),
            _ if is("flex") => Some(Self::Flex),
            _ if is("priority") => Some(Self::Priority),
            _ if is("batch") => Some(Self::Batch),
            _ => Some(Self::Other),
        }
    }
}

impl Usage {
    /// Usage of so many input and output tokens, with no parts told apart.
    #[must_use]
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens,
            output_tokens,
            ..Self::default()
        }
    }

    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// What a call is expected to use: exact input, bounded output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// The most tokens that the answers may have, together.
    pub output_tokens: u64,
}

impl Estimate {
    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}
