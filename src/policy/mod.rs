//! Which rules apply: tiers, limits, ladders, aliases; in code or as TOML.

mod builder;
mod candidates;
mod check;
mod glob;
mod limit;
mod tier;
mod toml;
mod window;

pub use builder::{PolicyBuilder, PolicyError};
pub use limit::{Enforcement, Limit, OnExhausted, Scope, Unit};
pub use tier::{OutputCap, Tier};
pub use window::{Period, Span, Window};

pub(crate) use candidates::Rung;
pub(crate) use check::CheckedLimit;

/// The rules, checked: nothing in it can turn out wrong later. Cheap to share, never changed.
#[derive(Debug)]
pub struct Policy {}
