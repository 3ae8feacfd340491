//! How often memory is allocated for a call.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

use crate::layer::Calls;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

pub(crate) fn table() {
    println!("| a call with known text and four limits in memory | allocations by the layer |");
    println!("| --- | --- |");
    for bytes in [2 << 10, 12 << 10] {
        let mut calls = Calls::same(bytes);
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
