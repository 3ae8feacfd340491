//! What is to be counted of a request, and how many parts it may have.

use super::{Text, ToolShape};
use crate::api::{Invalid, Medium};

/// A request with more texts or media than this is refused: each takes memory of its own, however short it is.
const MOST_PARTS: usize = 65_536;

/// What is to be counted of a request's input, free of any tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Input {
    /// Texts to be tokenized, each for itself.
    pub texts: Vec<Text>,
    /// Messages, each of which costs some tokens of its own.
    pub messages: u64,
    /// Names of speakers, likewise.
    pub names: u64,
    /// Calls of tools that were made before, likewise.
    pub calls: u64,
    /// Tools' declarations.
    pub tools: ToolShape,
    /// Tokens that stand around the texts beside those of messages, names and tools, as far as the family knows of them.
    pub overhead: u64,
    /// Tokens that the caller has made of a text himself, and sent by their numbers.
    pub token_ids: u64,
    /// Images, sounds and documents: parts that are no text.
    pub media: Vec<Medium>,
    /// What only the provider can read, and bills: encrypted reasoning, signatures of thoughts, compacted history. In bytes
    /// or in tokens, as the family has it.
    pub sealed: u64,
    /// Instructions are given and empty, in place of which some providers put words of their own.
    pub has_empty_instructions: bool,
}

impl Input {
    /// Adds a text, if it is not empty. What is beyond the most that a request may have is not kept, only
    /// [complained of](Self::check).
    pub(in crate::api) fn add(&mut self, text: Text) {
        if !text.is_empty() && self.texts.len() <= MOST_PARTS {
            self.texts.push(text);
        }
    }

    /// Adds a medium, up to the same most.
    pub(in crate::api) fn add_medium(&mut self, medium: Medium) {
        if self.media.len() <= MOST_PARTS {
            self.media.push(medium);
        }
    }

    /// Complains of too many texts or media.
    pub(in crate::api) fn check(&self) -> Result<(), Invalid> {
        if self.texts.len() <= MOST_PARTS && self.media.len() <= MOST_PARTS {
            return Ok(());
        }
        let message = format!("the request has too many parts: more than {MOST_PARTS}");
        Err(Invalid::body(message))
    }
}
