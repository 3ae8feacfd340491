//! Who pays.

mod keys;

pub use keys::{ApiKeys, InvalidKeyHash};

pub(crate) use keys::KeyHash;
