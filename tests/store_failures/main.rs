//! What holds while the store does not answer: each limit's own rule, and nothing beyond it.
#![allow(clippy::unwrap_used)]

mod breaker;
mod instance;
mod line;
mod random;
mod rules;
mod share;
mod unbooked;

#[path = "../support/mod.rs"]
mod support;
