//! Which model somebody may have meant who wrote another name.

use super::catalog::names;
use crate::spelling::letters;

/// At most so many letters are wrong, missing or too many in a name that is misspelt.
const WRONG: usize = 2;

/// Of at least so many letters is one that may be wrong: of short names, others are models too, as `gpt-4v` is beside `gpt-4`.
const LETTERS_FOR_ONE: usize = 6;

/// The known model whose name is most like this one: it has the same numbers, which tell versions apart, and nearly the same letters.
pub(crate) fn most_like(name: &str) -> Option<&'static str> {
    let written = letters(name);
    let most = WRONG.min(written.chars().count() / LETTERS_FOR_ONE);
    let wrong = |known: &&'static str| {
        let known = letters(known);
        let has_its_numbers = digits(&known).eq(digits(&written));
        let wrong = strsim::damerau_levenshtein(&known, &written);
        (has_its_numbers && wrong <= most).then_some(wrong)
    };
    let like = names().filter_map(|known| Some((wrong(&known)?, known)));
    like.min().map(|(_, known)| known)
}

fn digits(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().filter(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_like_the_one_that_was_meant() {
        for (written, meant) in [
            ("gpt-4o-mni", "gpt-4o-mini"),
            ("gtp-4o-mini", "gpt-4o-mini"),
            ("GPT4o_mini", "gpt-4o-mini"),
            ("claude-sonet-4.5", "claude-sonnet-4-5"),
            ("gemini-2.5-pr", "gemini-2.5-pro"),
            ("text-embeding-3-small", "text-embedding-3-small"),
        ] {
            assert_eq!(most_like(written), Some(meant), "{written}");
        }
    }

    #[test]
    fn another_model_is_like_none() {
        for other in [
            "",
            "r1",
            "k2",
            "glm-4",
            "phi-4",
            "gpt-4v",
            "gpt-5.3",
            "gpt-7-sol",
            "gpt-4o-audio-preview",
            "o1-mini",
            "gpt-5-chat",
            "gpt-5.2-codex",
            "claude-3-5-sonnet",
            "claude-sonnet-6",
            "gemini-2.0-flash",
            "gemini-2.5-pro-tts",
            "gemma-3",
            "llama-3.1-70b",
            "mistral-large",
            "our-own-model",
            "text-embedding-4-large",
        ] {
            assert_eq!(most_like(other), None, "{other}");
        }
    }
}
