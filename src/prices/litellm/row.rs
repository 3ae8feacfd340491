//! The row of one model.

use serde_json::value::RawValue;

use super::key::Key;
use super::mode::Mode;
use super::{Object, array, missing, object, string};
use crate::decimal::{self, AmountError};
use crate::prices::error::PriceError;
use crate::prices::first::First;
use crate::prices::part::Part;
use crate::prices::price::Price;
use crate::prices::rate::Rate;
use crate::prices::tariff::Row;
use crate::usage::ServiceTier;

/// Whose steps begin with the call that has as many tokens as the step says, not one more: so litellm bills them.
const INCLUSIVE: &str = "xai";

const SEARCHES: &str = "search_context_cost_per_query";
const STEPS: &str = "tiered_pricing";

/// The price in a row. `None` for a row that is none of ours.
pub(super) fn price(row: &RawValue) -> Result<Option<Price>, PriceError> {
    let row = object(row).ok_or(PriceError::NotARow)?;
    let says = |key| row.get(key).and_then(|value| string(value));
    let needed = match Mode::of(says("mode")) {
        Mode::Text => &[Part::Input, Part::Output][..],
        Mode::Embedding => &[Part::Input],
        Mode::Unmetered => return Ok(None),
        Mode::Unknown(mode) => return told_if_priced(&mode, &row),
    };
    let mut prices = Found::read_all(&row)?;
    let half = prices.half_step(needed);
    let half = half.map(|(part, above)| missing::in_step(part, above, &row));
    let lacks = |part, above| needed.contains(&part) && prices.lacks(part, above);
    let wrong_step = half.or_else(|| missing::misspelt_step(&row, lacks));
    if says("litellm_provider").as_deref() == Some(INCLUSIVE) {
        for row in &mut prices.rows {
            row.above = row.above.saturating_sub(1);
        }
    }
    let is_free = prices.are_free();
    let price = prices.into_price(needed);
    let price = price.map_err(|missing| missing::why(&missing, &row))?;
    if let Some(wrong) = wrong_step {
        return Err(wrong);
    }
    let is_billed_otherwise = row.iter().any(|(key, value)| is_other_price(key, value));
    match is_free && is_billed_otherwise {
        true => Err(PriceError::NoTokenPrice),
        false => Ok(Some(price)),
    }
}

/// A mode that nobody knows may be a misspelt one; of one without prices for tokens nobody wants to know.
fn told_if_priced(mode: &str, row: &Object<'_>) -> Result<Option<Price>, PriceError> {
    match has_token_prices(row) {
        true => Err(PriceError::unknown_mode(mode)),
        false => Ok(None),
    }
}

pub(super) fn has_token_prices(row: &Object<'_>) -> bool {
    let mut keys = row.keys();
    keys.any(|key| key == STEPS || Key::parse(key).is_some())
}

/// The prices that were found so far. The first that is found for a thing counts.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
}

impl Found {
    fn read_all(row: &Object<'_>) -> Result<Self, PriceError> {
        let mut prices = Self::default();
        if let Some(steps) = row.get(STEPS) {
            prices.read_steps(steps)?;
        }
        prices.read(row, 0)?;
        if let Some(fees) = row.get(SEARCHES) {
            prices.read_fees(fees)?;
        }
        Ok(prices)
    }

    /// Reads the keys of an object, which are about calls of more input tokens than `least`.
    fn read(&mut self, object: &Object<'_>, least: u64) -> Result<(), PriceError> {
        for (text, value) in object {
            let Some(key) = Key::parse(text) else {
                continue;
            };
            if let Some(rate) = rate(text, value)? {
                let above = key.above.max(least);
                self.insert(Key { above, ..key }, rate);
            }
        }
        Ok(())
    }

    /// Reads `[{"range": [0, 32000], …}, {"range": [32000, 128000], …}]`. The first is where the calls begin.
    fn read_steps(&mut self, steps: &RawValue) -> Result<(), PriceError> {
        let wrong =
            |value: &RawValue| PriceError::value(STEPS, value.get(), AmountError::NotDecimal);
        let mut starts = Vec::new();
        for step in array(steps).ok_or_else(|| wrong(steps))? {
            let step = object(step).ok_or_else(|| wrong(step))?;
            let range = step.get("range").copied().unwrap_or(steps);
            let start = array(range).and_then(|range| tokens(range.first()?));
            starts.push((start.ok_or_else(|| wrong(range))?, step));
        }
        starts.sort_by_key(|(start, _)| *start);
        for (position, (start, step)) in starts.iter().enumerate() {
            let least = if position == 0 { 0 } else { *start };
            self.read(step, least)?;
        }
        Ok(())
    }

