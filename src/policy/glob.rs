//! Model names with `*` and `?` in them.

use std::fmt;

use wildmatch::WildMatch;

use crate::model::Model;

/// A list of globs: `*` stands for any run of characters, `?` for one. Case does not matter.
#[derive(Clone, PartialEq)]
pub(crate) struct Globs {
    globs: Vec<Glob>,
}

#[derive(Clone, PartialEq)]
struct Glob {
    pattern: WildMatch,
    /// It is about names as they are written: it is one, or it has what parts a prefix or a variant from a name.
    is_of_raw_names: bool,
}

/// Whether a name stands for several.
pub(super) fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?'])
}

impl Glob {
    fn new(text: &str) -> Self {
        Self {
            pattern: WildMatch::new(&text.to_ascii_lowercase()),
            is_of_raw_names: !has_wildcard(text) || text.contains(['/', ':', '@']),
        }
    }

    /// Callers choose how they write a name. So that `o*` does not match `openai/gpt-4o`, only the part of a raw name counts
    /// that begins with the canonical one, its date included, unless the glob is about raw names.
    fn matches(&self, canonical: &str, raw: &str) -> bool {
        let raw = if self.is_of_raw_names {
            raw
        } else {
            dated(raw, canonical)
        };
        self.pattern.matches(canonical) || self.pattern.matches(raw)
    }
}

/// The part of a raw name that is the canonical one and its date; the canonical one if it does not stand in it.
fn dated<'n>(raw: &'n str, canonical: &'n str) -> &'n str {
    let Some(start) = raw.find(canonical) else {
        return canonical;
    };
    let rest = &raw[start..];
    let end = rest[canonical.len()..].find([':', '@', '/']);
    end.map_or(rest, |end| &rest[..canonical.len() + end])
}

impl Globs {
    pub(crate) fn new<I>(globs: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let globs = globs.into_iter().map(|glob| Glob::new(glob.as_ref()));
        Self {
            globs: globs.collect(),
        }
    }

    /// Whether one of the globs matches the model's canonical name or, with care, its raw one.
    pub(crate) fn matches(&self, model: &Model) -> bool {
        let raw = model.raw().trim().to_ascii_lowercase();
        self.globs
            .iter()
            .any(|glob| glob.matches(model.canonical(), &raw))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.globs.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.globs.iter().map(|glob| glob.pattern.to_string())
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, pattern) in self.iter().enumerate() {
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
    fn how_a_caller_writes_a_name_moves_it_into_no_glob() {
        assert!(matches("o*", "o3-mini") && matches("o*", "openai/o3-mini"));
        assert!(!matches("o*", "openai/gpt-4o") && !matches("a*", "azure/gpt-4o"));
        assert!(!matches("f*", "ft:gpt-4o:acme::1"));
        assert!(matches("openai/*", "openai/gpt-4o") && matches("ft:*", "ft:gpt-4o:acme::1"));
        assert!(matches("gpt-4o-2024-*", "gpt-4o-2024-08-06"));
        assert!(matches("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"));
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
