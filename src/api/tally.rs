//! What has been seen of an answer so far.

use crate::usage::Usage;

/// Gathers what an answer says of its usage, document by document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// The usage reported last. Figures that grow replace each other, they are never added.
    pub usage: Option<Usage>,
    /// Whether [`usage`](Self::usage) is final: it came in the document that ends the usage's story.
    pub is_final: bool,
    /// Whether the stream said that it is over.
    pub ended: bool,
    /// Whether the answer, or an event in it, is an error.
    pub error: bool,
    /// Whether at least one document was of a known shape.
    pub understood: bool,
    /// Generated text that was delivered and is not yet counted.
    pub text: String,
    /// How many answers' texts are mixed in `text`.
    pub answers: u64,
}
