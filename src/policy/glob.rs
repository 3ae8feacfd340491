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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Aliases;

    fn matches(pattern: &str, name: &str) -> bool {
        Globs::new([pattern]).matches(&Model::resolve(name, &Aliases::default()))
    }

    #[test]
    fn a_star_stands_for_any_run_and_a_question_mark_for_one() {
        let right = [
            ("o*", "o1"),
            ("o*", "o3-mini"),
            ("*", "x"),
            ("gpt-4?", "gpt-4o"),
            ("claude-*-4*", "claude-opus-4-1"),
            ("gpt-4o", "gpt-4o"),
        ];
        let wrong = [
            ("o*", "gpt-4o"),
            ("gpt-4?", "gpt-4"),
            ("gpt-4o", "gpt-4o-mini"),
            ("gpt-4", "gpt-4o"),
            ("", "x"),
            ("gpt.4o", "gpt-4o"),
        ];
        for (pattern, name) in right {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in wrong {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn case_does_not_matter() {
        assert!(matches("GPT-4o", "gpt-4O"));
    }

    #[test]
    fn the_canonical_name_matches_and_so_does_the_raw_one() {
        assert!(matches("gpt-4o", "openai/gpt-4o-2024-08-06"));
        assert!(matches("*-2024-08-06", "openai/gpt-4o-2024-08-06"));
        assert!(
            !matches("gpt-4o-2024-08-06", "gpt-4o"),
            "a snapshot is meant by its own name only"
        );
    }

    #[test]
    fn one_of_several_is_enough_and_none_matches_nothing() {
        let none: [&str; 0] = [];
        let model = Model::resolve("gpt-4o", &Aliases::default());
        assert!(Globs::new(["o*", "gpt-*"]).matches(&model));
        assert!(!Globs::new(none).matches(&model));
    }

    #[test]
    fn they_are_written_with_commas() {
        assert_eq!(Globs::new(["GPT-4o", "o*"]).to_string(), "gpt-4o,o*");
    }

    #[test]
    fn many_stars_in_a_long_name_take_no_time() {
        assert!(!matches(
            &"*a".repeat(60),
            &"a".repeat(250).replace("aa", "ab")[..200]
        ));
        assert!(!matches(
            &format!("{}b", "a*".repeat(60)),
            &"a".repeat(100_000)
        ));
    }
}
