//! What limits count.

use std::fmt;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Unit {
    /// Calls.
    Requests,
    /// Tokens of the prompt.
    InputTokens,
    /// Generated tokens.
    OutputTokens,
    /// Input and output together.
    Tokens,
    /// What calls cost, in nano-dollars: see [`Usd`](crate::Usd).
    Usd,
    /// Calls under way at the same time.
    Concurrent,
}

impl Unit {
    /// The unit's name in configuration, keys, headers and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Tokens => "tokens",
            Self::Usd => "usd",
            Self::Concurrent => "concurrent",
        }
    }

    /// Whether a call asks more of such a limit the longer its prompt is.
    pub(crate) fn counts_input(self) -> bool {
        matches!(self, Self::InputTokens | Self::Tokens | Self::Usd)
    }

    /// Whether a call asks more of such a limit the longer its answer may be.
    pub(crate) fn counts_output(self) -> bool {
        matches!(self, Self::OutputTokens | Self::Tokens | Self::Usd)
    }

    /// The unit of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Requests,
            Self::InputTokens,
            Self::OutputTokens,
            Self::Tokens,
            Self::Usd,
            Self::Concurrent,
        ];
        all.into_iter().find(|unit| unit.as_str() == name)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
