//! P7, answers: whatever way they are cut, the same bytes come out and the same usage is booked. A stream is passed on
//! event by event; only the usage that its caller did not ask for is kept back.
#![allow(clippy::unwrap_used)]

mod cuts;
mod ends;
mod frames;
mod passing;
mod stripping;

#[path = "../support/mod.rs"]
mod support;
