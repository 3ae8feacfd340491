//! What a model has generated, gathered from answers.

use crate::api::json::{Kind, Value};

/// Appends all strings in a value, so many levels deep, but those under keys that no model generates.
pub(in crate::api) fn append(
    value: Value<'_>,
    deep: u8,
    is_generated: fn(&str) -> bool,
    text: &mut String,
) {
    let Some(deeper) = deep.checked_sub(1) else {
        return;
    };
    match value.kind() {
        Kind::String => text.push_str(&value.string().unwrap_or_default()),
        Kind::Array => {
            let _ = value.items(|item| {
                append(item, deeper, is_generated, text);
                Ok(())
            });
        }
        Kind::Object => {
            let _ = value.members(|key, value| {
                if is_generated(&key) {
                    append(value, deeper, is_generated, text);
                }
                Ok(())
            });
        }
        _ => {}
    }
}
