//! The items of the input: messages, calls of tools and their results, reasoning.
//!
//! Every field of an item is counted, known or not, and every copy of it: whichever the provider believes, it is paid for.

use super::head::Head;
use super::tools::Loaded;
use super::{around, parts, tools};
use crate::api::json::{Kind, Value};
use crate::api::read::walk::{Walk, is_mark};
use crate::api::{Call, Input, Invalid, Medium, MediumKind, Opaque};

pub(super) const INPUT: &str = "input";

pub(super) struct Reader<'b, 'c> {
    body: &'b str,
    pub(super) call: &'c mut Call,
    /// The item before this one is a call, so the two were made side by side.
    after_call: bool,
    loaded: Loaded,
    /// The input before its items, where the provider compacts the conversation itself.
    before: Option<Input>,
}

impl Walk for Reader<'_, '_> {
    const PARAM: &'static str = INPUT;

    fn body(&self) -> &str {
        self.body
    }

    fn counted(&mut self) -> &mut Input {
        &mut self.call.input
    }
}

impl<'b, 'c> Reader<'b, 'c> {
    pub(super) fn new(body: &'b str, call: &'c mut Call) -> Self {
        Self {
            body,
            call,
            after_call: false,
            loaded: Loaded::default(),
            before: None,
        }
    }

    /// The tools that the items have loaded.
    pub(super) fn loaded(self) -> Loaded {
        self.loaded
    }

    /// Instructions are a message of the developer's, or items.
    pub(super) fn instructions(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        if value.get() == "\"\"" {
            self.call.input.has_empty_instructions = true;
            return Ok(());
        }
        self.read(value)
    }

    /// The input itself. `compacts` where the provider is to compact the conversation.
    pub(super) fn input(&mut self, value: Value<'_>, compacts: bool) -> Result<(), Invalid> {
        self.before = compacts.then(|| self.call.input.clone());
        self.read(value)
    }

    /// A string is one message.
    fn read(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        match value.kind() {
            Kind::Array => self.list(value, Self::item),
            Kind::String => self.item(value),
            _ => Err(Invalid::param(INPUT, "input must be a string or a list")),
        }
    }

    fn item(&mut self, item: Value<'_>) -> Result<(), Invalid> {
        if item.kind() == Kind::String {
            self.call.input.messages += 1;
            return self.any(item);
        }
        let head = Head::of(item)?;
        let is_call = matches!(&*head.kind, "function_call" | "custom_tool_call");
        let after_call = std::mem::replace(&mut self.after_call, is_call);
        match &*head.kind {
            _ if is_call => self.called(item, after_call),
            "" | "message" => self.message(item, &head),
            "function_call_output" | "custom_tool_call_output" => {
                self.call.input.messages += 1;
                self.call.input.overhead += around::FUNCTION_OUTPUT;
                self.fields(item, Self::field)
            }
            // What they cost is in the rate of what is sealed.
            "reasoning" => self.fields(item, Self::field),
            "compaction" | "compaction_summary" => self.compaction(item),
            "additional_tools" => self.tools(item, around::ADDED_TOOLS),
            "tool_search_output" => self.tools(item, around::FOUND_TOOLS),
            "item_reference" => {
                self.call.hides(Opaque::StoredState);
                Ok(())
            }
            kind => {
                // What was found is not in them; the provider may know it by their ids.
                if matches!(kind, "web_search_call" | "file_search_call") {
                    self.call.hides(Opaque::HostedTool);
                }
                self.step(around::STEP);
                self.fields(item, Self::field)
            }
        }
    }

    fn message(&mut self, message: Value<'_>, head: &Head) -> Result<(), Invalid> {
        let input = &mut self.call.input;
        input.messages += 1;
        input.names += u64::from(head.role == "assistant");
        self.fields(message, |reader, key, value| match key {
            "role" | "phase" if is_mark(value) => Ok(()),
            _ => reader.field(key, value),
        })
    }

    /// A call. The function's name is told again with the result.
    fn called(&mut self, item: Value<'_>, after_call: bool) -> Result<(), Invalid> {
        let beside = if after_call { around::PARALLEL } else { 0 };
        self.step(around::FUNCTION_CALL + beside);
        let mut is_grouped = false;
        self.fields(item, |reader, key, value| {
            if matches!(key, "name" | "namespace") {
                is_grouped |= key == "namespace" && value.kind() == Kind::String;
                reader.any(value)?;
            }
            reader.field(key, value)
        })?;
        if !is_grouped {
            self.call.input.overhead += around::FUNCTIONS;
        }
        Ok(())
    }

    fn compaction(&mut self, item: Value<'_>) -> Result<(), Invalid> {
        self.fields(item, |reader, key, value| match (key, value.kind()) {
            ("encrypted_content", Kind::String) => {
                if around::is_sealed(value.get().len() as u64) {
                    reader.forget();
                }
                reader.sealed(value, around::COMPACTED);
                Ok(())
            }
            _ => reader.field(key, value),
        })
    }

    /// Where the provider compacts the conversation itself, it does not tell again what came before.
    fn forget(&mut self) {
        if let Some(before) = &self.before {
            self.call.input.clone_from(before);
            self.loaded.clear();
        }
    }

    fn sealed(&mut self, value: Value<'_>, characters: u64) {
        let size = value.get().len() as u64;
        let sealed = &mut self.call.input.sealed;
        *sealed = sealed.saturating_add(around::sealed(size, characters));
    }

    fn tools(&mut self, item: Value<'_>, overhead: u64) -> Result<(), Invalid> {
        self.call.input.messages += 1;
        self.call.input.overhead += overhead;
        self.fields(item, |reader, key, value| match key {
            "tools" if value.kind() == Kind::Array => {
                tools::read_loaded(reader.body, value, &mut reader.loaded, reader.call)
            }
            "role" | "execution" if is_mark(value) => Ok(()),
            _ => reader.field(key, value),
        })
    }

    /// A message on a channel.
    fn step(&mut self, overhead: u64) {
        let input = &mut self.call.input;
        input.messages += 1;
        input.names += 1;
        input.overhead += overhead;
    }

    /// A field of an item.
    fn field(&mut self, key: &str, value: Value<'_>) -> Result<(), Invalid> {
        match (key, value.kind()) {
            // Marks tie items together and are not shown to the model.
            ("type" | "id" | "call_id" | "status" | "container_id" | "execution", _)
                if is_mark(value) =>
            {
                Ok(())
            }
            ("encrypted_content", Kind::String) => {
                self.sealed(value, around::REASONED);
                Ok(())
            }
            ("content" | "output" | "outputs" | "summary", Kind::Array) => {
                self.list(value, parts::part)
            }
            ("output", Kind::Object) => parts::part(self, value),
            // A picture that was made.
            ("result", Kind::String) if !is_mark(value) => {
                let medium = Medium::encoded(MediumKind::Image, &parts::decoded(value)?);
                self.call.add_medium(medium);
                Ok(())
            }
            _ => self.any(value),
        }
    }
}
