//! Tokens of a whole input.

use std::cell::{Cell, OnceCell};

use super::cache::Known;
use super::texts::{CountTally, Texts, count_texts};
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
            let memory = self.known.as_ref().map(|known| known.memory(encoding));
            let counted = count_texts(encoding, memory.as_ref(), texts, is_enough);
            self.note(counted.tally);
            counted
        })
    }

    fn note(&self, more: CountTally) {
        let so_far = self.tally.get();
        self.tally.set(CountTally {
            known: so_far.known + more.known,
            fresh: so_far.fresh + more.fresh,
        });
    }
}
