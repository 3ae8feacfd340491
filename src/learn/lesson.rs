//! What a call teaches, and what is expected otherwise then.

use std::sync::Arc;

use super::Factor;
use crate::api::{Counted, Opaque};

/// What was known of a call before it was made, to compare its usage with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lesson {
    /// The name of its API.
    pub(crate) api: &'static str,
    /// The canonical name of the model that was called.
    pub(crate) model: Arc<str>,
    /// Tokens of the input that we can see, before the learned factor.
    pub(crate) visible: Counted,
    /// How many answers were asked for; 0 is taken for 1.
    pub(crate) answers: u64,
    /// The cap on each of them: an answer that ends there does not tell how long it would have been.
    pub(crate) cap: Option<u64>,
    /// Why a part of the input cannot be seen.
    pub(crate) opaque: Option<Opaque>,
}

/// What is expected otherwise since a call was settled; nothing where it is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Learnt {
    /// The factor of the input.
    pub(crate) input: Option<Factor>,
    /// Tokens of a typical answer.
    pub(crate) typical_output: Option<u64>,
    /// Tokens of the input of opaque calls that were not seen.
    pub(crate) hidden_input: Option<u64>,
}
