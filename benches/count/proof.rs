//! The counter beside tiktoken-rs, on as much mixed text as one likes.

use std::collections::HashSet;

use tower_token_quota::count::{CountCache, count_text};
use tower_token_quota::model::Encoding;

use crate::texts::{self, BASE64, CJK, EMOJI, LOWER, MARKS, Random, characters, drawn};

/// What the patterns and the vocabularies treat on their own.
const PECULIAR: [&str; 40] = [
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    " \n ",
    "\u{a0}",
    "\u{2028}",
    "\u{3000}",
    "'s",
    "'LL",
    "'ſ",
    "’s",
    "don't",
    "I'VE",
    "/",
    "//\n",
    "!\n/",
    "--",
    "==",
    "```",
    "{\"a\":",
    "0x1F",
    "1234567",
    "½",
    "Ⅷ",
    "٣",
    "ǅ",
    "ʰ",
    "ﬁ",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "Ａ",
    "한국어",
    "العربية",
    "हिन्दी",
    "\u{200d}",
    "<|endoftext|>",
];

const SCRIPTS: [(u32, u32); 8] = [
    (0x20, 0x7e),
    (0xa0, 0x24f),
    (0x370, 0x5ff),
    (0x600, 0x6ff),
    (0x900, 0xd7f),
    (0x1e00, 0x1fff),
    (0x3040, 0x30ff),
    (0xac00, 0xd7a3),
];

/// Compares the counts of that many megabytes, text by text, and ends at the first difference.
pub(crate) fn run(megabytes: usize) {
    let encodings = [
        (Encoding::O200k, tiktoken_rs::o200k_base_singleton()),
        (Encoding::Cl100k, tiktoken_rs::cl100k_base_singleton()),
    ];
    let (mut bytes, mut texts, mut tokens, none) = (0, 0_u64, 0, HashSet::new());
    let cache = CountCache::new(CountCache::DEFAULT_BYTES);
    while bytes < megabytes * 1_000_000 {
        let text = mixed(texts);
        for (encoding, oracle) in encodings {
            let counted = count_text(encoding, &text);
            let expected = oracle.count(&text, &none).unwrap() as u64;
            let by_segments = cache.count_text("", encoding, &text);
            assert_eq!(
                [counted, by_segments],
                [expected; 2],
                "{encoding:?}: {text:?}"
            );
            tokens += counted;
        }
        bytes += text.len();
        texts += 1;
    }
    println!(
        "{texts} texts of {bytes} bytes in all have {tokens} tokens in both encodings, each by both counters."
    );
}

/// A text of up to 20 KB: prose, one kind of characters, or a mixture.
fn mixed(seed: u64) -> String {
    let mut random = Random::new(seed + 1);
    let most = random.of(&[100, 1_000, 5_000, 20_000]);
    let bytes = random.below(most) + 1;
    match random.below(12) {
        0..5 => texts::prose(bytes, seed),
        5 => characters(
            random.of(&[&LOWER[..], &BASE64, &MARKS, &EMOJI]),
            bytes.min(2_000),
            seed,
        ),
        6 => characters(&CJK, bytes, seed),
        7 => characters(&SCRIPTS, bytes, seed),
        8 => characters(&[(0, 0xd7ff), (0xe000, 0x1_ffff)], bytes, seed),
        9 => drawn(&PECULIAR, bytes, seed),
        10 => random.of(&PECULIAR).repeat(bytes.min(2_000)),
        _ => words(&mut random, bytes),
    }
}

/// Words and what is peculiar, in turns.
fn words(random: &mut Random, bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        text.push_str(random.of(&PECULIAR));
        let length = random.below(12);
        let seed = random.below(1 << 30) as u64;
        text.push_str(&characters(
            random.of(&[&LOWER[..], &SCRIPTS, &BASE64]),
            length,
            seed,
        ));
    }
    text
}
