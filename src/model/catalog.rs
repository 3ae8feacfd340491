//! What we know of models: how large they are, how they count, whose they are.

use memchr::memmem;
use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};

/// A model's sizes, in tokens.
///
/// From litellm 1.109.1, `model_prices_and_context_window.json`, MIT: `max_input_tokens` and `max_output_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The canonical name.
    pub name: &'static str,
    /// The most input that the model takes.
    pub context: u64,
    /// The most output of one answer. Zero for models that generate nothing, such as those for embeddings.
    pub max_output: u64,
}

impl Facts {
    /// Whether the model may bill for reasoning that it does not show. See [`may_reason`].
    #[must_use]
    pub fn may_reason(&self) -> bool {
        may_reason(self.name)
    }
}

/// The sizes of a model, by its canonical name.
#[must_use]
pub fn facts(canonical: &str) -> Option<&'static Facts> {
    let at = FACTS.binary_search_by_key(&canonical, |facts| facts.name);
    at.ok().map(|at| &FACTS[at])
}

/// The canonical names of all models whose sizes are known.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FACTS.iter().map(|facts| facts.name)
}

/// The most input that a model takes. Of one that nobody knows, the most that any takes.
pub(crate) fn context_of(canonical: &str) -> u64 {
    let most = || FACTS.iter().map(|facts| facts.context).max();
    let known = facts(canonical).map(|facts| facts.context);
    known.or_else(most).unwrap_or(u64::MAX)
}

/// Whether a model may bill for reasoning that it does not show, so that what was delivered says little of what it cost.
///
/// By the beginning of its name, so that new models of a known line are covered: OpenAI's `o1`, `o3` …, `gpt-5` and all
/// later ones but `gpt-5-chat`; Claude from 5 on; Gemini from 2.5 on; xAI's from `grok-4` on; a few lines of others; and
/// whatever says `thinking` in its name. An organization before the name, as in `deepseek/deepseek-r1`, makes no difference.
#[must_use]
pub fn may_reason(canonical: &str) -> bool {
    let name = canonical
        .rsplit_once('/')
        .map_or(canonical, |(_, name)| name);
    let from = |line: &str, first: (u32, u32)| {
        let version = name.strip_prefix(line).and_then(version);
        version.is_some_and(|version| version >= first)
    };
    (from("o", (1, 0)) || from("gpt-", (5, 0)) && !name.starts_with("gpt-5-chat"))
        || thinks_unasked(name)
        || from("gemini-", (2, 5))
        || from("grok-", (4, 0))
        || REASONING.iter().any(|line| name.starts_with(line))
        || THINKING.iter().any(|mark| name.contains(mark))
}

const CLAUDE: &str = "claude-";

/// Claude from 5 on thinks unless it is told not to, and may not show it: seen of Sonnet 5. Older ones think when they are
/// asked to.
fn thinks_unasked(name: &str) -> bool {
    // A search that is made at once for names, which are short.
    let Some(at) = memmem::find(name.as_bytes(), CLAUDE.as_bytes()) else {
        return false;
    };
    let rest = name.get(at + CLAUDE.len()..).unwrap_or_default();
    // The number may stand before or behind the line's name, and a snapshot's date is none.
    let numbers = rest
        .split(['-', '.', '@', ':'])
        .filter_map(|part| part.parse().ok());
    let major = numbers.into_iter().find(|&number: &u32| number < 100);
    major.is_some_and(|major| major >= 5)
}

/// Beginnings of names of lines that reason in all their versions, or may be told to.
const REASONING: [&str; 8] = [
    "codex-",
    "deepseek-r1",
    "deepseek-reasoner",
    "gpt-oss",
    "grok-3-mini",
    "magistral",
    "qwen3",
    "qwq",
];

/// How makers and routers mark a version that reasons.
const THINKING: [&str; 2] = ["-thinking", ":thinking"];

/// The version that a text begins with: `5.4-mini` is 5.4, `3-pro` is 3.0.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = leading_number(text)?;
    let minor = rest.strip_prefix('.').and_then(leading_number);
    Some((major, minor.map_or(0, |(minor, _)| minor)))
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// How a model's texts are cut into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// OpenAI's since gpt-4o; also what models of unknown tokenizers are counted with.
    O200k,
    /// OpenAI's before that.
    Cl100k,
}

impl Encoding {
    pub(crate) const COUNT: usize = 2;

