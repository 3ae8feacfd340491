//! How often memory is allocated for a call.
//!
//! `cargo bench --bench allocations` is a program of its own: an allocator that counts would be a part of what others measure.
#![allow(clippy::unwrap_used)]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/chat.rs"]
mod chat;
#[path = "support/prose.rs"]
mod prose;

use std::alloc::System;

use bytes::Bytes;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use calls::Calls;
use prose::Prose;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    tower_token_quota::count::warm_up();
    println!("| a call with known text and four limits in memory | allocations by the layer |");
    println!("| --- | --- |");
    for bytes in [2 << 10, 12 << 10] {
        let mut calls = Calls::same(&Bytes::from(Prose::new(1).chat(bytes)));
        let layer = allocations(&mut calls.known) - allocations(&mut calls.bare);
        println!("| {} KB | {layer} |", bytes >> 10);
    }
}

/// The allocations of one call, after some others.
fn allocations(call: &mut dyn FnMut()) -> isize {
    (0..100).for_each(|_| call());
    let region = Region::new(ALLOCATOR);
    (0..100).for_each(|_| call());
    let change = region.change();
    isize::try_from(change.allocations + change.reallocations).unwrap() / 100
}
