//! Reading answers, whole ones and events of streams.
//!
//! A provider's words are taken as they come: a member of a strange type is passed over, and the others still count.

use super::usage::report;
use crate::api::Tally;
use crate::api::json::{Kind, Value, members};

pub(super) fn tally(document: &str, tally: &mut Tally) {
    let seen = Seen::of(document);
    match &*seen.kind {
        "message" => seen.message(tally),
        "message_start" => seen.message_start(tally),
        "content_block_start" => seen.said(seen.content_block, tally),
        "content_block_delta" => seen.said(seen.delta, tally),
        "message_delta" => seen.message_delta(tally),
        "message_stop" => {
            tally.understood = true;
            tally.ended = true;
            tally.is_final |= tally.usage.is_some() && !tally.provisional;
        }
        "content_block_stop" | "ping" => tally.understood = true,
        "error" => error(tally),
        // Some servers leave the kind out.
        _ if seen.error.is_some_and(|error| error.kind() == Kind::Object) => error(tally),
        "" if seen.content.is_some() => seen.message(tally),
        _ => {}
    }
}

fn error(tally: &mut Tally) {
    tally.error = true;
    tally.understood = true;
}

/// The members of one document that matter to us.
#[derive(Default)]
struct Seen<'a> {
    kind: String,
    message: Option<Value<'a>>,
    content: Option<Value<'a>>,
    content_block: Option<Value<'a>>,
    delta: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    error: Option<Value<'a>>,
}

impl<'a> Seen<'a> {
    fn of(document: &'a str) -> Self {
        let mut seen = Self::default();
        // What was read before a document broke off was said, and counts.
        let _ = members(document, |key, value| {
            match &*key {
                "type" => seen.kind = value.string().unwrap_or_default().into_owned(),
                "message" => seen.message = Some(value),
                "content" => seen.content = Some(value),
                "content_block" => seen.content_block = Some(value),
                "delta" => seen.delta = Some(value),
                "usage" => seen.usage = Some(value),
                "error" => seen.error = Some(value),
                _ => {}
            }
            Ok(())
        });
        seen
    }

    fn message(&self, tally: &mut Tally) {
        tally.understood |= self.content.is_some() || self.usage.is_some();
        tally.answers = 1;
        if let Some(content) = self.content {
            let _ = content.items(|block| {
                append(block, &mut tally.text);
                Ok(())
            });
        }
        if let Some(usage) = self.usage {
            report(usage, tally);
            tally.is_final = tally.usage.is_some();
        }
    }

    /// The usage of a stream's first event is not final: its output is what had been made by then.
    fn message_start(&self, tally: &mut Tally) {
        tally.understood = true;
        tally.answers = 1;
        let Some(message) = self.message else { return };
        let _ = message.members(|key, value| {
            if key == "usage" {
                report(value, tally);
                tally.provisional = tally.usage.is_some();
            }
            Ok(())
        });
    }

    /// Figures of a delta are of all of the answer so far, and final where it says why the model stopped.
    fn message_delta(&self, tally: &mut Tally) {
        tally.understood = true;
        let Some(usage) = self.usage else { return };
        if report(usage, tally) {
            tally.provisional = false;
            tally.is_final = self.delta.is_some_and(stops);
        }
    }

    fn said(&self, part: Option<Value<'_>>, tally: &mut Tally) {
        tally.understood = true;
        if let Some(part) = part {
            append(part, &mut tally.text);
        }
    }
}

/// Whether a delta says why the model stopped.
fn stops(delta: Value<'_>) -> bool {
    let mut stops = false;
    let _ = delta.members(|key, value| {
        stops |= key == "stop_reason" && value.kind() == Kind::String;
        Ok(())
    });
    stops
}

/// Appends what the model generated of a block or a delta. Results of tools are nothing that it generated, and what a stream
/// begins a call with (`"input":{}`) comes again in deltas.
fn append(part: Value<'_>, text: &mut String) {
    let mut is_result = false;
    let begun = text.len();
    let _ = part.members(|key, value| {
        match (&*key, value.kind()) {
            ("type", Kind::String) => {
                is_result = value
                    .string()
                    .is_ok_and(|kind| kind.ends_with("tool_result"));
            }
            // `content` is a compacted history.
            ("text" | "thinking" | "partial_json" | "name" | "content", Kind::String) => {
                text.push_str(&value.string().unwrap_or_default());
            }
            ("input", Kind::Object) if value.get() != "{}" => text.push_str(value.get()),
            _ => {}
        }
        Ok(())
    });
    if is_result {
        text.truncate(begun);
    }
}
