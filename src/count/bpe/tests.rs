//! The counter beside tiktoken itself.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use super::*;

static O200K: LazyLock<Counter> = LazyLock::new(|| Counter::new(Encoding::O200k));
static CL100K: LazyLock<Counter> = LazyLock::new(|| Counter::new(Encoding::Cl100k));

fn both() -> [(&'static Counter, &'static CoreBPE); 2] {
    [
        (&*O200K, o200k_base_singleton()),
        (&*CL100K, cl100k_base_singleton()),
    ]
}

fn by_tiktoken(tokenizer: &CoreBPE, text: &str) -> u64 {
    tokenizer.count(text, &HashSet::new()).unwrap() as u64
}

/// Counts a text as one piece, window by window from the smallest on.
fn merged(counter: &Counter, text: &str, window: usize) -> u64 {
    let mut merger = Merger::new(&counter.ranks, text.as_bytes()).with_window(window);
    merger.count(0..text.len())
}

/// Characters of every class of the patterns, often enough side by side, and those that they treat on their own.
fn any_text() -> impl Strategy<Value = String> {
    let classes = prop_oneof![
        4 => "[a-z]{1,8}",
        2 => "[A-Z]{1,4}",
        2 => "[ \t\n\r\u{a0}\u{2028}\u{3000}]{1,4}",
        2 => "['’](s|t|re|ve|m|ll|d|S|LL|Ve|ſ|x|r|l)",
        1 => "\\p{M}{1,3}",
        1 => "\\p{Lo}{1,4}",
        1 => "(\\p{Lm}|\\p{Lt}|\\p{Lu}|\\p{Ll}){1,4}",
        1 => "\\p{N}{1,5}",
        1 => "[0-9]{1,7}",
        1 => "(\\p{P}|\\p{S}|/){1,4}",
        1 => "\\p{C}{1,2}",
        1 => "<\\|endoftext\\|>",
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(classes, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_what_tiktoken_counts(text in any_text()) {
        for (counter, tokenizer) in both() {
            prop_assert_eq!(counter.count(&text), by_tiktoken(tokenizer, &text));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Windows as small as these are made larger, or begin a token earlier, in most pieces.
    #[test]
    fn windows_make_no_difference(word in "[ab]{20,60}|[a-z]{20,300}|[A-Za-z0-9+/]{20,300}|[aeiou=\\-]{20,200}", window in 4usize..40) {
        for counter in [&*O200K, &*CL100K] {
            prop_assert_eq!(merged(counter, &word, window), merged(counter, &word, 4096));
        }
    }

    /// What repeats is counted once, wherever it begins and ends.
    #[test]
    fn repetitions_make_no_difference(
        before in "[a-z]{0,30}",
        unit in "[a-z]{1,4}|[A-Z]{1,3}|[=\\-*#]{1,2}|(\u{301}|\u{302}){1,3}|[语言]{1,2}",
        times in 60usize..400,
        after in "[a-z]{0,30}",
    ) {
        let text = [before, unit.repeat(times), after].concat();
        for (counter, tokenizer) in both() {
            prop_assert_eq!(counter.count(&text), by_tiktoken(tokenizer, &text));
        }
    }
}

#[test]
fn every_character_has_the_class_that_the_patterns_see() {
    // Each character between two letters, two digits, two blanks: it decides where they are cut.
    // The planes in between have nothing in them that is assigned.
    let planes = (0..0x3_3000).chain(0xe_0000..0xe_1000);
    for start in planes.step_by(256) {
        let chars = (start..start + 256).filter_map(char::from_u32);
        let text: String = chars
            .flat_map(|c| ['a', c, 'B', c, '1', c, ' ', c, c, '\n'])
            .collect();
        for (counter, tokenizer) in both() {
            assert_eq!(
                counter.count(&text),
                by_tiktoken(tokenizer, &text),
                "{start:x}"
            );
        }
    }
}

/// A window that one token fills has nothing in it that is sure.
#[test]
fn tokens_as_long_as_windows_are_counted() {
    for unit in ["-", "=", "*", "_", "/", "─"] {
        for len in [63, 64, 65, 129, 700] {
            let text = ["!?+;%$#@".repeat(20), unit.repeat(len), "!".to_owned()].concat();
            for (counter, tokenizer) in both() {
                assert_eq!(
                    counter.count(&text),
                    by_tiktoken(tokenizer, &text),
                    "{unit} {len}"
                );
            }
        }
    }
}

#[test]
fn every_token_is_counted_as_one_or_as_what_it_is_cut_into() {
    for (counter, tokenizer) in both() {
        let tokens = vocabulary(tokenizer).filter_map(|token| String::from_utf8(token).ok());
        for text in tokens {
            assert_eq!(
                counter.count(&text),
                by_tiktoken(tokenizer, &text),
                "{text:?}"
            );
        }
    }
}
