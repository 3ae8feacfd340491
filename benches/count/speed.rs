//! How fast texts are counted, beside tiktoken-rs.

use std::collections::HashSet;

use tower_token_quota::count::{CountCache, count_text};
use tower_token_quota::model::Encoding;

use crate::texts;
use crate::turns::{done, mb_per_second, medians, ratio};

pub(crate) fn table() {
    println!("| prose | counted | by tiktoken-rs | counted faster | known |");
    println!("| --- | --- | --- | --- | --- |");
    for bytes in [2 << 10, 64 << 10, 1 << 20] {
        row(bytes);
    }
}

fn row(bytes: usize) {
    // Many texts of that size, so that none is in the processor's memory of branches.
    let texts: Vec<String> = (0..(1 << 20) / bytes)
        .map(|seed| texts::prose(bytes, seed as u64))
        .collect();
    let (oracle, none) = (tiktoken_rs::o200k_base_singleton(), HashSet::new());
    let cache = CountCache::new(CountCache::DEFAULT_BYTES);
    for text in &texts {
        done(cache.count_text("", Encoding::O200k, text));
    }
    let next = |at: &mut usize| {
        *at = (*at + 1) % texts.len();
        &texts[*at]
    };
    let [mut a, mut b, mut c] = [0; 3];
    let [ours, theirs, known] = medians([
        &mut || done(count_text(Encoding::O200k, next(&mut a))),
        &mut || done(oracle.count(next(&mut b), &none)),
        &mut || done(cache.count_text("", Encoding::O200k, next(&mut c))),
    ]);
    println!(
        "| {} KB | {:.0} MB/s | {:.0} MB/s | {:.1} × | {:.0} MB/s |",
        bytes >> 10,
        mb_per_second(bytes, ours),
        mb_per_second(bytes, theirs),
        ratio(theirs, ours),
        mb_per_second(bytes, known),
    );
}
