//! Alerts, end to end: once for each threshold, counter and period, and never at the cost of a call.
#![allow(clippy::unwrap_used)]

mod once;
mod sinks;
mod spending;
mod thresholds;
mod words;

#[path = "../support/mod.rs"]
mod support;
