//! The texts of the system prompt and the messages.
//!
//! Every field of a block is counted, known or not, and every copy of it: whichever the provider believes, it is paid for.

use std::collections::HashSet;

use super::count::{
    CALL, COMPACTION, DOCUMENT, OPENING, PARAMETER, REFERENCE, SEALED_BYTES, SYSTEM,
};
use super::thoughts::{Thoughts, decoded};
use crate::api::json::{Kind, Scanner, Stop, Value};
use crate::api::read::keys::Seen;
use crate::api::read::walk::{Walk, is_mark};
use crate::api::{Detail, Input, Invalid, Medium, MediumKind, Opaque};

const MESSAGES: &str = "messages";

/// Blocks stand at most this deep in each other: what a tool returns holds documents, which hold texts. What is deeper is
/// counted as it stands.
const DEEPEST: u8 = 6;

/// A block's kind and a source's kind decide how the rest of it is read.
const DECISIVE: [&str; 1] = ["type"];

/// Reads what is said into `input`.
pub(super) struct Reader<'b, 'i> {
    body: &'b str,
    input: &'i mut Input,
    thoughts: Thoughts,
    /// Why a part of the input cannot be seen.
    pub(super) opaque: Option<Opaque>,
    /// The names of tools that were looked for and found, so that the model is shown them.
    pub(super) found: HashSet<String>,
    /// In the message that is being read: whether it has something other than results of tools, and whether it has such.
    speaks: bool,
    has_results: bool,
}

impl Walk for Reader<'_, '_> {
    const PARAM: &'static str = MESSAGES;

    fn body(&self) -> &str {
        self.body
    }

    fn counted(&mut self) -> &mut Input {
        self.input
    }
}

impl<'b, 'i> Reader<'b, 'i> {
    /// `keeps_thoughts`: the caller has thoughts of earlier turns kept, whatever the model does by itself.
    pub(super) fn new(body: &'b str, input: &'i mut Input, keeps_thoughts: bool) -> Self {
        Self {
            body,
            input,
            thoughts: Thoughts::new(keeps_thoughts),
            opaque: None,
            found: HashSet::new(),
            speaks: false,
            has_results: false,
        }
    }

    pub(super) fn system(&mut self, system: Value<'_>) -> Result<(), Invalid> {
        const SYSTEM_PARAM: &str = "system";
        self.cost(SYSTEM);
        match system.kind() {
            Kind::Null => Ok(()),
            Kind::String => self.any(system),
            Kind::Array => system
                .items(|block| self.block(block, DEEPEST))
                .map_err(|stop| stop.at(SYSTEM_PARAM)),
            _ => Err(Invalid::param(
                SYSTEM_PARAM,
                "system: Input should be a valid string or a list of blocks",
            )),
        }
    }

    pub(super) fn messages(&mut self, messages: Value<'_>) -> Result<(), Invalid> {
        messages
            .items_in_place(|message| self.message(message))
            .map_err(|stop| stop.at(MESSAGES))?;
        if self.input.messages == 0 {
            return Err(Invalid::param(
                MESSAGES,
                "messages: at least one message is required",
            ));
        }
        self.thoughts.bill(self.input);
        Ok(())
    }

