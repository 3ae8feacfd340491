//! What the store on Redis promises beside its arithmetic, on a real server.
#![allow(clippy::unwrap_used)]

mod amounts;
mod asking;
mod clock;
mod expiry;
mod fleet;
mod forgotten;
mod keys;
mod lossy;
mod p3_exactly_once;
mod queue;

#[path = "../redis_support/mod.rs"]
mod redis_support;
#[path = "../store_support/mod.rs"]
mod store_support;
