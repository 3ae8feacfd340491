//! Reading answers, whole ones and events of streams.
//!
//! A provider's words are taken as they come: a member of a strange type is passed over, and the others still count.

use super::said;
use crate::api::Tally;
use crate::api::json::{Kind, Value, members};
use crate::api::openai::usage::{tier, usage};
use crate::usage::{ServiceTier, Usage};

/// What some servers end a stream with, after the last event. It is no JSON.
const DONE: &str = "[DONE]";

/// An id that is longer is nobody's.
const LONGEST_ID: usize = 256;

pub(super) fn tally(document: &str, tally: &mut Tally) {
    if document.trim() == DONE {
        tally.ended = true;
        tally.understood = true;
        tally.is_final |= tally.usage.is_some();
        return;
    }
    let (mut event, mut response) = (Event::default(), Response::default());
    // What was read before a document broke off was said, and counts.
    let _ = members(document, |key, value| {
        event.take(&key, value);
        response.take(&key, value);
        Ok(())
    });
    match &event.kind {
        Some(kind) if kind == "error" || kind.starts_with("response.") => event.tally(kind, tally),
        _ => response.tally_whole(tally),
    }
}

/// One event of a stream.
#[derive(Default)]
struct Event<'a> {
    kind: Option<String>,
    response: Option<Value<'a>>,
    delta: Option<Value<'a>>,
    item: Option<Value<'a>>,
}

impl<'a> Event<'a> {
    fn take(&mut self, key: &str, value: Value<'a>) {
        match key {
            "type" => self.kind = value.string().ok().map(String::from),
            "response" => self.response = Some(value),
            "delta" => self.delta = Some(value),
            "item" => self.item = Some(value),
            _ => {}
        }
    }

    fn tally(&self, kind: &str, tally: &mut Tally) {
        tally.understood = true;
        match kind {
            "error" => tally.error = true,
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                let response = self.response.map(Response::of);
                response.unwrap_or_default().tally(true, tally);
                tally.error |= kind == "response.failed";
                tally.pending = false;
                tally.ended = true;
                tally.answers = 1;
            }
            "response.output_item.done" => {
                if let Some(item) = self.item {
                    // Servers that send items whole send no deltas.
                    said::append(item, tally.answers > 0, &mut tally.text);
                }
            }
            // A sound is no text; its words come by themselves.
            "response.audio.delta" => {}
            _ if kind.ends_with(".delta") => {
                if let Some(delta) = self.delta.and_then(|delta| delta.string().ok()) {
                    tally.text.push_str(&delta);
                    tally.answers = 1;
                }
            }
            _ => {
                if let Some(response) = self.response {
                    Response::of(response).tally(false, tally);
                }
            }
        }
    }
}

/// What an answer says of itself.
#[derive(Default)]
struct Response<'a> {
    object: Option<String>,
    id: Option<String>,
    status: Option<String>,
    background: bool,
    error: bool,
    usage: Option<Usage>,
    searches: u64,
    tier: Option<ServiceTier>,
    output: Option<Value<'a>>,
}

impl<'a> Response<'a> {
    /// What an event says of an answer.
    fn of(value: Value<'a>) -> Self {
        let mut response = Self::default();
        let _ = value.members(|key, value| {
            response.take(&key, value);
            Ok(())
        });
        response
    }

    fn take(&mut self, key: &str, value: Value<'a>) {
        let text = || value.string().ok().map(String::from);
        match key {
            "object" => self.object = text(),
            "id" => self.id = text().filter(|id| (1..=LONGEST_ID).contains(&id.len())),
            "status" => self.status = text(),
            "background" => self.background = value.get() == "true",
            "error" => self.error |= is_error(value),
            "usage" => self.usage = usage(value).or(self.usage),
            "tool_usage" => self.searches = searches(value),
            "service_tier" => self.tier = tier(value),
            "output" => self.output = Some(value).filter(|output| output.kind() == Kind::Array),
            _ => {}
        }
    }

    /// Whether it is still being made.
    fn is_running(&self) -> bool {
        matches!(
            self.status.as_deref(),
            Some("queued" | "in_progress" | "cancelling")
        )
    }

    /// `ends` when no more is said of it. What a stream begins with is unfinished without being made in the background.
    fn tally(self, ends: bool, tally: &mut Tally) {
        tally.pending = self.background && self.is_running();
        tally.error |= self.error || self.status.as_deref() == Some("failed");
        tally.service_tier = self.tier.or(tally.service_tier);
        tally.id = self.id.or(tally.id.take());
        if let Some(mut usage) = self.usage {
            usage.web_searches = self.searches;
            tally.usage = Some(usage);
            tally.is_final = false;
        }
        tally.is_final |= ends && tally.usage.is_some();
    }

    fn tally_whole(self, tally: &mut Tally) {
        let is_named = |object: &str| object.starts_with("response");
        let is_known = self.object.as_deref().is_some_and(is_named) || self.output.is_some();
        if !is_known && !self.error && self.usage.is_none() {
            return;
        }
        tally.understood = true;
        if let Some(output) = self.output {
            tally.answers = 1;
            let _ = output.items(|item| {
                said::append(item, false, &mut tally.text);
                Ok(())
            });
        }
        let is_running = self.is_running();
        self.tally(!is_running, tally);
        // Not every server says again that it works in the background; whoever gives an answer away unfinished does.
        tally.pending = is_running;
    }
}

fn is_error(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Object => true,
        Kind::String => value.get() != "\"\"",
        _ => false,
    }
}

/// How often the provider searched the web.
fn searches(tool_usage: Value<'_>) -> u64 {
    let mut searches = 0;
    let _ = tool_usage.members(|key, value| {
        if key == "web_search" {
            let _ = value.members(|key, value| {
                if key == "num_requests" {
                    searches = value.get().parse().unwrap_or(0);
                }
                Ok(())
            });
        }
        Ok(())
    });
    searches
}
