//! What becomes of a call that does not fit.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a limit does when a call does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// The call is refused (or goes down the ladder).
    #[default]
    Hard,
    /// The call passes, is charged, and is warned of.
    Soft,
    /// A dry run: nothing is refused; what would have been is counted.
    Shadow,
}

impl Enforcement {
    /// The enforcement's name in configuration and status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Shadow => "shadow",
        }
    }
}

/// What happens to a call that a hard limit refuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnExhausted {
    /// It gets a 429.
    #[default]
    Refuse,
    /// It goes to the next model of the tier's ladder.
    Downgrade,
    /// It gets this text as a well-formed answer of the API it called.
    Reply(Arc<str>),
}
