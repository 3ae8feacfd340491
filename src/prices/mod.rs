//! What calls cost: prices of models, and the cost of usage.
//!
//! [`Prices`] are a list of models with a [`Price`] each: the one that is [built in](Prices::built_in), another
//! [in litellm's format](Prices::from_litellm), and prices [given](Prices::with) for names and globs, which count for
//! more. Everything is counted in integers: a call's cost is summed exactly and rounded up once, to a nano-dollar.
//!
//! ```
//! use tower_token_quota::prices::{Part, Price, Prices};
//! use tower_token_quota::Usage;
//!
//! let prices = Prices::built_in().with("llama-*", Price::free());
//!
//! let mut usage = Usage::new(1_000, 500);
//! usage.cached_input_tokens = 400;
//! let gpt = prices.find("gpt-4o-2024-11-20").expect("dated names have the price of the undated one");
//! assert_eq!(gpt.cost(&usage).usd.to_string(), "$0.007");
//!
//! assert!(prices.find("llama-4").is_some_and(Price::is_free));
//! assert!(prices.find("grok-9").is_none(), "unknown is not free");
//! ```

mod book;
mod cost;
mod error;
mod first;
mod litellm;
mod names;
mod part;
mod permits;
mod price;
mod rate;
mod standin;
mod tariff;

#[cfg(test)]
mod tests;

pub use cost::Cost;
pub use error::{PriceError, Skipped};
pub use part::{Part, Parts};
pub use permits::{CacheWrites, Permits};
pub use price::Price;

use std::sync::{Arc, LazyLock};

use self::names::Names;
use crate::model::{Aliases, Model};
use crate::money::Usd;
use crate::usage::{Estimate, Usage};

/// Prices of models.
///
/// A model's price is looked for in this order, and the first that is found counts:
///
/// 1. what was [given](Self::with) for one of its names, the longest name first;
/// 2. what was given for a glob that matches it: the one with most fixed letters, then with fewest stars;
/// 3. the list's row of its name as it was written; of that name without what routers put before and behind it, its
///    date included; of its canonical name, as in [`Model::canonical`]; and of that name's latest snapshot.
///
/// Fine-tuned models cost more than what they are made from: they have the price of a row or a given name that begins
/// with `ft:`, or none. A name that nobody can tell the model of has only given prices.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    rows: book::Rows,
    overrides: book::Overrides,
    skipped: Vec<Skipped>,
}

/// It can be read: a test does.
static BUILT_IN: LazyLock<Prices> =
    LazyLock::new(|| Prices::from_litellm(include_str!("builtin.json")).unwrap_or_default());

impl Prices {
    /// The prices that come with this crate: of 60 models of OpenAI, Anthropic and Google.
    ///
    /// From litellm 1.109.1, `model_prices_and_context_window.json`, MIT, © 2023 Berri AI. Audio, service tiers and fees
    /// for searches are from the same file at commit `00035b69`, for models whose other prices are the same there.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// No prices at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a price list in [litellm's format][list], as it is, without floats. Prices are dollars for a token.
    ///
    /// It has thousands of models. Rows of models that no metered API serves (images, speech, reranking …) are left
    /// out, and so is litellm's `sample_spec`. A row gives its model no price, and is [told of](Self::skipped), if it cannot
    /// be read, has no price for input, or none for output where the model generates text, or only one of them for long calls (unless the
    /// other is free), or a misspelt one for these, or
    /// prices in a mode that nobody knows: one bad row of a list that somebody else keeps should not stop a gateway, and what has no price should not be
    /// free. A row whose prices are all zero is of a model that is free. Keys that say nothing of tokens or searches are
    /// ignored; so are discounts by the time of day, and surcharges by region.
    ///
    /// Where the fee for a search depends on how much is searched, it is the highest: usage does not say which it was.
    ///
    /// # Errors
    /// [`PriceError::NotAList`] if the text is not a JSON object.
    ///
    /// [list]: https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json
    pub fn from_litellm(text: &str) -> Result<Self, PriceError> {
        let mut prices = Self::none();
        for (model, row) in litellm::rows(text)? {
            match row {
                Ok(price) => prices.rows.insert(&model, Arc::new(price)),
                Err(reason) => prices.skipped.push(Skipped { model, reason }),
            }
        }
        Ok(prices)
    }

    /// Gives a price to a model, by its name or by a glob of names (`*` for any run of characters, `?` for one).
    ///
    /// It counts for more than any list. A price for `gpt-4o` is one for its dated snapshots too.
    #[must_use]
    pub fn with(mut self, model: &str, price: Price) -> Self {
        self.overrides.insert(model, Arc::new(price));
        self
    }

    /// These prices, with those of another list in the place of those of the same names.
    #[must_use]
    pub fn replaced_by(mut self, other: Self) -> Self {
        self.rows.replace_by(other.rows);
        self.overrides.replace_by(other.overrides);
        self.skipped.extend(other.skipped);
        self
    }

    /// The models that got no price because their rows cannot be read, or do not say what tokens cost.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many rows the lists have, without given prices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the lists have no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The price of a model by a name, without a policy's aliases.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Price> {
        self.of(&Model::resolve(name, &Aliases::default()))
    }

    /// The price of a model. `None` if nobody knows it, which does not mean that it is free.
    #[must_use]
    pub fn of(&self, model: &Model) -> Option<&Price> {
        self.row(model).map(|price| &**price)
    }

    /// The same, to be kept.
    pub(crate) fn shared(&self, model: &Model) -> Option<Arc<Price>> {
        self.row(model).cloned()
    }

    /// Whether a row or a given name says what a model costs, and not only a glob.
    pub(crate) fn name(&self, model: &Model) -> bool {
        let names = Names::of(model);
        self.overrides.name(&names) || (model.is_resolved() && self.rows.find(&names).is_some())
    }

    fn row(&self, model: &Model) -> Option<&Arc<Price>> {
        let names = Names::of(model);
        let given = self.overrides.find(&names);
        let listed = || self.rows.find(&names).filter(|_| model.is_resolved());
        given.or_else(listed)
    }

    /// What a call of a model cost. See [`Price::cost`]; of a model without a price see [`Cost::unpriced`].
    #[must_use]
    pub fn cost(&self, model: &Model, usage: &Usage) -> Cost {
        Cost::by(self.of(model), usage)
    }

    /// The most that a call of a model can cost. See [`Price::bound`]; `None` for a model without a price.
    #[must_use]
    pub fn bound(&self, model: &Model, estimate: Estimate, permits: &Permits) -> Option<Usd> {
        self.of(model).map(|price| price.bound(estimate, permits))
    }
}
