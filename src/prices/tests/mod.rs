//! Prices as their users meet them.

#![allow(clippy::unwrap_used)]

mod arithmetic;
mod built_in;
mod gaps;
mod integers_only;
mod litellm;
mod names;
mod unpriced_rows;

use super::{Cost, Part, Parts, Price};
use crate::usage::Usage;

fn price(input: &str, output: &str) -> Price {
    Price::per_million(input, output).unwrap()
}

/// The cost in nano-dollars of usage all of which has a price.
fn nanos(price: &Price, usage: &Usage) -> u64 {
    let Cost { usd, unpriced } = price.cost(usage);
    assert!(unpriced.is_empty(), "{unpriced}");
    usd.nanos()
}

fn parts(parts: &[Part]) -> Parts {
    parts.iter().copied().fold(Parts::default(), Parts::with)
}
