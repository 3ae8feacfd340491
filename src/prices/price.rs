//! The price of one model.

use std::iter;

use super::cost::Cost;
use super::first::First;
use super::part::Part;
use super::permits::Permits;
use super::rate::{Rate, Total};
use super::standin;
use super::tariff::{Row, Tariff};
use crate::decimal::AmountError;
use crate::money::Usd;
use crate::usage::{Estimate, ServiceTier, Usage};

/// What a model's tokens cost, in dollars per million, as plain decimal text; and what its searches cost.
///
/// ```
/// use tower_token_quota::ServiceTier;
/// use tower_token_quota::prices::Price;
///
/// let price = Price::per_million("1.25", "10")?
///     .cached("0.125")?
///     .above(200_000, Price::per_million("2.50", "15")?.cached("0.25")?)
///     .tier(ServiceTier::Flex, Price::per_million("0.625", "5")?)
///     .web_search("0.01")?;
/// # Ok::<(), tower_token_quota::AmountError>(())
/// ```
///
/// Where a price is missing, another stands in, so that nothing is free by mistake:
///
/// | part | costs | flagged as unpriced |
/// | --- | --- | --- |
/// | cached input | what input costs: it is never dearer | no |
/// | reasoning | what output costs | no |
/// | cache writes | what input costs; for an hour, what those for minutes do | yes |
/// | audio | what text costs | yes |
/// | searches | nothing | yes |
/// | output of a model that a list has among those for embeddings | what input costs | yes |
/// | a service tier | what the default one costs | yes |
/// | part of a service tier or a long-context step | what changes it as that tier or step changes plain tokens | yes, if it changes |
///
/// # Errors
/// Every price is refused with an [`AmountError`] unless it is plain decimal text of at most 21 decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    first: First,
    /// Of further tiers and steps.
    rows: Vec<Row>,
    tariffs: Vec<Tariff>,
}

impl Price {
    /// A price of plain input and output, for a million tokens each. Models for embeddings have an output of `"0"`.
    pub fn per_million(input: &str, output: &str) -> Result<Self, AmountError> {
        let (input, output) = (Rate::per_million(input)?, Rate::per_million(output)?);
        Ok(Self::new(First::new(input, output), Vec::new()))
    }

    /// The price of a model that costs nothing whatever is done with it, such as one's own.
    #[must_use]
    pub fn free() -> Self {
        let parts = Part::ALL.into_iter().take(Part::PRICED);
        let first = First::new(Rate::FREE, Rate::FREE);
        let first = parts.fold(first, |first, part| first.with(part, Rate::FREE));
        Self::new(first, Vec::new())
    }

    pub(super) fn new(first: First, rows: Vec<Row>) -> Self {
        let tariffs = standin::tariffs(&first, &rows);
        Self {
            first,
            rows,
            tariffs,
        }
    }

    fn set(self, part: Part, rate: Rate) -> Self {
        Self::new(self.first.with(part, rate), self.rows)
    }

    /// For a million input tokens read from the provider's cache.
    pub fn cached(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::CachedInput, Rate::per_million(per_million)?))
    }

    /// For a million input tokens written to the provider's cache for some minutes.
    pub fn cache_write(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::CacheWrite, Rate::per_million(per_million)?))
    }

    /// For a million input tokens written to the provider's cache for an hour.
    pub fn cache_write_1h(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::CacheWrite1h, Rate::per_million(per_million)?))
    }

    /// For a million tokens of audio in the input.
    pub fn audio_input(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::AudioInput, Rate::per_million(per_million)?))
    }

    /// For a million tokens of reasoning, where it is not billed as output.
    pub fn reasoning(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::Reasoning, Rate::per_million(per_million)?))
    }

    /// For a million tokens of audio in the output.
    pub fn audio_output(self, per_million: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::AudioOutput, Rate::per_million(per_million)?))
    }

    /// For one search of the web, in dollars.
    pub fn web_search(self, dollars: &str) -> Result<Self, AmountError> {
        Ok(self.set(Part::WebSearches, Rate::per_search(dollars)?))
    }

    /// The prices of all tokens of a call, cached ones and output too, whose input has more tokens than this.
    #[must_use]
    pub fn above(self, input_tokens: u64, price: Self) -> Self {
        self.and(price, |row| row.above = row.above.max(input_tokens))
    }

    /// The prices of calls that the provider says it served in a tier.
    #[must_use]
    pub fn tier(self, tier: ServiceTier, price: Self) -> Self {
        self.and(price, |row| row.tier = tier)
    }

    /// These prices and others, which count for more.
    fn and(mut self, other: Self, place: impl Fn(&mut Row)) -> Self {
        let first = Row::first(other.first.known());
        for mut row in iter::once(first).chain(other.rows) {
            place(&mut row);
            if row.is_first() {
                self.first = First::of(row.known).unwrap_or(self.first);
                continue;
            }
            let same = |old: &&mut Row| (old.tier, old.above) == (row.tier, row.above);
            match self.rows.iter_mut().find(same) {
                Some(old) => *old = row,
                None => self.rows.push(row),
            }
        }
        Self::new(self.first, self.rows)
    }

    /// Whether nothing that is done with the model costs anything. A model without a price is not free.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.tariffs.iter().all(|tariff| tariff.full.is_free())
    }

    /// What a call cost: summed exactly and rounded up once, to the nano-dollar.
    ///
    /// The step is chosen by all of the input, cached parts included; then all tokens are billed by it, as OpenAI,
    /// Anthropic and Google do. Usage that names no service tier is billed as the default one.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Cost {
        let asked = usage.service_tier.unwrap_or(ServiceTier::Default);
        let is_priced = self.has(asked);
        let tier = if is_priced {
            asked
        } else {
            ServiceTier::Default
        };
        let tariff = self
            .tariffs
            .iter()
            .find(|tariff| tariff.tier == tier && tariff.covers(usage.input_tokens));
        let (total, unpriced) = tariff.map_or_else(Default::default, |tariff| tariff.cost(usage));
        Cost {
            usd: total.rounded_up(),
            unpriced: if is_priced {
                unpriced
            } else {
                unpriced.with(Part::ServiceTier)
            },
        }
    }

    /// The most that a call of so many tokens can cost, in whatever way the request permits it to be served. Searches
    /// of the web are not in it: no request bounds how many there are.
    #[must_use]
    pub fn bound(&self, estimate: Estimate, permits: &Permits) -> Usd {
        let Estimate {
            input_tokens,
            output_tokens,
        } = estimate;
        // Fewer tokens than expected may be in an earlier step, which need not be the cheaper one.
        let reachable = self.tariffs.iter().filter(|tariff| {
            permits.tier(tariff.tier) && (tariff.above == 0 || input_tokens > tariff.above)
        });
        let most = reachable.map(|tariff| tariff.most(input_tokens, output_tokens, permits));
        most.max().map_or(Usd::ZERO, Total::rounded_up)
    }

    fn has(&self, tier: ServiceTier) -> bool {
        self.tariffs.iter().any(|tariff| tariff.tier == tier)
    }
}
