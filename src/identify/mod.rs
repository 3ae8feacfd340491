//! Who pays.

mod keys;

pub use keys::{ApiKeys, BadHash};

pub(crate) use keys::KeyHash;
