//! How much of an answer a request asks for.

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
