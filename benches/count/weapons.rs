//! Texts that make tokenizers stall.

use std::collections::HashSet;

use tower_token_quota::count::count_text;
use tower_token_quota::model::Encoding;

use crate::texts::{self, BASE64, CJK, EMOJI, LOWER, MARKS, characters};
use crate::turns::{done, medians, ratio};

const SIZES: [usize; 3] = [64 << 10, 1 << 20, 4 << 20];

type Make = fn(usize) -> String;

const KINDS: [(&str, Make); 14] = [
    ("one letter", |bytes| "a".repeat(bytes)),
    ("capitals", |bytes| "A".repeat(bytes)),
    ("spaces", |bytes| " ".repeat(bytes)),
    ("newlines", |bytes| "\n".repeat(bytes)),
    ("slashes", |bytes| "/".repeat(bytes)),
    ("digits", |bytes| characters(&[(0x30, 0x39)], bytes, 1)),
    ("base64", |bytes| characters(&BASE64, bytes, 2)),
    ("CJK", |bytes| characters(&CJK, bytes, 3)),
    ("combining marks", |bytes| characters(&MARKS, bytes, 4)),
    ("emoji", |bytes| characters(&EMOJI, bytes, 5)),
    ("random letters", |bytes| characters(&LOWER, bytes, 6)),
    ("two letters", |bytes| characters(&[(0x61, 0x62)], bytes, 7)),
    ("punctuation", |bytes| {
        characters(&[(0x21, 0x2f), (0x5b, 0x60)], bytes, 8)
    }),
    ("any character", |bytes| {
        characters(&[(0, 0xd7ff), (0xe000, 0x1_ffff)], bytes, 9)
    }),
];

pub(crate) fn table() {
    println!("| text | 64 KB | 1 MB | 4 MB | tokens of 64 KB | by tiktoken-rs |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (kind, make) in KINDS {
        let ratios = SIZES.map(|bytes| format!("{:.1}", beside_prose(&make(bytes), bytes)));
        let small = make(SIZES[0]);
        let oracle = tiktoken_rs::o200k_base_singleton();
        let counted = [
            count_text(Encoding::O200k, &small),
            oracle.count(&small, &HashSet::new()).unwrap() as u64,
        ];
        println!(
            "| {kind} | {} | {} | {} | {} | {} |",
            ratios[0], ratios[1], ratios[2], counted[0], counted[1]
        );
    }
    println!("\nTimes as long as prose of as many bytes takes, in `o200k_base`.");
}

fn beside_prose(text: &str, bytes: usize) -> f64 {
    let prose = texts::prose(bytes, 1);
    let [time, of_prose] = medians([&mut || done(count_text(Encoding::O200k, text)), &mut || {
        done(count_text(Encoding::O200k, &prose))
    }]);
    ratio(time, of_prose)
}
