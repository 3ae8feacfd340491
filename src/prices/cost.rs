//! What a call cost.

use super::part::{Part, Parts};
use super::price::Price;
use crate::money::Usd;
use crate::usage::Usage;

/// What a call cost, and what of it nobody knows the price of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cost {
    /// The cost, rounded up once. Parts without a price are in it at the price that stands in for theirs.
    pub usd: Usd,
    /// The parts that were used and have no price. [`Part::Model`] when the model has none at all: then nothing is
    /// counted, which does not mean that the call was free.
    pub unpriced: Parts,
}

impl Cost {
    /// What a call cost by its model's price; or that this has none.
    pub(crate) fn by(price: Option<&Price>, usage: &Usage) -> Self {
        let unknown = || Self {
            usd: Usd::ZERO,
            unpriced: Part::Model.into(),
        };
        price.map_or_else(unknown, |price| price.cost(usage))
    }
}