    /// Reads the fee for a search, or the highest of several.
    fn read_fees(&mut self, fees: &RawValue) -> Result<(), PriceError> {
        let mut highest = None;
        match object(fees) {
            Some(fees) => {
                for fee in fees.values() {
                    highest = highest.max(rate(SEARCHES, fee)?);
                }
            }
            None => highest = rate(SEARCHES, fees)?,
        }
        if let Some(fee) = highest {
            let key = Key {
                part: Part::WebSearches,
                tier: ServiceTier::Default,
                above: 0,
            };
            self.insert(key, fee);
        }
        Ok(())
    }

    fn insert(&mut self, key: Key, rate: Rate) {
        let same = |row: &Row| (row.tier, row.above) == (key.tier, key.above);
        let position = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row {
                tier: key.tier,
                above: key.above,
                known: [None; Part::PRICED],
            });
            self.rows.len() - 1
        });
        self.rows[position].known[key.part.index()].get_or_insert(rate);
    }

    /// A needed part that has no price in a step where another has one, and the step's number. Only steps of the default tier:
    /// another tier is guessed at in any case where it says nothing, and what is guessed is marked.
    fn half_step(&self, needed: &[Part]) -> Option<(Part, u64)> {
        let is_step = |row: &&Row| row.tier == ServiceTier::Default && !row.is_first();
        self.rows.iter().filter(is_step).find_map(|step| {
            let has = |part: &Part| step.known[part.index()].is_some();
            let lacks = |part: &&Part| !has(part) && !self.is_free(**part);
            let missing = needed.iter().find(lacks)?;
            needed.iter().any(has).then_some((*missing, step.above))
        })
    }

    /// Whether a part has no price in a step of the default tier.
    fn lacks(&self, part: Part, above: u64) -> bool {
        let is_it = |row: &&Row| row.tier == ServiceTier::Default && row.above == above;
        let mut steps = self.rows.iter().filter(is_it);
        !steps.any(|step| step.known[part.index()].is_some())
    }

    /// Whether a part costs nothing in short calls. Then it has no dearer step to forget.
    fn is_free(&self, part: Part) -> bool {
        let mut first = self.rows.iter().filter(|row| row.is_first());
        first.any(|row| row.known[part.index()].is_some_and(Rate::is_free))
    }

    /// Whether no token costs anything.
    fn are_free(&self) -> bool {
        let tokens = |row: &Row| {
            let mut known = row.known;
            known[Part::WebSearches.index()] = None;
            known
        };
        let mut rates = self.rows.iter().flat_map(tokens).flatten();
        rates.all(Rate::is_free)
    }

    /// The price, or which of the needed parts have none.
    ///
    /// Tiers with a price for input or output only are mistakes: for one, litellm's priority tier of `gpt-5-nano` has
    /// the input of `gpt-5`. They count as unknown.
    fn into_price(mut self, needed: &[Part]) -> Result<Price, Vec<Part>> {
        let first = self.rows.iter().find(|row| row.is_first());
        let known = first.map_or([None; Part::PRICED], |row| row.known);
        let missing = needed.iter().filter(|part| known[part.index()].is_none());
        let missing: Vec<Part> = missing.copied().collect();
        let Some(first) = First::of(known).filter(|_| missing.is_empty()) else {
            return Err(missing);
        };
        let has = |rows: &[Row], tier, part: Part| {
            let mut rows = rows.iter().filter(|row| row.tier == tier);
            rows.any(|row| row.known[part.index()].is_some())
        };
        let rows = self.rows.clone();
        self.rows.retain(|row| {
            let is_whole = [Part::Input, Part::Output]
                .into_iter()
                .all(|part| has(&rows, row.tier, part) || !has(&rows, ServiceTier::Default, part));
            is_whole && !row.is_first()
        });
        Ok(Price::new(first, self.rows))
    }
}

/// A price for one. `None` where there is none. Some lists have numbers in strings.
fn rate(key: &str, value: &RawValue) -> Result<Option<Rate>, PriceError> {
    let text = string(value).unwrap_or_else(|| value.get().to_owned());
    if text == "null" {
        return Ok(None);
    }
    let rate = Rate::per_unit(text.trim());
    rate.map(Some)
        .map_err(|error| PriceError::value(key, value.get(), error))
}

/// A number of tokens, which may be written `32000.0`.
fn tokens(value: &RawValue) -> Option<u64> {
    u64::try_from(decimal::scientific(value.get(), 0).ok()?).ok()
}

/// Whether a key has a price that is not nothing, and of something else than tokens.
pub(super) fn is_other_price(key: &str, value: &RawValue) -> bool {
    let is_price = key.starts_with("input_cost_per_") || key.starts_with("output_cost_per_");
    is_price && Key::parse(key).is_none() && costs(key, value)
}

/// Whether a price is one, and not nothing.
pub(super) fn costs(key: &str, value: &RawValue) -> bool {
    rate(key, value).is_ok_and(|rate| rate.is_some_and(|rate| !rate.is_free()))
}
