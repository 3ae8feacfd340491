//! Limits in dollars, end to end: charged at the most that a call can cost, booked at what it did, to the nano-dollar.
#![allow(clippy::unwrap_used)]

mod booked;
mod budgets;
mod dollars;
mod models;
mod reserved;

#[path = "../support/mod.rs"]
mod support;
