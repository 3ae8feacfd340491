//! What the model generated, in the items of an answer.

use crate::api::json::Value;
use crate::api::read::strings;

/// Text stands at most this deep in the members of an item.
const DEEPEST: u8 = 8;

/// Appends what was generated of an item. Of that, the deltas of a stream have brought most before: then only what comes
/// in no delta is appended.
pub(super) fn append(item: Value<'_>, after_deltas: bool, text: &mut String) {
    let mut is = String::new();
    let _ = item.members(|key, value| {
        if key == "type" {
            is = value.string().unwrap_or_default().into_owned();
        }
        Ok(())
    });
    let only: Option<&[&str]> = match &*is {
        // What comes of a tool is the tool's, and what is sealed cannot be counted.
        "mcp_list_tools" | "compaction" => return,
        kind if kind.ends_with("_output") => return,
        "message" | "reasoning" | "code_interpreter_call" if after_deltas => return,
        "function_call" | "custom_tool_call" | "mcp_call" if after_deltas => Some(&["name"]),
        "mcp_call" => Some(&["name", "arguments"]),
        "code_interpreter_call" => Some(&["code"]),
        "image_generation_call" => Some(&["revised_prompt"]),
        "file_search_call" => Some(&["queries"]),
        _ => None,
    };
    let _ = item.members(|key, value| {
        if only.is_none_or(|only| only.contains(&&*key)) && is_generated(&key) {
            strings::append(value, DEEPEST, is_generated, text);
        }
        Ok(())
    });
}

fn is_generated(key: &str) -> bool {
    !matches!(
        key,
        "type"
            | "id"
            | "call_id"
            | "status"
            | "role"
            | "phase"
            | "namespace"
            | "execution"
            | "annotations"
            | "logprobs"
            | "encrypted_content"
            | "result"
            | "results"
            | "output"
            | "outputs"
            | "sources"
            | "data"
            | "created_by"
    )
}
