//! What a message or a delta says: all that the model generated and that was delivered.

use crate::api::json::Value;
use crate::api::read::strings;

/// Text stands at most this deep in the members we read: in a list of parts, in a part, in a list within it.
const DEEPEST: u8 = 6;

/// Appends the text of a message or a delta.
pub(in crate::api) fn append(said: Value<'_>, text: &mut String) {
    let mut reasoning = None;
    let _ = said.members(|key, value| {
        match &*key {
            "content" | "refusal" | "tool_calls" | "function_call" => {
                strings::append(value, DEEPEST, is_generated, text)
            }
            // Two names of one thing; some servers send it by both.
            "reasoning_content" | "reasoning" if reasoning == Some(value.get()) => {}
            "reasoning_content" | "reasoning" => {
                reasoning = Some(value.get());
                strings::append(value, DEEPEST, is_generated, text);
            }
            "audio" => strings::append(value, DEEPEST, is_generated, text),
            _ => {}
        }
        Ok(())
    });
}

/// Kinds, ids and sounds are not.
fn is_generated(key: &str) -> bool {
    !matches!(key, "type" | "id" | "data")
}
