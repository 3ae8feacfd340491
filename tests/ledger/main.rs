//! Money adds up: what usage records say, what counters have booked, and what the report shows are one and the same.
#![allow(clippy::unwrap_used)]

mod adding_up;
mod limits;
mod ops;
mod spied;
mod sums;
mod world;

#[path = "../support/mod.rs"]
mod support;
