//! How many tokens an input has, and how sure that is.

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
