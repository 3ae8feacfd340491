//! What was said so far, and the instructions.
//!
//! Every member of a part is counted, known or not, and every copy of it: whichever the provider believes, it is paid for.
//! Where a list is meant, one item of it may stand alone.

use std::fmt::Write as _;

use super::blob;
use super::names::camel;
use crate::api::json::{Kind, Value, position};
use crate::api::read::node::Node;
use crate::api::read::walk;
use crate::api::{Call, Detail, Invalid, Opaque, Text};

/// Parts stand at most this deep in each other, in what came of a function. What is deeper is counted as it stands.
const DEEPEST: u8 = 6;

/// Values larger than this are counted as they stand: a tree of them would take too much memory.
pub(super) const LARGEST: usize = 1024 * 1024;

/// Reads `contents` or `systemInstruction`.
pub(super) fn read(
    param: &'static str,
    body: &str,
    value: Value<'_>,
    detail: Detail,
    call: &mut Call,
) -> Result<(), Invalid> {
    let mut reader = Reader {
        param,
        body,
        detail,
        call,
    };
    reader.each(value, Reader::content)
}

struct Reader<'b, 'c> {
    param: &'static str,
    body: &'b str,
    /// How closely media are looked at, unless they say it themselves.
    detail: Detail,
    call: &'c mut Call,
}

impl Reader<'_, '_> {
    fn content(&mut self, content: Value<'_>) -> Result<(), Invalid> {
        self.call.input.messages += 1;
        if content.kind() == Kind::String {
            return self.any(content);
        }
        self.fields(content, |reader, key, value| match key {
            "parts" => reader.each(value, |reader, part| reader.part(part, DEEPEST)),
            "role" if is_mark(value) => Ok(()),
            _ => reader.any(value),
        })
    }

    fn part(&mut self, part: Value<'_>, deep: u8) -> Result<(), Invalid> {
        let Some(deeper) = deep.checked_sub(1).filter(|_| part.kind() != Kind::String) else {
            return self.any(part);
        };
        let before = self.call.input.media.len();
        let mut detail = Detail::Low;
        self.fields(part, |reader, key, value| match (key, value.kind()) {
            ("mediaResolution", given) if given != Kind::Null => {
                detail = detail.dearer(reader.resolution(value)?);
                Ok(())
            }
            ("thought", Kind::Bool(_)) => Ok(()),
            ("thoughtSignature", Kind::String) => {
                // Its length does not depend on whether it is escaped, but for a few bytes.
                let length = value.get().len() as u64 - 2;
                let sealed = &mut reader.call.input.sealed;
                *sealed = sealed.saturating_add(length);
                Ok(())
            }
            ("inlineData", Kind::Object) => reader.inline_data(value),
            ("fileData", Kind::Object) => reader.file_data(value),
            (
                "functionCall"
                | "functionResponse"
                | "executableCode"
                | "codeExecutionResult"
                | "toolCall"
                | "toolResponse",
                Kind::Object,
            ) => reader.exchanged(value, deeper),
            _ => reader.any(value),
        })?;
        for medium in self.call.input.media.iter_mut().skip(before) {
            medium.detail = medium.detail.dearer(detail);
        }
        Ok(())
    }

    /// How closely a part is to be looked at: `{"level": "MEDIA_RESOLUTION_HIGH"}`. It makes a part dearer than the configuration
    /// does, and not cheaper: older models do not know it.
    fn resolution(&mut self, value: Value<'_>) -> Result<Detail, Invalid> {
        if value.kind() != Kind::Object {
            self.any(value)?;
            return Ok(resolution(value));
        }
        let mut detail = Detail::Low;
        self.fields(value, |reader, key, value| {
            match key {
                "level" if is_mark(value) || value.kind() == Kind::Number => {
                    detail = detail.dearer(resolution(value));
                }
                // A number of tokens, for instance.
                _ if value.kind() != Kind::Null => {
                    reader.call.hides(Opaque::File);
                    reader.any(value)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(detail)
    }

    /// A call of a function, what came of it, or the like.
    fn exchanged(&mut self, value: Value<'_>, deep: u8) -> Result<(), Invalid> {
        self.call.input.names += 1;
        self.fields(value, |reader, key, value| match key {
            // Ids tie a result to its call and are not shown to the model.
            "id" | "scheduling" | "willContinue" if is_mark(value) => Ok(()),
            "parts" => reader.each(value, |reader, part| reader.part(part, deep)),
            _ => reader.any(value),
        })
    }

    fn inline_data(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        let blob = blob::Blob::of(value, "data")?;
        let mut content = blob.read()?;
        for medium in &mut content.media {
            medium.detail = self.detail;
        }
        self.call.add_content(content);
        blob.others.iter().try_for_each(|&other| self.any(other))
    }

    /// A file, or a film on YouTube: by its address, so that nobody but the provider knows its size.
    fn file_data(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        let blob = blob::Blob::of(value, "fileUri")?;
        self.call.hides(Opaque::File);
        self.call
            .add_medium(blob.by_reference()?.with_detail(self.detail));
        blob.others.iter().try_for_each(|&other| self.any(other))
    }

    /// Any value: a string's text, or the JSON of what is no string.
    fn any(&mut self, value: Value<'_>) -> Result<(), Invalid> {
        let param = self.param;
        let broken = |error| Invalid::param(param, format!("a text is broken: {error}"));
        let text = match value.kind() {
            Kind::Null => return Ok(()),
            Kind::String => value.text(self.body).map_err(broken)?,
            Kind::Array | Kind::Object if value.get().len() <= LARGEST => {
                let mut json = String::new();
                // Writing to a string cannot fail.
                let _ = write!(json, "{}", Node::of(value).map_err(broken)?);
                Text::Owned(json.into())
            }
            _ => Text::Span(position(self.body, value.get())),
        };
        self.call.input.add(text);
        Ok(())
    }

    /// The members of an object, by their names in camel case.
    fn fields<'a>(
        &mut self,
        object: Value<'a>,
        mut each: impl FnMut(&mut Self, &str, Value<'a>) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        let param = self.param;
        object
            .members(|key, value| each(self, &camel(&key), value))
            .map_err(|stop| stop.at(param))
    }

    /// The items of a list, or the one that stands in its place.
    fn each(
        &mut self,
        list: Value<'_>,
        mut each: impl FnMut(&mut Self, Value<'_>) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        match list.kind() {
            Kind::Null => Ok(()),
            Kind::Array => {
                let param = self.param;
                list.items(|item| each(self, item))
                    .map_err(|stop| stop.at(param))
            }
            _ => each(self, list),
        }
    }
}

/// What a media resolution stands for. One that is no word is the number of one, perhaps of the dearest.
pub(super) fn resolution(value: Value<'_>) -> Detail {
    match value.kind() {
        Kind::Null => Detail::Auto,
        _ => value
            .string()
            .map_or(Detail::Original, |word| Detail::of(&word)),
    }
}

/// Whether a value is so short that it is what its key says: an id, a role, a flag.
fn is_mark(value: Value<'_>) -> bool {
    let is_flag = matches!(value.kind(), Kind::Bool(_));
    walk::is_mark(value) && (is_flag || value.string().is_ok())
}
