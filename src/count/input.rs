//! Tokens of a whole input.

use std::cell::{Cell, OnceCell};

use super::cache::Known;
use super::count_text;
use super::segments::segments;
use crate::api::{Api, Counted, Input};
use crate::model::Encoding;

/// Tokens of an input of an API's, for a model by its canonical name.
///
/// For texts of OpenAI's this is what it bills. For families without a public tokenizer it is an estimate, meant to be too high
/// rather than too low; so are images, sounds and documents everywhere, which are settled to what they cost.
#[must_use]
pub fn input_tokens(api: &dyn Api, canonical: &str, input: &Input, body: &str) -> Counted {
    InputCount::new(api, input, body).tokens(canonical, Encoding::of(canonical))
}

/// Counts one input for several models: its texts once for each encoding, however long the ladder is.
pub(crate) struct InputCount<'a> {
    api: &'a dyn Api,
    input: &'a Input,
    body: &'a str,
    known: Option<Known<'a>>,
    texts: [OnceCell<Texts>; Encoding::COUNT],
    tally: Cell<CountTally>,
}

/// Tokens of the texts in one encoding.
#[derive(Debug, Clone, Copy, Default)]
struct Texts {
    tokens: u64,
    /// Not all were counted.
    is_cut: bool,
}

/// After so many bytes it is asked again whether to count on.
const ASKED_EVERY: usize = 16 * 1024;

/// Bytes of texts that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CountTally {
    /// Those whose count was known.
    pub(crate) known: u64,
    /// Those that were not.
    pub(crate) fresh: u64,
}

impl<'a> InputCount<'a> {
    pub(crate) fn new(api: &'a dyn Api, input: &'a Input, body: &'a str) -> Self {
        Self {
            api,
            input,
            body,
            known: None,
            texts: Default::default(),
            tally: Cell::default(),
        }
    }

    /// Counts nothing that is known.
    pub(crate) fn knowing(self, known: Option<Known<'a>>) -> Self {
        Self { known, ..self }
    }

    /// Tokens of the input, for a model by its canonical name and its encoding. At least so many, if they were [enough](Self::count_until).
    pub(crate) fn tokens(&self, canonical: &str, encoding: Encoding) -> Counted {
        let texts = self.texts(encoding, |_| false);
        self.with_texts(canonical, texts.tokens)
    }

    /// Tokens of the input if its texts have so many.
    pub(crate) fn with_texts(&self, canonical: &str, texts: u64) -> Counted {
        self.api.input_tokens(canonical, self.input, texts)
    }

    /// Counts the texts in an encoding, until those counted are enough or there are no more.
    pub(crate) fn count_until(&self, encoding: Encoding, is_enough: impl Fn(u64) -> bool) {
        self.texts(encoding, is_enough);
    }

    /// Whether the texts' tokens in an encoding were enough before all were counted.
    pub(crate) fn is_cut(&self, encoding: Encoding) -> bool {
        let texts = self.texts[encoding as usize].get();
        texts.is_some_and(|texts| texts.is_cut)
    }

    /// What was counted so far.
    pub(crate) fn tally(&self) -> CountTally {
        self.tally.get()
    }

    fn texts(&self, encoding: Encoding, is_enough: impl Fn(u64) -> bool) -> Texts {
        *self.texts[encoding as usize].get_or_init(|| {
            let texts = self.input.texts.iter().map(|text| text.of(self.body));
            let counter = self.known.as_ref().map(|known| known.counter(encoding));
            let (mut tokens, mut unasked) = (0, 0);
            for segment in texts.flat_map(segments) {
                if unasked >= ASKED_EVERY && is_enough(tokens) {
                    return Texts {
                        tokens,
                        is_cut: true,
                    };
                }
                unasked = unasked % ASKED_EVERY + segment.text.len();
                let (more, known) = match &counter {
                    Some(counter) => counter.count(segment),
                    None => (count_text(encoding, segment.text), 0),
                };
                self.note(known, segment.text.len());
                tokens += more;
            }
            Texts {
                tokens,
                is_cut: false,
            }
        })
    }

    /// Notes of how many bytes the count was known.
    fn note(&self, known: usize, of: usize) {
        let mut tally = self.tally.get();
        tally.known += known as u64;
        tally.fresh += (of - known) as u64;
        self.tally.set(tally);
    }
}
