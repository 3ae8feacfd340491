//! Model names with `*` and `?` in them.

use std::fmt;

use wildmatch::WildMatch;

use crate::model::Model;

/// A list of globs: `*` stands for any run of characters, `?` for one. Case does not matter.
#[derive(Clone, PartialEq)]
pub(crate) struct Globs {
    patterns: Vec<WildMatch>,
}

impl Globs {
    pub(crate) fn new<I>(patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let lower = |pattern: I::Item| WildMatch::new(&pattern.as_ref().to_ascii_lowercase());
        Self {
            patterns: patterns.into_iter().map(lower).collect(),
        }
    }

    /// Whether one of the patterns matches the model's canonical name or its raw one.
    pub(crate) fn matches(&self, model: &Model) -> bool {
        let raw = model.raw().to_ascii_lowercase();
        let one = |pattern: &WildMatch| pattern.matches(model.canonical()) || pattern.matches(&raw);
        self.patterns.iter().any(one)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.patterns.iter().map(ToString::to_string)
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, pattern) in self.patterns.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            write!(f, "{pattern}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}
