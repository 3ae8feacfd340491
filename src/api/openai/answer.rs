//! Reading answers of chats and of completions, whole ones and chunks of streams.
//!
//! A provider's words are taken as they come: a member of a strange type is passed over, and the others still count.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::api::Tally;
use crate::api::json::{Kind, Value, members};
use crate::api::openai::spoken;
use crate::api::openai::usage::{tier, usage};
use crate::usage::{ServiceTier, Usage};

/// What ends a stream. It is no JSON.
const DONE: &str = "[DONE]";

/// The name of the member that is looked for in every chunk.
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));

/// More answers than this are not told apart.
const MOST_ANSWERS: u64 = 128;

pub(in crate::api) fn tally(document: &str, tally: &mut Tally) {
    if document.trim() == DONE {
        tally.ended = true;
        tally.understood = true;
        tally.is_final |= tally.usage.is_some();
        return;
    }
    let seen = Seen::in_document(document, &mut tally.text);
    tally.understood |= seen.choices || seen.usage.is_some() || seen.error;
    tally.error |= seen.error;
    tally.answers = tally.answers.max(seen.answers);
    tally.service_tier = seen.tier.or(tally.service_tier);
    if let Some(usage) = seen.usage {
        tally.usage = Some(usage);
        // Some servers report in every chunk, and their figures still grow.
        tally.is_final = tally.ended || seen.whole || seen.answers == 0;
    }
}

pub(in crate::api) fn is_usage_only(document: &str) -> bool {
    // Nearly no chunk has usage, and this is asked of all.
    if USAGE.find(document.as_bytes()).is_none() {
        return false;
    }
    let seen = Seen::in_document(document, &mut String::new());
    seen.choices && seen.answers == 0 && seen.usage_object && !seen.error
}

/// What one document says.
#[derive(Default)]
struct Seen {
    usage: Option<Usage>,
    usage_object: bool,
    tier: Option<ServiceTier>,
    error: bool,
    /// There is a list of answers.
    choices: bool,
    /// How many answers it tells of.
    answers: u64,
    /// It is a whole answer and no chunk.
    whole: bool,
    /// How many answers have not come to their end, as far as it says.
    unfinished: u64,
    /// It is a completion, or a chunk of one.
    completion: bool,
}

impl Seen {
    fn in_document(document: &str, text: &mut String) -> Self {
        let mut seen = Self::default();
        // What was read before a document broke off was said, and counts.
        let _ = members(document, |key, value| {
            match &*key {
                "choices" => seen.choices(value, text),
                "usage" => {
                    seen.usage_object |= value.kind() == Kind::Object;
                    seen.usage = usage(value).or(seen.usage);
                }
                "service_tier" => seen.tier = tier(value),
                "error" => seen.error |= is_error(value),
                "object" => {
                    let object = value.string().unwrap_or_default();
                    seen.whole |= object == "chat.completion";
                    seen.completion |= object == "text_completion";
                }
                _ => {}
            }
            Ok(())
        });
        // Whole completions and their chunks are called the same.
        seen.whole |= seen.completion && seen.answers > 0 && seen.unfinished == 0;
        seen
    }

    fn choices(&mut self, choices: Value<'_>, text: &mut String) {
        self.choices |= choices.kind() == Kind::Array;
        let _ = choices.items_in_place(|choice| {
            let mut index = 0;
            let mut finished = false;
            let _ = choice.members(|key, value| {
                match &*key {
                    "index" => index = value.get().parse().unwrap_or(0),
                    "delta" => spoken::append(value, text),
                    // A completion's.
                    "text" => text.push_str(&value.string().unwrap_or_default()),
                    "finish_reason" => finished = value.kind() == Kind::String,
                    "message" => {
                        self.whole = true;
                        spoken::append(value, text);
                    }
                    _ => {}
                }
                Ok(())
            });
            self.unfinished += u64::from(!finished);
            self.answers = self.answers.max(index.min(MOST_ANSWERS - 1) + 1);
            Ok(())
        });
    }
}

fn is_error(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Object => true,
        Kind::String => value.get() != "\"\"",
        _ => false,
    }
}
