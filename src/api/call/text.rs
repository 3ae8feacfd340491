//! A text of a request: where it stands, or what it is.

use std::ops::Range;

/// A text of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text {
    /// It stands in the body as it is.
    Span(Range<usize>),
    /// It is escaped there, or put together from several places.
    Owned(Box<str>),
}

impl Text {
    /// The text itself, given the body it was read from.
    #[must_use]
    pub fn of<'a>(&'a self, body: &'a str) -> &'a str {
        match self {
            Self::Span(range) => body.get(range.clone()).unwrap_or_default(),
            Self::Owned(text) => text,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Span(range) => range.is_empty(),
            Self::Owned(text) => text.is_empty(),
        }
    }
}
