//! Why prices cannot be read.

use crate::decimal::AmountError;

/// Why a price list, or the row of one model in it, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The list is not a JSON object with a row for each model.
    #[error("not a JSON object with a row for each model: {0}")]
    NotAList(String),
    /// A row is not a JSON object.
    #[error("not a JSON object")]
    NotARow,
    /// A value of a row is not what the key says.
    #[error("{key} = {text}: {error}")]
    Value {
        /// The key.
        key: String,
        /// The value as it is written, its beginning if it is long.
        text: String,
        /// What is wrong with it.
        error: AmountError,
    },
    /// A row has no price for tokens: the model is billed by the character, the second, the image or the call, nobody
    /// knows its price, or the keys are misspelt.
    #[error("no price for tokens")]
    NoTokenPrice,
}

impl PriceError {
    /// How much of a wrong value is shown.
    const SHOWN: usize = 40;

    pub(super) fn value(key: &str, text: &str, error: AmountError) -> Self {
        Self::Value {
            key: key.into(),
            text: text.chars().take(Self::SHOWN).collect(),
            error,
        }
    }
}

/// A model of a price list that got no price from it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The model's name in the list.
    pub model: String,
    /// What is wrong with its row.
    pub reason: PriceError,
}
