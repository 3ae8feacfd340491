//! Where in the text something stands.

use ::toml::Spanned;

use super::value::Whole;
use crate::policy::error::At;

/// The lines of a text.
pub(super) struct Lines {
    /// The byte after each line's end.
    ends: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.match_indices('\n');
        Self {
            ends: breaks.map(|(at, _)| at + 1).collect(),
        }
    }

    /// The line that holds a byte, counted from 1.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end <= byte) + 1
    }

    pub(super) fn place<T>(&self, spanned: Spanned<T>) -> At<T> {
        At::line(self.at(spanned.span().start), spanned.into_inner())
    }

    pub(super) fn number(&self, number: Spanned<Whole>) -> At<u64> {
        self.place(number).map(|number| number.0)
    }
}
