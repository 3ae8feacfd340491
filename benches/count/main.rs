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

#[path = "../support/calls.rs"]
mod calls;
#[path = "../support/chat.rs"]
mod chat;
mod conversation;
mod layer;
#[path = "../support/measure.rs"]
mod measure;
mod proof;
mod speed;
mod stall;
mod texts;
mod turns;
mod weapons;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use tower_token_quota::count;

const TABLES: [(&str, fn()); 5] = [
    ("speed", speed::table),
    ("conversation", conversation::table),
    ("layer", layer::table),
    ("weapons", weapons::table),
    ("stall", stall::table),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // What cargo adds.
    let words = arguments.iter().filter(|word| *word != "--bench");
    let words: Vec<&str> = words.map(String::as_str).collect();
    count::warm_up();
    let is_done = match words[..] {
        ["proof", megabytes] => megabytes
            .parse()
            .map(|megabytes: NonZeroUsize| proof::run(megabytes.get()))
            .is_ok(),
        _ => print(&words),
    };
    if !is_done {
        let tables = TABLES.map(|(name, _)| name).join(", ");
        eprintln!(
            "usage: cargo bench --bench count -- [proof MEGABYTES | TABLE…], where a table is one of {tables}"
        );
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// Prints these tables, or all of them where none is named; nothing, if one is named that there is not.
fn print(names: &[&str]) -> bool {
    let is_table = |name: &&str| TABLES.iter().any(|(table, _)| table == name);
    if !names.iter().all(is_table) {
        return false;
    }
    for (name, table) in TABLES {
        if names.is_empty() || names.contains(&name) {
            println!("\n## {name}\n");
            table();
        }
    }
    true
}
