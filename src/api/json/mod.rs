//! Reading JSON without building a tree: every value is a slice of the text it was read from.
//!
//! A text that came from somewhere is judged while it is read ([`members`], [`items`]): what is JSON is what `serde_json` says is, and
//! where it is none `serde_json` words why. What was found is a [`Value`], and is walked without being judged again.

mod blank;
#[cfg(any(test, fuzzing))]
mod compare;
mod judge;
mod quote;
mod scanner;
mod stop;
mod text;
mod value;
mod words;

#[cfg(fuzzing)]
pub(crate) use compare::compare;
pub(super) use quote::quote_or_backslash;
pub(super) use scanner::Scanner;
pub(super) use stop::{Stop, unplaced};
pub(super) use text::{is_object, items, members};
pub(super) use value::{Kind, Value};

use std::ops::Range;

/// Where `part` stands in `whole`, which it is a slice of.
pub(super) fn position(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

#[cfg(test)]
mod tests;
