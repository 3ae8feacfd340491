//! Why a row has no price for input or output: what it has instead.

use super::Object;
use super::key::Key;
use super::row::{has_token_prices, is_other_price};
use crate::prices::error::PriceError;
use crate::prices::part::Part;

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
        let field = row.keys().find(|key| nearest(key) == Some(*part))?;
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
    let number = match above % 1_000 {
        0 => format!("{}k", above / 1_000),
        _ => above.to_string(),
    };
    let keys = PLAIN.iter().filter(|(of, _)| *of == part);
    let keys = keys.map(|(_, key)| format!("{key}_above_{number}_tokens"));
    let keys: Vec<String> = keys.collect();
    let is_like = |field: &&String| keys.iter().any(|key| is_misspelt(field, wrong(field, key)));
    PriceError::missing_step(part, above, row.keys().find(is_like))
}

/// The part whose key a field is most like, if it is like one and no key itself.
fn nearest(field: &str) -> Option<Part> {
    let near = PLAIN.map(|(part, key)| (wrong(field, key), part));
    let (wrong, part) = near.into_iter().min_by_key(|(wrong, _)| *wrong)?;
    is_misspelt(field, wrong).then_some(part)
}

/// Whether a field with so many wrong letters is a key that is misspelt.
fn is_misspelt(field: &str, wrong: usize) -> bool {
    wrong <= WRONG && Key::parse(field).is_none()
}

/// How many letters of a field are not those of a key.
fn wrong(field: &str, key: &str) -> usize {
    let letters = |key: &str| -> String {
        let letters = key.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    strsim::levenshtein(&letters(field), &letters(key))
}

fn billed_otherwise(part: Part, row: &Object<'_>) -> Option<PriceError> {
    let side = format!("{part}_cost_per_");
    let is_other = |key: &&String| key.starts_with(&side) && is_other_price(key, row[*key]);
    let field = row.keys().find(is_other)?;
    Some(PriceError::billed_otherwise(part, field))
}
