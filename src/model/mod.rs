//! Which model is meant, whatever it is called.

mod canonical;
mod catalog;

pub use catalog::{Encoding, Facts, Provider, facts, may_reason};

use std::sync::Arc;

/// A model as the caller named it, and the canonical name that rules are matched with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Model {
    raw: Arc<str>,
    canonical: Arc<str>,
}
impl Model {
    pub fn raw(&self) -> &str {
        &self.raw
    }
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}
