//! The journal: what outlives restarts and crashes, and what happens when its file is not what it should be.
#![allow(clippy::unwrap_used)]

mod counters;
mod disk;
mod failing;
mod faulty;
mod folder;
mod opening;
mod order;
mod random;
mod restarts;
mod sql;
mod time;

#[path = "../store_support/mod.rs"]
mod store_support;
#[path = "../support/mod.rs"]
mod support;
