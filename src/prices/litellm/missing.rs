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

/// The part whose key a field is most like, if it is like one and no key itself.
fn nearest(field: &str) -> Option<Part> {
    let letters = |key: &str| -> String {
        let letters = key.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let is_key = Key::parse(field).is_some();
    let wrong = |key| strsim::levenshtein(&letters(field), &letters(key));
    let near = PLAIN.map(|(part, key)| (wrong(key), part));
    let (wrong, part) = near.into_iter().min_by_key(|(wrong, _)| *wrong)?;
    (!is_key && wrong <= WRONG).then_some(part)
}

fn billed_otherwise(part: Part, row: &Object<'_>) -> Option<PriceError> {
    let side = format!("{part}_cost_per_");
    let is_other = |key: &&String| key.starts_with(&side) && is_other_price(key, row[*key]);
    let field = row.keys().find(is_other)?;
    Some(PriceError::billed_otherwise(part, field))
}
