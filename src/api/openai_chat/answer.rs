//! Reading answers, whole ones and chunks of streams.
//!
//! A provider's words are taken as they come: a member of a strange type is passed over, and the others still count.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::spoken;
use crate::api::Tally;
use crate::api::json::{Kind, items, kind, members, string};
use crate::usage::Usage;

/// What ends a stream. It is no JSON.
const DONE: &str = "[DONE]";

/// More answers than this are not told apart.
const MOST_ANSWERS: u64 = 128;

pub(super) fn tally(document: &str, tally: &mut Tally) {
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
    if let Some(usage) = seen.usage {
        tally.usage = Some(usage);
        // Some servers report in every chunk, and their figures still grow.
        tally.is_final = tally.ended || seen.whole || seen.answers == 0;
    }
}

pub(super) fn is_usage_only(document: &str) -> bool {
    // Nearly no chunk has usage, and this is asked of all.
    if !document.contains("\"usage\"") {
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
    error: bool,
    /// There is a list of answers.
    choices: bool,
    /// How many answers it tells of.
    answers: u64,
    /// It is a whole answer and no chunk.
    whole: bool,
}

impl Seen {
    fn in_document(document: &str, text: &mut String) -> Self {
        let mut seen = Self::default();
        // What was read before a document broke off was said, and counts.
        let _ = members(document, |key, value| {
            match &*key {
                "choices" => seen.choices(value, text),
                "usage" => {
                    seen.usage_object |= kind(value) == Kind::Object;
                    seen.usage = usage(value).or(seen.usage);
                }
                "error" => seen.error |= is_error(value),
                "object" => seen.whole |= is_whole(value),
                _ => {}
            }
            Ok(())
        });
        seen
    }

    fn choices(&mut self, choices: &RawValue, text: &mut String) {
        self.choices |= kind(choices) == Kind::Array;
        let _ = items(choices.get(), |choice| {
            let mut index = 0;
            let _ = members(choice.get(), |key, value| {
                match &*key {
                    "index" => index = value.get().parse().unwrap_or(0),
                    "delta" => spoken::append(value, text),
                    "message" => {
                        self.whole = true;
                        spoken::append(value, text);
                    }
                    _ => {}
                }
                Ok(())
            });
            self.answers = self.answers.max(index.min(MOST_ANSWERS - 1) + 1);
            Ok(())
        });
    }
}

fn is_error(value: &RawValue) -> bool {
    match kind(value) {
        Kind::Object => true,
        Kind::String => value.get() != "\"\"",
        _ => false,
    }
}

fn is_whole(object: &RawValue) -> bool {
    string(object).is_ok_and(|object| object == "chat.completion")
}

/// The usage in a provider's words, if it makes sense. `prompt_tokens` includes what was cached.
fn usage(value: &RawValue) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Reported<'a> {
        prompt_tokens: Option<u64>,
        completion_tokens: Option<u64>,
        total_tokens: Option<u64>,
        #[serde(borrow)]
        prompt_tokens_details: Option<&'a RawValue>,
        #[serde(borrow)]
        completion_tokens_details: Option<&'a RawValue>,
    }
    let reported: Reported<'_> = serde_json::from_str(value.get()).ok()?;
    let (input_tokens, output_tokens) = sums(
        reported.prompt_tokens,
        reported.completion_tokens,
        reported.total_tokens,
    )?;
    let input = Details::of(reported.prompt_tokens_details);
    let output = Details::of(reported.completion_tokens_details);
    // A part is never more than the whole.
    let part = |part: Option<u64>, whole| part.unwrap_or(0).min(whole);
    Some(Usage {
        input_tokens,
        output_tokens,
        cached_input_tokens: part(input.cached_tokens, input_tokens),
        cache_write_tokens: part(input.cache_write_tokens, input_tokens),
        reasoning_tokens: part(output.reasoning_tokens, output_tokens),
        audio_input_tokens: part(input.audio_tokens, input_tokens),
        audio_output_tokens: part(output.audio_tokens, output_tokens),
    })
}

/// Input and output. Some compatible servers leave a zero out, and some leave reasoning out of `completion_tokens`;
/// the total has it.
fn sums(prompt: Option<u64>, completion: Option<u64>, total: Option<u64>) -> Option<(u64, u64)> {
    match (prompt, completion, total) {
        (Some(prompt), Some(completion), total) => {
            let beside = total.unwrap_or(0).saturating_sub(prompt);
            Some((prompt, completion.max(beside)))
        }
        (Some(prompt), None, Some(total)) => Some((prompt, total.saturating_sub(prompt))),
        (None, Some(completion), Some(total)) => {
            Some((total.saturating_sub(completion), completion))
        }
        _ => None,
    }
}

/// Parts of the input or the output.
#[derive(Default, Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    audio_tokens: Option<u64>,
}

impl Details {
    fn of(value: Option<&RawValue>) -> Self {
        value
            .and_then(|value| serde_json::from_str(value.get()).ok())
            .unwrap_or_default()
    }
}
