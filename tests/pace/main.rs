//! The pace of budgets, end to end: a day that spends more than 1.5 times of its share is told of, and of nothing else.
#![allow(clippy::unwrap_used)]

mod days;
mod desk;
mod limits;
mod model;
mod spent;
mod told;

#[path = "../support/mod.rs"]
mod support;
