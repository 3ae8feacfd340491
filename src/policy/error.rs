//! What is wrong with a policy, and where it stands.

use std::fmt;

/// Why a policy is refused: one line that says what to change.
///
/// A policy from a file names the line, one from code names the tier or the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    line: Option<usize>,
    message: String,
}

impl PolicyError {
    pub(crate) fn new(line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }

    /// The line of the file that is wrong, counted from 1; `None` for a policy made in code.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong, without the line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for PolicyError {}

/// A part of a policy, with the line it stands on when it comes from a file.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) line: Option<usize>,
    pub(crate) it: T,
}

impl<T> At<T> {
    pub(crate) fn line(line: usize, it: T) -> Self {
        Self {
            line: Some(line),
            it,
        }
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At {
            line: self.line,
            it: f(self.it),
        }
    }

    /// A complaint about this part.
    pub(crate) fn error(&self, message: impl Into<String>) -> PolicyError {
        PolicyError::new(self.line, message)
    }
}

impl<T> From<T> for At<T> {
    fn from(it: T) -> Self {
        Self { line: None, it }
    }
}
