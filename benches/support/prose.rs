//! Prose without end, and the requests that carry it: the same for the same seed, and for no two seeds alike.

const WORDS: [&str; 72] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "was",
    "on",
    "are",
    "with",
    "as",
    "they",
    "be",
    "at",
    "one",
    "have",
    "this",
    "from",
    "by",
    "hot",
    "word",
    "but",
    "what",
    "some",
    "we",
    "can",
    "out",
    "other",
    "were",
    "all",
    "there",
    "when",
    "up",
    "your",
    "how",
    "said",
    "an",
    "each",
    "she",
    "which",
    "their",
    "time",
    "quarterly",
    "figures",
    "region",
    "compare",
    "model",
    "budget",
    "request",
    "answer",
    "customer",
    "please",
    "summarize",
    "translation",
    "between",
    "different",
    "important",
    "following",
    "government",
    "development",
    "because",
    "question",
    "without",
    "company",
    "against",
    "provide",
    "weather",
    "tomorrow",
    "network",
    "possible",
];

/// Sentences like English ones in the lengths of their words, with a number here and there.
#[derive(Debug)]
pub(crate) struct Prose(u64);

impl Prose {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// So many bytes, or a few less.
    pub(crate) fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes);
        loop {
            let words = 6 + self.below(15);
            let number = self.below(words);
            for at in 0..words {
                let word = WORDS[self.below(WORDS.len())];
                if text.len() + word.len() + 8 > bytes {
                    return text;
                }
                match at {
                    0 => text.extend(word.chars().next().map(|first| first.to_ascii_uppercase())),
                    _ => text.push(' '),
                }
                match at {
                    0 => text.push_str(&word[1..]),
                    at if at == number => text.push_str(&self.below(10_000).to_string()),
                    _ => text.push_str(word),
                }
            }
            text.push_str(". ");
        }
    }

    /// A chat request whose whole body has so many bytes, or a few less.
    pub(crate) fn chat(&mut self, bytes: usize) -> String {
        const HEAD: &str = r#"{"model":"gpt-4o","max_tokens":256,"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":""#;
        const TAIL: &str = r#""}]}"#;
        let text = self.text(bytes.saturating_sub(HEAD.len() + TAIL.len()));
        [HEAD, &text, TAIL].concat()
    }

    /// splitmix64 (Steele, Lea, Flood 2014), which is all the chance that is needed here.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed >> 33).unwrap_or(0) % bound
    }
}
