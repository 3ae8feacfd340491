//! Prices with no gaps: what is not in the price list has a stand-in, and is marked as such.

use super::part::{Part, Parts};
use super::permits::{CacheWrites, Permits};
use super::rate::{Rate, Total};
use crate::usage::{ServiceTier, Usage};

/// Prices that are known, by part.
pub(super) type Known = [Option<Rate>; Part::PRICED];

/// The known prices of one service tier, for calls of more than so many input tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) tier: ServiceTier,
    pub(super) above: u64,
    pub(super) known: Known,
}

impl Row {
    /// The known prices of the default tier, for calls of any input.
    pub(super) fn first(known: Known) -> Self {
        Self {
            tier: ServiceTier::Default,
            above: 0,
            known,
        }
    }

    pub(super) fn is_first(&self) -> bool {
        (self.tier, self.above) == (ServiceTier::Default, 0)
    }
}

/// All prices of one service tier, for calls with input in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tariff {
    pub(super) tier: ServiceTier,
    /// Calls of more input tokens than this, or of any if it is zero.
    pub(super) above: u64,
    /// Calls of no more input tokens than this.
    pub(super) up_to: u64,
    pub(super) full: Full,
}

/// A price for every part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Full {
    rates: [Rate; Part::PRICED],
    /// The parts whose prices are stand-ins that may be wrong.
    guessed: Parts,
}

impl Full {
    pub(super) fn rate(&self, part: Part) -> Rate {
        self.rates[part.index()]
    }

    pub(super) fn is_guess(&self, part: Part) -> bool {
        self.guessed.contains(part)
    }

    pub(super) fn is_free(&self) -> bool {
        self.rates.iter().all(|rate| rate.is_free())
    }

    /// Prices made part by part, in order: what makes one sees those before it.
    pub(super) fn build(mut price: impl FnMut(&Self, Part) -> (Rate, bool)) -> Self {
        let mut full = Self {
            rates: Default::default(),
            guessed: Parts::default(),
        };
        for part in Part::ALL.into_iter().take(Part::PRICED) {
            let (rate, is_guess) = price(&full, part);
            full.rates[part.index()] = rate;
            if is_guess {
                full.guessed = full.guessed.with(part);
            }
        }
        full
    }
}

impl Tariff {
    pub(super) fn covers(&self, input_tokens: u64) -> bool {
        (self.above == 0 || input_tokens > self.above) && input_tokens <= self.up_to
    }

    /// What is billed for, not rounded, and which parts of it have no price.
    pub(super) fn cost(&self, usage: &Usage) -> (Total, Parts) {
        let mut total = Total::default();
        let mut unpriced = Parts::default();
        for (part, count) in billed(usage).into_iter().filter(|(_, count)| *count > 0) {
            total = total.add(count, self.full.rate(part));
            if self.full.is_guess(part) {
                unpriced = unpriced.with(part);
            }
        }
        (total, unpriced)
    }

    /// The most that so many tokens can cost by this tariff: every token as the dearest kind that it may be.
    pub(super) fn most(&self, input_tokens: u64, output_tokens: u64, permits: &Permits) -> Total {
        let dearest = |parts: &[(Part, bool)]| {
            let permitted = parts.iter().filter(|(_, permitted)| *permitted);
            let rates = permitted.map(|(part, _)| self.full.rate(*part));
            rates.max().unwrap_or_default()
        };
        let input = dearest(&[
            (Part::Input, true),
            (Part::CachedInput, true),
            (
                Part::CacheWrite,
                permits.cache_writes >= CacheWrites::Minutes,
            ),
            (
                Part::CacheWrite1h,
                permits.cache_writes >= CacheWrites::Hour,
            ),
            (Part::AudioInput, permits.audio_input),
        ]);
        let output = dearest(&[
            (Part::Output, true),
            (Part::Reasoning, true),
            (Part::AudioOutput, permits.audio_output),
        ]);
        Total::default()
            .add(input_tokens.min(self.up_to), input)
            .add(output_tokens, output)
    }
}

/// The usage in parts that do not overlap: all input tokens are in one of the input's, all output tokens in one of the
/// output's. Parts that claim more than the whole are cut to it. Which of the cached tokens were audio no usage says:
/// they count as text.
fn billed(usage: &Usage) -> [(Part, u64); Part::PRICED] {
    let (written, input) = split(usage.input_tokens, usage.cache_write_tokens);
    let (written_1h, written) = split(written, usage.cache_write_1h_tokens);
    let (cached, input) = split(input, usage.cached_input_tokens);
    let (audio_input, input) = split(input, usage.audio_input_tokens);
    let (audio_output, output) = split(usage.output_tokens, usage.audio_output_tokens);
    let (reasoning, output) = split(output, usage.reasoning_tokens);
    [
        (Part::Input, input),
        (Part::CachedInput, cached),
        (Part::CacheWrite, written),
        (Part::CacheWrite1h, written_1h),
        (Part::AudioInput, audio_input),
        (Part::Output, output),
        (Part::Reasoning, reasoning),
        (Part::AudioOutput, audio_output),
        (Part::WebSearches, usage.web_searches),
    ]
}

/// A part, no larger than the whole, and the rest.
fn split(whole: u64, part: u64) -> (u64, u64) {
    let part = part.min(whole);
    (part, whole - part)
}
