//! Texts of all kinds, the same in each run.

use std::sync::LazyLock;

/// Numbers that look random (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Prose and code as they are sent to models: this project's own. What is beyond their length repeats with other numbers in it.
const SOURCES: [&str; 6] = [
    include_str!("../../README.md"),
    include_str!("../../ARCHITECTURE.md"),
    include_str!("../../src/quota/mod.rs"),
    include_str!("../../src/quota/plan.rs"),
    include_str!("../../src/api/mod.rs"),
    include_str!("../../src/watch/event.rs"),
];

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let words = SOURCES
        .iter()
        .flat_map(|source| source.split_inclusive(' '));
    words.collect()
});

/// That many bytes of prose, none of it the same for another seed.
pub(crate) fn prose(bytes: usize, seed: u64) -> String {
    let mut random = Random::new(seed + 1);
    let words = &*WORDS;
    let mut text = String::with_capacity(bytes + 64);
    while text.len() < bytes {
        // Pieces of sentences keep the words' frequencies, and their neighbours.
        let from = random.below(words.len());
        let piece = &words[from..words.len().min(from + 20)];
        piece.iter().for_each(|word| text.push_str(word));
    }
    cut(text, bytes)
}

/// That many bytes of a text's beginning, or up to three less.
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}

/// That many bytes of strings from a list, in any order.
pub(crate) fn drawn(choices: &[&str], bytes: usize, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(random.of(choices));
    }
    cut(text, bytes)
}

/// That many bytes of characters from some ranges, in any order.
pub(crate) fn characters(ranges: &[(u32, u32)], bytes: usize, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        let (first, last) = random.of(ranges);
        let c = first + u32::try_from(random.below((last - first + 1) as usize)).unwrap();
        text.extend(char::from_u32(c));
    }
    cut(text, bytes)
}

pub(crate) const LOWER: [(u32, u32); 1] = [(0x61, 0x7a)];
pub(crate) const BASE64: [(u32, u32); 5] = [
    (0x41, 0x5a),
    (0x61, 0x7a),
    (0x41, 0x5a),
    (0x61, 0x7a),
    (0x2f, 0x39),
];
pub(crate) const CJK: [(u32, u32); 1] = [(0x4e00, 0x9fff)];
pub(crate) const MARKS: [(u32, u32); 2] = [(0x300, 0x36f), (0x300, 0x36f)];
pub(crate) const EMOJI: [(u32, u32); 2] = [(0x1f300, 0x1f64f), (0x1f680, 0x1f6ff)];
