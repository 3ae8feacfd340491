//! The texts of the messages.
//!
//! Every field of a message is counted, known or not, and every copy of it: whichever the provider believes, it is paid for.

use super::parts;
use crate::api::json::{Kind, Scanner, Stop, Value};
use crate::api::read::walk::{Walk, is_mark};
use crate::api::{Call, Input, Invalid, Opaque};

pub(super) const MESSAGES: &str = "messages";

/// What a call of a tool and its result cost beside their texts, by measurement: the name is told again with the result.
const CALL: u64 = 5;
/// Calls made side by side are wrapped in a call of another tool, which names each of them at length.
const PARALLEL_CALL: u64 = 15;

/// How the system message ends that comes first: the declarations of tools are put behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemEnd {
    /// In a mark, which makes one token with the line break that follows.
    Mark,
    /// In anything else.
    Other,
}

/// Reads `messages` into the call.
pub(super) fn read(
    body: &str,
    value: Value<'_>,
    call: &mut Call,
) -> Result<Option<SystemEnd>, Invalid> {
    let mut reader = Reader {
        body,
        call,
        system: None,
    };
    value
        .items_in_place(|message| reader.message(message))
        .map_err(|stop| stop.at(MESSAGES))?;
    if reader.call.input.messages == 0 {
        return Err(Invalid::param(MESSAGES, "messages must not be empty"));
    }
    Ok(reader.system)
}

pub(super) struct Reader<'b, 'c> {
    body: &'b str,
    pub(super) call: &'c mut Call,
    system: Option<SystemEnd>,
}

impl Walk for Reader<'_, '_> {
    const PARAM: &'static str = MESSAGES;

    fn body(&self) -> &str {
        self.body
    }

    fn counted(&mut self) -> &mut Input {
        &mut self.call.input
    }
}

impl Reader<'_, '_> {
    fn message<'a>(&mut self, message: &mut Scanner<'a>) -> Result<(), Stop<'a>> {
        self.call.input.messages += 1;
        let mut is_system = false;
        let mut content = None;
        self.next_fields(message, |reader, key, value| match (key, value.kind()) {
            ("role", Kind::String) => {
                is_system = is_system_role(value);
                reader.any(value)
            }
            ("content", Kind::String) => {
                content = Some(value);
                reader.any(value)
            }
            ("content", Kind::Array) => reader.list(value, parts::part),
            ("tool_calls", Kind::Array) => reader.tool_calls(value),
            ("function_call", Kind::Object) => {
                reader.calls(1, CALL);
                reader.called(value)
            }
            // Ids tie a result to its call and are not shown to the model.
            ("tool_call_id", Kind::String) if is_mark(value) => Ok(()),
            // An answer that was spoken: the provider has kept the sound.
            ("audio", Kind::Object) => {
                reader.call.hides(Opaque::StoredState);
                Ok(())
            }
            ("name", Kind::String) => {
                reader.call.input.names += 1;
                reader.any(value)
            }
            _ => reader.any(value),
        })?;
        if is_system {
            self.system
                .get_or_insert_with(|| content.map_or(SystemEnd::Other, end_of));
        }
        Ok(())
    }

    fn tool_calls(&mut self, calls: Value<'_>) -> Result<(), Invalid> {
        let mut count = 0;
        self.list(calls, |reader, call| {
            count += 1;
            reader.tool_call(call)
        })?;
        self.calls(count, if count > 1 { PARALLEL_CALL } else { CALL });
        Ok(())
    }

    fn calls(&mut self, count: u64, each: u64) {
        self.call.input.calls += count;
        self.call.input.overhead += count * each;
    }

    fn tool_call(&mut self, call: Value<'_>) -> Result<(), Invalid> {
        self.fields(call, |reader, key, value| match (key, value.kind()) {
            ("id" | "type", Kind::String) | ("index", Kind::Number) if is_mark(value) => Ok(()),
            ("function" | "custom", Kind::Object) => reader.called(value),
            _ => reader.any(value),
        })
    }

    /// What was called: its name, which is told twice, and its arguments.
    fn called(&mut self, call: Value<'_>) -> Result<(), Invalid> {
        self.fields(call, |reader, key, value| {
            if key == "name" {
                reader.any(value)?;
            }
            reader.any(value)
        })
    }
}

fn is_system_role(role: Value<'_>) -> bool {
    role.string()
        .is_ok_and(|role| role == "system" || role == "developer")
}

fn end_of(content: Value<'_>) -> SystemEnd {
    let is_mark = |text: &str| {
        let last = text.chars().next_back();
        last.is_some_and(|last| !last.is_alphanumeric()) && !text.ends_with("``")
    };
    if content.string().is_ok_and(|text| is_mark(&text)) {
        SystemEnd::Mark
    } else {
        SystemEnd::Other
    }
}