    fn message<'a>(&mut self, message: &mut Scanner<'a>) -> Result<(), Stop<'a>> {
        let is_first = self.input.messages == 0;
        self.input.messages += 1;
        (self.speaks, self.has_results) = (false, false);
        let mut role = None;
        self.next_fields(message, |reader, key, value| match (key, value.kind()) {
            ("role", Kind::String) if is_mark(value) => {
                role = value.string().ok();
                Ok(())
            }
            ("content", Kind::Array) => reader.blocks(value, DEEPEST),
            ("content", _) => {
                reader.speaks = true;
                reader.any(value)
            }
            _ => reader.any(value),
        })?;
        if is_first && role.as_deref() == Some("assistant") {
            self.cost(OPENING);
        }
        if role.as_deref() == Some("user") && self.speaks && !self.has_results {
            self.thoughts.turn(self.input);
        }
        Ok(())
    }

    fn blocks(&mut self, blocks: Value<'_>, deep: u8) -> Result<(), Invalid> {
        self.list(blocks, |reader, block| reader.block(block, deep))
    }

    /// A block, whose kind may stand behind what it decides.
    fn block(&mut self, block: Value<'_>, deep: u8) -> Result<(), Invalid> {
        let Some(deeper) = deep.checked_sub(1) else {
            return self.any(block);
        };
        if block.kind() != Kind::Object {
            return self.any(block);
        }
        let block_kind = kind_of(block)?;
        let is_call = block_kind.ends_with("tool_use");
        let is_result = block_kind.ends_with("tool_result");
        self.has_results |= block_kind == "tool_result";
        self.speaks |= block_kind != "tool_result" && deep == DEEPEST;
        match &*block_kind {
            _ if is_call => self.cost(CALL),
            "document" | "search_result" => self.cost(DOCUMENT),
            "tool_reference" => self.cost(REFERENCE),
            "compaction" => self.cost(COMPACTION),
            "container_upload" => self.hides(Opaque::File),
            _ => {}
        }
        self.fields(block, |reader, key, value| match (key, value.kind()) {
            ("type" | "id" | "tool_use_id" | "file_id", Kind::String) if is_mark(value) => Ok(()),
            ("is_error", Kind::Bool(_)) => Ok(()),
            // A mark, where a cache ends.
            ("cache_control", _) if is_mark(value) => Ok(()),
            // What the provider has cited is not billed again.
            ("citations", Kind::Array | Kind::Object) => Ok(()),
            ("thinking", Kind::String) => {
                let thought = reader.text(value)?;
                reader.thoughts.say(reader.body, thought);
                Ok(())
            }
            ("signature", Kind::String) => {
                reader.thoughts.seal(value.get().len());
                Ok(())
            }
            ("data", Kind::String) if block_kind == "redacted_thinking" => {
                reader.thoughts.seal(value.get().len());
                Ok(())
            }
            ("encrypted_content" | "encrypted_index" | "encrypted_stdout", Kind::String) => {
                reader.cost(decoded(value.get().len()).div_ceil(SEALED_BYTES));
                Ok(())
            }
            ("source", Kind::Object) => reader.source(value, &block_kind, deeper),
            ("input", Kind::Object) if is_call => {
                reader.parameters(value)?;
                reader.any(value)
            }
            ("tool_name" | "name", Kind::String) if block_kind == "tool_reference" => {
                if let Ok(name) = value.string() {
                    reader.found.insert(name.into_owned());
                }
                reader.any(value)
            }
            ("content" | "tool_references", Kind::Array) => reader.blocks(value, deeper),
            ("content" | "tool", Kind::Object) if is_result || key == "tool" => {
                reader.block(value, deeper)
            }
            _ => reader.any(value),
        })
    }

    /// Where an image or a document comes from.
    fn source(&mut self, source: Value<'_>, block: &str, deep: u8) -> Result<(), Invalid> {
        let source_kind = kind_of(source)?;
        let is_image = block == "image";
        let medium = if is_image {
            MediumKind::Image
        } else {
            MediumKind::Document
        };
        self.fields(source, |reader, key, value| {
            match (key, &*source_kind) {
                ("type" | "media_type", _) if is_mark(value) => {}
                ("data", "base64") if value.kind() == Kind::String => {
                    let encoded = reader.text(value)?;
                    let encoded = encoded.of(reader.body);
                    reader.input.add_medium(Medium::encoded(medium, encoded));
                }
                ("url", "url") if is_image => {
                    let url = value.string().unwrap_or_default();
                    reader.input.add_medium(Medium::image(&url, Detail::Auto));
                }
                ("url", "url") | ("file_id", "file") => reader.hides(Opaque::File),
                ("content", "content") if value.kind() == Kind::Array => {
                    reader.blocks(value, deep)?
                }
                _ => reader.any(value)?,
            }
            Ok(())
        })
    }

    /// Each member of a call's input is told apart from the others.
    fn parameters(&mut self, input: Value<'_>) -> Result<(), Invalid> {
        self.fields(input, |reader, _, _| {
            reader.cost(PARAMETER);
            Ok(())
        })
    }

    fn cost(&mut self, tokens: u64) {
        self.input.overhead = self.input.overhead.saturating_add(tokens);
    }

    fn hides(&mut self, reason: Opaque) {
        self.opaque.get_or_insert(reason);
    }
}

/// The `type` of an object: one, spelled exactly.
fn kind_of(object: Value<'_>) -> Result<std::borrow::Cow<'_, str>, Invalid> {
    let mut found = "".into();
    let mut seen = Seen::of(&DECISIVE);
    object
        .members(|key, value| {
            seen.note(&key)?;
            if key == "type" {
                found = value.string().unwrap_or_default();
            }
            Ok(())
        })
        .map_err(|stop| stop.at(MESSAGES))?;
    Ok(found)
}