    /// The encoding of a model, by its canonical name.
    #[must_use]
    pub fn of(canonical: &str) -> Self {
        match get_tokenizer(canonical) {
            Some(Tokenizer::Cl100kBase) => Self::Cl100k,
            _ => Self::O200k,
        }
    }
}

/// Whose API a model is called by. A call cannot go down to a model of another provider: it would not be understood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// OpenAI, or Azure.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Google.
    Google,
    /// Somebody else: open weights, and providers that speak OpenAI's words.
    Other,
}

impl Provider {
    /// The provider of a model, by the beginning of its canonical name; `None` if the name says nothing.
    #[must_use]
    pub fn of(canonical: &str) -> Option<Self> {
        let lines = LINES.iter();
        let mut lines = lines.filter(|(line, _)| canonical.starts_with(line));
        let reasoning = || {
            let digit = canonical.strip_prefix('o').and_then(version);
            digit.map(|_| Self::OpenAi)
        };
        lines
            .next()
            .map(|&(_, provider)| provider)
            .or_else(reasoning)
    }
}

/// Beginnings of names; of two that fit, the first decides.
const LINES: &[(&str, Provider)] = &[
    ("gpt-oss", Provider::Other),
    ("gpt-", Provider::OpenAi),
    ("chatgpt-", Provider::OpenAi),
    ("codex-", Provider::OpenAi),
    ("text-embedding-3", Provider::OpenAi),
    ("text-embedding-ada", Provider::OpenAi),
    ("davinci-", Provider::OpenAi),
    ("babbage-", Provider::OpenAi),
    ("claude-", Provider::Anthropic),
    ("gemini-", Provider::Google),
    ("gemma-", Provider::Other),
    ("llama", Provider::Other),
    ("mistral", Provider::Other),
    ("mixtral", Provider::Other),
    ("qwen", Provider::Other),
    ("deepseek", Provider::Other),
    ("grok-", Provider::Other),
    ("command-", Provider::Other),
];

/// By name, for the search.
const FACTS: &[Facts] = &[
    row("claude-haiku-4-5", 200_000, 64_000),
    row("claude-haiku-5-5", 1_000_000, 128_000),
    row("claude-opus-4-5", 200_000, 64_000),
    row("claude-opus-4-6", 1_000_000, 128_000),
    row("claude-opus-4-8", 1_000_000, 128_000),
    row("claude-opus-5", 1_000_000, 128_000),
    row("claude-opus-5-5", 1_000_000, 128_000),
    row("claude-sonnet-4-5", 200_000, 64_000),
    row("claude-sonnet-4-6", 1_000_000, 128_000),
    row("claude-sonnet-5", 1_000_000, 128_000),
    row("claude-sonnet-5-5", 1_000_000, 128_000),
    row("gemini-2.5-flash", 1_048_576, 65_536),
    row("gemini-2.5-flash-lite", 1_048_576, 65_536),
    row("gemini-2.5-pro", 1_048_576, 65_536),
    row("gemini-3-flash-preview", 1_048_576, 65_536),
    row("gemini-3.1-pro-preview", 1_048_576, 65_536),
    row("gemini-3.5-flash", 1_048_576, 65_536),
    row("gemini-3.8-flash", 1_048_576, 65_536),
    row("gemini-embedding-001", 2_048, 0),
    row("gpt-3.5-turbo", 16_385, 4_096),
    row("gpt-3.5-turbo-instruct", 8_192, 4_096),
    row("gpt-4", 8_192, 4_096),
    row("gpt-4-turbo", 128_000, 4_096),
    row("gpt-4.1", 1_047_576, 32_768),
    row("gpt-4.1-mini", 1_047_576, 32_768),
    row("gpt-4.1-nano", 1_047_576, 32_768),
    row("gpt-4o", 128_000, 16_384),
    row("gpt-4o-2024-08-06", 128_000, 16_384),
    row("gpt-4o-mini", 128_000, 16_384),
    row("gpt-4o-mini-search-preview", 128_000, 16_384),
    row("gpt-5", 272_000, 128_000),
    row("gpt-5-mini", 272_000, 128_000),
    row("gpt-5-nano", 272_000, 128_000),
    row("gpt-5-pro", 400_000, 272_000),
    row("gpt-5.1", 272_000, 128_000),
    row("gpt-5.2", 272_000, 128_000),
    row("gpt-5.2-pro", 272_000, 128_000),
    row("gpt-5.4", 1_050_000, 128_000),
    row("gpt-5.4-mini", 272_000, 128_000),
    row("gpt-5.4-nano", 272_000, 128_000),
    row("gpt-5.4-pro", 1_050_000, 128_000),
    row("gpt-5.5", 1_050_000, 128_000),
    row("gpt-5.5-pro", 1_050_000, 128_000),
    row("gpt-5.6-luna", 922_000, 128_000),
    row("gpt-5.6-sol", 922_000, 128_000),
    row("gpt-5.6-terra", 922_000, 128_000),
    row("gpt-6-astra", 922_000, 128_000),
    row("gpt-6-luna", 922_000, 128_000),
    row("gpt-6-sol", 922_000, 128_000),
    row("gpt-6.1-sol", 922_000, 128_000),
    row("gpt-audio", 128_000, 16_384),
    row("o1", 200_000, 100_000),
    row("o1-pro", 200_000, 100_000),
    row("o3", 200_000, 100_000),
    row("o3-mini", 200_000, 100_000),
    row("o3-pro", 200_000, 100_000),
    row("o4-mini", 200_000, 100_000),
    row("text-embedding-3-large", 8_191, 0),
    row("text-embedding-3-small", 8_191, 0),
    row("text-embedding-ada-002", 8_191, 0),
];

