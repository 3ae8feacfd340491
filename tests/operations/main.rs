//! What operators do while calls come: new policies, corrections, draining; and what observers see of all of it.
#![allow(clippy::unwrap_used)]

mod asking;
mod corrections;
mod observers;
mod policies;
mod seen;

#[path = "../support/mod.rs"]
mod support;
