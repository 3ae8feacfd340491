//! Why prices cannot be read.

use super::part::Part;
use crate::decimal::AmountError;

/// Why a price list, or the row of one model in it, cannot be read: told in one line, whatever stands in the list.
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
    #[error("{key} = {}: {error}", escaped(text))]
    Value {
        /// The key.
        key: String,
        /// The value as it is written, its beginning if it is long.
        text: String,
        /// What is wrong with it.
        error: AmountError,
    },
    /// A row has no price for plain tokens: the model is billed by the character, the second, the image or the call, or
    /// nobody knows its price, or only that of another service tier than the default one.
    #[error("no price for tokens")]
    NoTokenPrice,
    /// A row has a price for input and none for output, or the other way round.
    #[error("no price for {part} tokens")]
    MissingPrice {
        /// What has no price: [`Part::Input`] or [`Part::Output`].
        part: Part,
    },
    /// A row has no price for input or output, and a field that may be meant for it.
    #[error("no price for {part} tokens{}", misspelling(Some(field)))]
    Misspelt {
        /// What has no price: [`Part::Input`] or [`Part::Output`].
        part: Part,
        /// The field, its beginning if it is long.
        field: String,
    },
    /// In a step of a row, as `input_cost_per_token_above_200k_tokens` begins one, there is a price for input and none for output, or
    /// the other way round: long calls would cost there what short ones do.
    #[error("no price for {part} tokens in calls of more than {above} input tokens{}", misspelling(field.as_deref()))]
    MissingStep {
        /// What has no price: [`Part::Input`] or [`Part::Output`].
        part: Part,
        /// The step: calls of more input tokens than this.
        above: u64,
        /// The field that may be meant for it, its beginning if it is long.
        field: Option<String>,
    },
    /// A row has no price for the tokens of its input, or its output, and one for something else there: for a second of video,
    /// say.
    #[error("no price for {part} tokens: `{}` is one for something else", field.escape_debug())]
    BilledOtherwise {
        /// What has no price: [`Part::Input`] or [`Part::Output`].
        part: Part,
        /// The field with the other price, its beginning if it is long.
        field: String,
    },
    /// A row has prices for tokens, and says that the model does what nobody knows: so whether calls are billed by them is
    /// unknown too.
    #[error("`{}` is no mode such as `chat` or `embedding`", mode.escape_debug())]
    UnknownMode {
        /// The mode, its beginning if it is long.
        mode: String,
    },
}

impl PriceError {
    pub(super) fn value(key: &str, text: &str, error: AmountError) -> Self {
        Self::Value {
            key: key.into(),
            text: shown(text),
            error,
        }
    }

    pub(super) fn misspelt(part: Part, field: &str) -> Self {
        let field = shown(field);
        Self::Misspelt { part, field }
    }

    pub(super) fn missing_step(part: Part, above: u64, field: Option<&String>) -> Self {
        let field = field.map(|field| shown(field));
        Self::MissingStep { part, above, field }
    }

    pub(super) fn billed_otherwise(part: Part, field: &str) -> Self {
        let field = shown(field);
        Self::BilledOtherwise { part, field }
    }

    pub(super) fn unknown_mode(mode: &str) -> Self {
        let mode = shown(mode);
        Self::UnknownMode { mode }
    }
}

/// The beginning of what stands in a list.
fn shown(text: &str) -> String {
    const SHOWN: usize = 40;
    text.chars().take(SHOWN).collect()
}

fn misspelling(field: Option<&str>) -> String {
    let told = |field: &str| format!(": `{}` may be a misspelling", field.escape_debug());
    field.map_or(String::new(), told)
}

/// Without what could look like a line of its own. JSON's quotes stay as they are.
fn escaped(json: &str) -> String {
    let parts = json.split('"').map(|part| part.escape_debug().to_string());
    parts.collect::<Vec<_>>().join("\"")
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
