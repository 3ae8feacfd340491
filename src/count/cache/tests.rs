use proptest::prelude::*;

use super::*;
use crate::count::count_text;
use crate::count::segments::{Place, Segment, segments};
use crate::count::texts::{CountTally, Texts};

const ENCODING: Encoding = Encoding::O200k;

fn text(number: usize) -> String {
    format!("Text number {number} is long enough to be remembered.")
}

fn whole(text: &str) -> Segment<'_> {
    Segment {
        text,
        place: Place::First,
    }
}

fn is_known(cache: &CountCache, owner: &str, number: usize) -> bool {
    let text = text(number);
    let (tokens, known) = cache
        .of(owner)
        .unwrap()
        .memory(ENCODING)
        .count(whole(&text));
    assert_eq!(tokens, count_text(ENCODING, &text));
    known > 0
}

#[test]
fn each_owner_and_encoding_has_counts_of_its_own() {
    let cache = CountCache::new(1 << 20);
    assert!(!is_known(&cache, "a", 1));
    assert!(is_known(&cache, "a", 1));
    assert!(!is_known(&cache, "b", 1));
    let known = cache.of("a").unwrap().memory(Encoding::Cl100k);
    let text = text(1);
    assert_eq!(known.count(whole(&text)).1, 0);
    assert_eq!(known.count(whole(&text)).1, text.len());
}

#[test]
fn owners_whose_names_begin_alike_share_nothing() {
    let cache = CountCache::new(1 << 20);
    let long = "x".repeat(32);
    let names = ["", "\0", "a", "a\0", &long, &(long.clone() + "\0")];
    for was_asked in [false, true] {
        assert_eq!(
            names.map(|owner| is_known(&cache, owner, 1)),
            [was_asked; 6]
        );
    }
}

#[test]
fn memory_is_bounded_however_many_texts_come() {
    for bytes in [100_000, 1 << 20] {
        let cache = CountCache::new(bytes);
        for number in 0..40_000 {
            is_known(&cache, "a", number);
        }
        let used = cache.counts.as_ref().unwrap().memory_used();
        let used = used.entries + used.map;
        assert!(used <= bytes, "{used} of {bytes}");
    }
}

#[test]
fn of_a_text_that_grows_little_is_counted_again() {
    let sentence = |number| format!("This is sentence {number} of a text that grows. ");
    grow(&(0..300).map(sentence).collect::<String>(), 300);
    // An address has no place to cut it, and what comes before it is too short to be remembered.
    let sentence = |number: u32| {
        let address = format!("{number}/").repeat(100);
        format!("see {address} ")
    };
    grow(&(0..60).map(sentence).collect::<String>(), 700);
}

/// Counts a text each time it has grown; of what was there before, so much at the most is counted again.
fn grow(text: &str, again: usize) {
    let cache = CountCache::new(1 << 20);
    let known = cache.of("a").unwrap().memory(ENCODING);
    let mut before = 0;
    for end in (5000..text.len()).step_by(700) {
        let text = &text[..end];
        let counts = segments(text).map(|segment| known.count(segment));
        let sum = |sum: (u64, usize), count: (u64, usize)| (sum.0 + count.0, sum.1 + count.1);
        let (tokens, known) = counts.fold((0, 0), sum);
        assert_eq!(tokens, count_text(ENCODING, text));
        assert!(
            known <= before && before <= known + again,
            "{known} of {before}"
        );
        before = end;
    }
}

#[test]
fn a_flood_of_new_texts_leaves_what_others_ask_for() {
    let cache = CountCache::new(1 << 20);
    for _ in 0..3 {
        for number in 0..100 {
            is_known(&cache, "victim", number);
        }
    }
    for number in 0..40_000 {
        is_known(&cache, "flood", number);
    }
    let left = (0..100).filter(|number| is_known(&cache, "victim", *number));
    assert!(left.count() >= 95);
}

#[test]
fn a_cache_without_memory_counts_all_the_same() {
    let cache = CountCache::new(0);
    let text = text(1);
    assert_eq!(
        cache.count_text("a", ENCODING, &text),
        count_text(ENCODING, &text)
    );
}

/// Counts an input of one owner's.
fn count(cache: &CountCache, texts: &[String]) -> Texts {
    let memory = cache.of("a").unwrap().memory(ENCODING);
    let counted = count_texts(
        ENCODING,
        Some(&memory),
        texts.iter().map(String::as_str),
        |_| false,
    );
    let tokens = texts
        .iter()
        .map(|text| count_text(ENCODING, text))
        .sum::<u64>();
    assert_eq!(counted.tokens, tokens);
    let bytes = texts.iter().map(String::len).sum::<usize>();
    assert_eq!(counted.tally.known + counted.tally.fresh, bytes as u64);
    counted
}

#[test]
fn of_one_text_that_grows_with_others_before_it_little_is_counted_again() {
    let cache = CountCache::new(1 << 20);
    let sentence = |number| format!("This is sentence {number} of a text that grows. ");
    let text: String = (0..400).map(sentence).collect();
    let input = |end: usize| ["user".to_owned(), text[..end].to_owned()];
    count(&cache, &input(9000));
    for end in (9700..text.len()).step_by(700) {
        let CountTally { fresh, .. } = count(&cache, &input(end)).tally;
        assert!(fresh <= 1000, "{fresh}");
    }
}

/// How an input differs from the one before it.
#[derive(Debug, Clone)]
enum Turn {
    Append(Vec<String>),
    Drop(usize),
    Replace(usize, String),
}

fn turn() -> impl Strategy<Value = Turn> {
    let text = || prop_oneof!["[a-z ]{0,40}", "([a-z]{1,6} ){100,600}", "(\\PC){0,8}"];
    prop_oneof![
        4 => prop::collection::vec(text(), 1..6).prop_map(Turn::Append),
        1 => (0..6_usize).prop_map(Turn::Drop),
        1 => (0..20_usize, text()).prop_map(|(at, text)| Turn::Replace(at, text)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_changes_no_count(turns in prop::collection::vec(turn(), 1..12)) {
        let cache = CountCache::new(1 << 20);
        let mut texts = Vec::new();
        for turn in turns {
            match turn {
                Turn::Append(more) => texts.extend(more),
                Turn::Drop(last) => texts.truncate(texts.len().saturating_sub(last)),
                Turn::Replace(at, text) if at < texts.len() => texts[at] = text,
                Turn::Replace(..) => {}
            }
            count(&cache, &texts);
        }
    }
}
