//! Reading answers, whole ones and chunks of streams.
//!
//! A provider's words are taken as they come: a member of a strange type is passed over, and the others still count.

use super::names::camel;
use super::usage::Reported;
use crate::api::json::{Kind, Value, items, members};
use crate::api::{Invalid, Tally};

/// More answers than this are not told apart.
const MOST_ANSWERS: u64 = 128;

/// Text stands at most this deep in the arguments of a call.
const DEEPEST: u8 = 16;

/// Reads a document: an answer, a chunk of one, or a list of either.
pub(super) fn tally(document: &str, tally: &mut Tally) {
    // What was read before a document broke off was said, and counts.
    if !document.trim_start().starts_with('[') {
        let mut seen = Seen::default();
        let _ = members(document, |key, value| {
            seen.take(&key, value, &mut tally.text)
        });
        return seen.report(tally);
    }
    let _ = items(document, |item| {
        let mut seen = Seen::default();
        let _ = item.members(|key, value| seen.take(&key, value, &mut tally.text));
        seen.report(tally);
        Ok(())
    });
}

/// What one document says.
#[derive(Default)]
struct Seen {
    reported: Option<Reported>,
    error: bool,
    /// There is a list of answers.
    candidates: bool,
    /// How many answers it tells of.
    answers: u64,
    /// All of those are over.
    finished: bool,
    /// Nothing is answered, for a reason.
    blocked: bool,
    /// Queries of web searches, and whether the model is of a generation of which each has a fee.
    queries: u64,
    each_query: bool,
}

impl Seen {
    fn take(&mut self, key: &str, value: Value<'_>, text: &mut String) -> Result<(), Invalid> {
        match &*camel(key) {
            "candidates" => self.candidates(value, text),
            "usageMetadata" => self.reported = Some(Reported::of(value)),
            "promptFeedback" => self.blocked |= is_blocked(value),
            "modelVersion" => self.each_query = pays_each_query(value),
            "error" => self.error |= matches!(value.kind(), Kind::Object | Kind::String),
            _ => {}
        }
        Ok(())
    }

    fn report(&self, tally: &mut Tally) {
        let usage = self.reported.as_ref().and_then(Reported::usage);
        tally.understood |= self.candidates || self.blocked || self.error || usage.is_some();
        tally.error |= self.error;
        tally.answers = tally.answers.max(self.answers);
        let tier = self.reported.as_ref().and_then(|reported| reported.tier);
        tally.service_tier = tier.or(tally.service_tier);
        let searches = tally.usage.map_or(0, |usage| usage.web_searches);
        let has_usage = usage.is_some();
        tally.usage = usage.or(tally.usage);
        if let Some(usage) = &mut tally.usage {
            // Where an answer comes in pieces, the searches are told of in one of them.
            usage.web_searches = searches.max(self.searches());
        }
        // No event says that a stream is over: its answer's last piece says why it ended, and brings the final usage. How many
        // answers were asked for is not known, so when there is more than one, another may still come.
        let over = self.blocked || tally.answers == 1 && self.finished;
        // What comes without an answer only repeats the usage.
        tally.is_final = if self.candidates || self.blocked {
            has_usage && over
        } else {
            tally.is_final
        };
    }

    fn candidates(&mut self, candidates: Value<'_>, text: &mut String) {
        self.candidates |= candidates.kind() == Kind::Array;
        let mut unfinished = false;
        let _ = candidates.items(|candidate| {
            let (mut index, mut finished) = (0, false);
            let _ = candidate.members(|key, value| {
                match &*camel(&key) {
                    "index" => index = value.get().parse().unwrap_or(0),
                    "content" => content(value, text),
                    "finishReason" => finished = is_reason(value, "FINISH_REASON_UNSPECIFIED"),
                    "groundingMetadata" => self.queries = self.queries.max(queries(value)),
                    _ => {}
                }
                Ok(())
            });
            unfinished |= !finished;
            self.answers = self.answers.max(index.min(MOST_ANSWERS - 1) + 1);
            Ok(())
        });
        self.finished = self.answers > 0 && !unfinished;
    }

    /// The searches that have a fee: for Gemini 3 and later each query, before that one for each answer with any.
    fn searches(&self) -> u64 {
        if self.each_query {
            self.queries
        } else {
            self.queries.min(1)
        }
    }
}

/// Appends what a candidate says: texts, thoughts that are shown, calls with their arguments, code and what came of it.
fn content(content: Value<'_>, text: &mut String) {
    let _ = content.members(|key, value| {
        if key == "parts" {
            let _ = value.items(|part| {
                said(part, text);
                Ok(())
            });
        }
        Ok(())
    });
}

fn said(part: Value<'_>, text: &mut String) {
    let _ = part.members(|key, value| {
        match &*camel(&key) {
            "text" => strings(value, text, DEEPEST),
            "functionCall" | "executableCode" | "codeExecutionResult" | "toolCall" => {
                called(value, text);
            }
            _ => {}
        }
        Ok(())
    });
}

/// Appends a call, or what is like one. Its id is not the model's work.
fn called(call: Value<'_>, text: &mut String) {
    let _ = call.members(|key, value| {
        if key != "id" {
            strings(value, text, DEEPEST);
        }
        Ok(())
    });
}

/// Appends all that is written in a value.
fn strings(value: Value<'_>, text: &mut String, deep: u8) {
    let Some(deeper) = deep.checked_sub(1) else {
        return;
    };
    match value.kind() {
        Kind::String => text.push_str(&value.string().unwrap_or_default()),
        Kind::Number => text.push_str(value.get()),
        Kind::Array => {
            let _ = value.items(|item| {
                strings(item, text, deeper);
                Ok(())
            });
        }
        Kind::Object => {
            let _ = value.members(|key, value| {
                // A model writes the names of arguments too.
                text.push_str(&key);
                strings(value, text, deeper);
                Ok(())
            });
        }
        Kind::Bool(_) | Kind::Null => {}
    }
}

fn is_blocked(feedback: Value<'_>) -> bool {
    let mut blocked = false;
    let _ = feedback.members(|key, value| {
        if camel(&key) == "blockReason" {
            blocked = is_reason(value, "BLOCK_REASON_UNSPECIFIED");
        }
        Ok(())
    });
    blocked
}

/// Whether a reason is given, and not the one that says nothing.
fn is_reason(value: Value<'_>, nothing: &str) -> bool {
    value
        .string()
        .is_ok_and(|reason| !reason.is_empty() && reason != nothing)
}

/// How many queries were made of the web.
fn queries(grounding: Value<'_>) -> u64 {
    let mut queries = 0;
    let _ = grounding.members(|key, value| {
        if camel(&key) == "webSearchQueries" {
            queries = 0;
            let _ = value.items(|query| {
                queries += u64::from(is_reason(query, ""));
                Ok(())
            });
        }
        Ok(())
    });
    queries
}

fn pays_each_query(model: Value<'_>) -> bool {
    let model = model.string().unwrap_or_default();
    let model = model.rsplit('/').next().unwrap_or_default();
    let before = ["gemini-1", "gemini-2"];
    model.starts_with("gemini-") && !before.iter().any(|line| model.starts_with(line))
}
