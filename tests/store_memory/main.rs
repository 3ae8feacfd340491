//! What the memory store promises, one call after the other.

mod as_a_trait;
mod candidates;
mod enforcement;
mod p10_changed_amount_keeps_usage;
mod p1_no_over_admission;
mod p2_all_or_nothing;
mod p3_exactly_once;
mod p4_every_hold_ends;
mod p5_debt_is_booked;
mod p8_memory_is_bounded;

#[path = "../store_support/mod.rs"]
mod store_support;