const fn row(name: &'static str, context: u64, max_output: u64) -> Facts {
    Facts {
        name,
        context,
        max_output,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(FACTS.is_sorted_by(|a, b| a.name < b.name));
        for row in FACTS {
            assert_eq!(facts(row.name), Some(row));
        }
        assert_eq!(facts("gpt-4o").map(|facts| facts.max_output), Some(16_384));
        assert_eq!(facts("gpt-4"), Some(&row("gpt-4", 8_192, 4_096)));
        assert_eq!(facts("no-such-model"), None);
    }

    #[test]
    fn new_models_of_a_known_line_may_reason() {
        for model in [
            "o1",
            "o1-mini",
            "o3-pro",
            "o4-mini",
            "o7-mini-2027-01-01",
            "gpt-5",
            "gpt-5-mini",
            "gpt-5.9-future",
            "gpt-6-sol",
            "gpt-10",
            "codex-mini",
            "gemini-2.5-flash",
            "gemini-3-pro",
            "grok-4",
            "gpt-oss-20b",
            "deepseek-reasoner",
            "deepseek/deepseek-r1-0528",
            "qwq-32b",
            "qwen/qwen3-235b-a22b",
            "kimi-k2-thinking",
            "claude-3.7-sonnet:thinking",
            "grok-3-mini-fast",
            "claude-sonnet-5",
            "claude-haiku-5-5",
            "claude-fable-5",
            "anthropic/claude-opus-5-20270101",
            "us.anthropic.claude-opus-6-v1:0",
            "magistral-medium",
        ] {
            assert!(may_reason(model), "{model}");
        }
        for model in [
            "gpt-4o",
            "gpt-4.1",
            "gpt-3.5-turbo",
            "gpt-5-chat",
            "gpt-5-chat-latest",
            "olmo",
            "o",
            "gemini-2.0-flash",
            "claude-opus-4-8",
            "claude-sonnet-4-20250514",
            "claude-3-5-sonnet",
            "claude-3.7-sonnet",
            "claude-opus-latest",
            "claude-",
            "grok-3",
            "gpt-audio",
            "deepseek-chat",
            "qwen2.5-72b",
            "",
        ] {
            assert!(!may_reason(model), "{model}");
        }
    }

    #[test]
    fn every_known_model_has_a_provider() {
        for row in FACTS {
            assert!(Provider::of(row.name).is_some(), "{}", row.name);
        }
        assert_eq!(Provider::of("o5-mini"), Some(Provider::OpenAi));
        assert_eq!(Provider::of("gpt-oss-120b"), Some(Provider::Other));
        assert_eq!(Provider::of("olmo-2"), None);
        assert_eq!(Provider::of("my-deployment"), None);
    }

    #[test]
    fn unknown_tokenizers_are_taken_for_the_newest() {
        assert_eq!(Encoding::of("gpt-4"), Encoding::Cl100k);
        assert_eq!(Encoding::of("gpt-3.5-turbo"), Encoding::Cl100k);
        assert_eq!(Encoding::of("text-embedding-3-small"), Encoding::Cl100k);
        for model in [
            "gpt-4o",
            "gpt-4.1-mini",
            "o3",
            "gpt-6-sol",
            "claude-sonnet-5",
            "anything",
        ] {
            assert_eq!(Encoding::of(model), Encoding::O200k, "{model}");
        }
    }
}
