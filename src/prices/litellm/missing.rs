//! Why a row has no price for input or output, or none in long calls: what it has instead.

use super::Object;
use super::key::Key;
use super::row::{costs, has_token_prices, is_other_price};
use crate::prices::error::PriceError;
use crate::prices::part::Part;
use crate::spelling::letters;

/// The keys of the prices that no row can do without.
const PLAIN: [(Part, &str); 2] = [
    (Part::Input, "input_cost_per_token"),
    (Part::Output, "output_cost_per_token"),
];

/// How many letters may be wrong in a key that is misspelt.
const WRONG: usize = 3;

/// Why these parts have no price in a row.
pub(super) fn why(missing: &[Part], row: &Object<'_>) -> PriceError {
    let misspelt = missing.iter().find_map(|part| {
        let field = row
            .keys()
            .find(|key| nearest(key, str::to_owned) == Some(*part))?;
        Some(PriceError::misspelt(*part, field))
    });
    misspelt.unwrap_or_else(|| match missing {
        [part] if has_token_prices(row) => {
            billed_otherwise(*part, row).unwrap_or(PriceError::MissingPrice { part: *part })
        }
        _ => PriceError::NoTokenPrice,
    })
}

/// Why this part has no price in calls of more input tokens than a step says.
pub(super) fn in_step(part: Part, above: u64, row: &Object<'_>) -> PriceError {
    let is_its = |field: &&String| nearest_step(field) == Some((part, above));
    PriceError::missing_step(part, above, row.keys().find(is_its))
}

/// The price of a step whose key is misspelt, if its part `lacks` one there.
pub(super) fn misspelt_step(
    row: &Object<'_>,
    lacks: impl Fn(Part, u64) -> bool,
) -> Option<PriceError> {
    row.iter().find_map(|(field, value)| {
        let (part, above) = nearest_step(field)?;
        let is_price = lacks(part, above) && costs(field, value);
        is_price.then(|| PriceError::missing_step(part, above, Some(field)))
    })
}

/// The part and the step whose key a field is most like, if it is like one and no key itself.
fn nearest_step(field: &str) -> Option<(Part, u64)> {
    let number = &field[field.find(|c: char| c.is_ascii_digit())?..];
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let digits: String = number[..end].chars().filter(|c| *c != '_').collect();
    let (times, unit) = match number.as_bytes()[end] {
        b'k' | b'K' => (1_000, "k"),
        b'm' | b'M' => (1_000_000, "m"),
        _ => (1, ""),
    };
    let above = digits.parse::<u64>().ok()?.checked_mul(times)?;
    let key = |plain: &str| format!("{plain}_above_{digits}{unit}_tokens");
    Some((nearest(field, key)?, above))
}

/// The part whose key a field is most like, if it is like one and no key itself. The key is made of the plain one.
fn nearest(field: &str, key: impl Fn(&str) -> String) -> Option<Part> {
    let near = PLAIN.map(|(part, plain)| (wrong(field, &key(plain)), part));
    let (wrong, part) = near.into_iter().min_by_key(|(wrong, _)| *wrong)?;
    (wrong <= WRONG && Key::parse(field).is_none()).then_some(part)
}

/// How many letters of a field are not those of a key.
fn wrong(field: &str, key: &str) -> usize {
    strsim::levenshtein(&letters(field), &letters(key))
}

fn billed_otherwise(part: Part, row: &Object<'_>) -> Option<PriceError> {
    let side = format!("{part}_cost_per_");
    let is_other = |key: &&String| key.starts_with(&side) && is_other_price(key, row[*key]);
    let field = row.keys().find(is_other)?;
    Some(PriceError::billed_otherwise(part, field))
}
