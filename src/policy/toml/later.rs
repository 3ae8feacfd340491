//! Dollar budgets: their keys are known, and refused until they are counted. To take no notice of a budget would be
//! to let it be overspent.

use serde::Deserializer;
use serde::de::Error;

pub(super) const NOT_YET: &str =
    "dollar budgets are not in this version yet; limit `tokens` or `requests` instead";

pub(super) fn budget<'de, D: Deserializer<'de>>(_value: D) -> Result<(), D::Error> {
    Err(D::Error::custom(NOT_YET))
}

pub(super) fn alerts<'de, D: Deserializer<'de>>(_value: D) -> Result<(), D::Error> {
    Err(D::Error::custom(format_args!(
        "`alerts` belong to a budget; {NOT_YET}"
    )))
}
