//! P8: whatever a client sends, nothing panics, nothing grows, and what is refused is told in JSON.
#![allow(clippy::unwrap_used)]

mod heads;
mod json;
mod members;
mod messages;
mod models;
mod random;
mod sending;

#[path = "../support/mod.rs"]
mod support;
