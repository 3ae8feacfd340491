//! A chat that sends its history with each turn.

use std::cell::Cell;

use tower_token_quota::count::{CountCache, count_text};
use tower_token_quota::model::Encoding;

use crate::texts;
use crate::turns::{done, medians, ratio};

const TURNS: usize = 50;
const SIZE: usize = 64 << 10;

pub(crate) fn table() {
    println!(
        "| a conversation of 50 turns that grows to 64 KB | all turns | of counting each in full |"
    );
    println!("| --- | --- | --- |");
    let messages: Vec<String> = (0..TURNS)
        .map(|turn| texts::prose(SIZE / TURNS, turn as u64))
        .collect();
    let turns = || (1..=TURNS).map(|turn| messages[..turn].iter().map(String::as_str));
    let joined: Vec<String> = (1..=TURNS).map(|turn| messages[..turn].concat()).collect();
    let full = |text: &str| count_text(Encoding::O200k, text);
    let cache = CountCache::new(CountCache::DEFAULT_BYTES);
    // Each round is somebody else's, of whom nothing is known.
    let rounds = Cell::new(0);
    let next_owner = || {
        rounds.set(rounds.get() + 1);
        rounds.get().to_string()
    };
    let [in_full, by_messages, in_one, in_one_known] = medians([
        &mut || done(turns().flatten().map(full).sum::<u64>()),
        &mut || {
            let owner = next_owner();
            done(
                turns()
                    .map(|texts| cache.count_texts(&owner, Encoding::O200k, texts))
                    .sum::<u64>(),
            );
        },
        &mut || done(joined.iter().map(|text| full(text)).sum::<u64>()),
        &mut || {
            let owner = next_owner();
            done(
                joined
                    .iter()
                    .map(|text| cache.count_text(&owner, Encoding::O200k, text))
                    .sum::<u64>(),
            );
        },
    ]);
    println!("| each turn in full | {in_full:.2?} | |");
    println!(
        "| each message once | {by_messages:.2?} | 1/{:.1} |",
        ratio(in_full, by_messages)
    );
    println!("| the same as one growing text: in full | {in_one:.2?} | |");
    println!(
        "| the same, its segments once | {in_one_known:.2?} | 1/{:.1} |",
        ratio(in_one, in_one_known)
    );
}
