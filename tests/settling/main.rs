//! P4: every exit settles, and books what the table of ends says. Nothing is held when it is over.
#![allow(clippy::unwrap_used)]

mod answers;
mod failures;
mod panics;
mod reasoning;
mod streams;
mod table;
mod told;

#[path = "../support/mod.rs"]
mod support;
