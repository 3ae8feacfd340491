//! Price lists in litellm's format: an object with a row for each model, with a key for each price.

mod key;
mod missing;
mod mode;
mod row;

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::error::PriceError;
use super::price::Price;

/// A row that documents the others.
const SAMPLE: &str = "sample_spec";

/// A JSON object whose values are left as they are written: numbers are never made floats.
type Object<'t> = BTreeMap<String, &'t RawValue>;

/// A model's name, and its price or what is wrong with its row.
type Row = (String, Result<Price, PriceError>);

/// Every row of a model that a metered API serves.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, PriceError> {
    let list: Object<'_> = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| PriceError::NotAList(error.to_string()))?;
    let rows = list.into_iter().filter(|(model, _)| model != SAMPLE);
    Ok(rows
        .filter_map(|(model, value)| Some((model, row::price(value).transpose()?)))
        .collect())
}

fn object(value: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(value.get()).ok()
}

fn array(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}
