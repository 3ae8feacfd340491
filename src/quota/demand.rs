//! A call without HTTP.

use crate::api::OutputAsk;

/// What a call asks for, where there is no HTTP request to read it from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    pub(crate) model: Box<str>,
    pub(crate) input_tokens: u64,
    pub(crate) output: OutputAsk,
}

impl Demand {
    /// A call to this model.
    #[must_use]
    pub fn new(model: impl AsRef<str>) -> Self {
        Self {
            model: model.as_ref().into(),
            input_tokens: 0,
            output: OutputAsk::default(),
        }
    }

    /// How many tokens its prompt has; none unless set.
    #[must_use]
    pub fn input_tokens(mut self, tokens: u64) -> Self {
        self.input_tokens = tokens;
        self
    }

    /// The most tokens that its answer may have. Without it the tier's default is reserved, as for a request without a cap.
    ///
    /// Where the tier enforces caps the answer has to be bounded by [`Hold::output_cap`](super::Hold::output_cap).
    #[must_use]
    pub fn output_tokens(mut self, tokens: u64) -> Self {
        self.output.cap = Some(tokens);
        self
    }
}
