//! What counting costs.
//!
//! `cargo bench --bench count` prints all tables; `cargo bench --bench count -- weapons` only one. Each figure to look at is a
//! ratio of two things that were measured in turns in the same run; the others are this machine's.
//!
//! `cargo bench --bench count -- proof 100` compares the counter with tiktoken-rs on 100 MB of mixed text.
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::cast_precision_loss
)]

mod allocations;
mod conversation;
mod layer;
mod measure;
mod proof;
mod speed;
mod stall;
mod texts;
mod weapons;

use tower_token_quota::count;

const TABLES: [(&str, fn()); 6] = [
    ("speed", speed::table),
    ("conversation", conversation::table),
    ("layer", layer::table),
    ("weapons", weapons::table),
    ("allocations", allocations::table),
    ("stall", stall::table),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with("--"))
        .collect();
    count::warm_up();
    if let ["proof", megabytes] = words[..] {
        return proof::run(megabytes.parse().expect("a number of megabytes"));
    }
    for (name, table) in TABLES {
        if words.is_empty() || words.contains(&name) {
            println!("\n## {name}\n");
            table();
        }
    }
}
