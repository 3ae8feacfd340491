//! Byte-pair encoding that only counts: exactly as many tokens as tiktoken makes, in linear time, and none of them kept.

mod class;
mod merge;
mod parts;
mod ranks;
mod split;

#[cfg(test)]
mod tests;

use tiktoken_rs::{CoreBPE, cl100k_base, o200k_base};

use crate::model::Encoding;

use class::Classes;
use merge::Merger;
use ranks::Ranks;
use split::{Split, cl100k, o200k};

/// Counts the tokens of texts in one encoding.
pub(super) struct Counter {
    ranks: Ranks,
    classes: Classes,
    split: Split,
}

impl Counter {
    /// Builds the tables out of tiktoken's, which are dropped.
    ///
    /// # Panics
    /// When the vocabularies that are built into tiktoken are broken.
    pub(super) fn new(encoding: Encoding) -> Self {
        let (tokenizer, split): (_, Split) = match encoding {
            Encoding::O200k => (o200k_base(), o200k),
            Encoding::Cl100k => (cl100k_base(), cl100k),
        };
        let tokenizer = tokenizer.expect("the vocabulary is built in");
        Self {
            ranks: Ranks::new(vocabulary(&tokenizer)),
            classes: Classes::new(),
            split,
        }
    }

    /// Counts the tokens of a text. Text that spells a special token is text.
    pub(super) fn count(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        let (mut at, mut tokens) = (0, 0);
        // Most pieces are tokens, and of a short text often all.
        let mut merger = None;
        while at < text.len() {
            let end = (self.split)(&self.classes, text, at);
            tokens += if self.ranks.has(bytes, at..end) {
                1
            } else {
                let merger = merger.get_or_insert_with(|| Merger::new(&self.ranks, bytes));
                merger.count(at..end)
            };
            at = end;
        }
        tokens
    }
}

/// The tokens in the order of their ranks; special ones come after a gap.
fn vocabulary(tokenizer: &CoreBPE) -> impl Iterator<Item = Vec<u8>> {
    (0..).map_while(|rank| tokenizer.decode_bytes(&[rank]).ok())
}
