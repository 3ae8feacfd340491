//! The parts of an item's content: texts, images, sounds, files.

use std::borrow::Cow;

use super::around;
use super::head::Head;
use super::items::Reader;
use crate::api::json::{Kind, Value};
use crate::api::media::Content;
use crate::api::read::walk::{Walk as _, is_mark};
use crate::api::{Detail, Invalid, Medium, MediumKind, Opaque};

/// One part of a content: text, or a medium.
pub(super) fn part(reader: &mut Reader<'_, '_>, part: Value<'_>) -> Result<(), Invalid> {
    if part.kind() != Kind::Object {
        return reader.any(part);
    }
    let head = Head::of(part)?;
    reader.fields(part, |reader, key, value| match (key, value.kind()) {
        ("type" | "detail" | "prompt_cache_breakpoint", _) if is_mark(value) => Ok(()),
        // Told about an answer, not in it.
        ("annotations" | "logprobs", _) => Ok(()),
        ("image_url", Kind::String) => image(reader, value, head.detail),
        ("image_url", Kind::Object) => reader.fields(value, |reader, key, value| match key {
            "url" if value.kind() == Kind::String => image(reader, value, head.detail),
            "detail" if is_mark(value) => Ok(()),
            _ => reader.any(value),
        }),
        ("file_id" | "file_url", Kind::String) => {
            reader.call.hides(Opaque::File);
            let is_image = head.kind.contains("image") || head.kind.contains("screenshot");
            let kind = if is_image {
                MediumKind::Image
            } else {
                MediumKind::Document
            };
            reader.call.add_medium(Medium::unknown(kind));
            Ok(())
        }
        ("file_data", Kind::String) => file(reader, value),
        ("input_audio", Kind::Object) => sound(reader, value),
        _ => reader.any(value),
    })
}

fn image(reader: &mut Reader<'_, '_>, url: Value<'_>, detail: Detail) -> Result<(), Invalid> {
    let medium = Medium::image(&decoded(url)?, detail);
    reader.call.add_medium(medium);
    Ok(())
}

/// `{"data": …, "format": …}`
fn sound(reader: &mut Reader<'_, '_>, value: Value<'_>) -> Result<(), Invalid> {
    let mut sounds = Vec::new();
    let mut is_wav = false;
    reader.fields(value, |reader, key, value| {
        match (key, value.kind()) {
            ("data", Kind::String) => {
                sounds.push(Medium::encoded(MediumKind::Audio, &decoded(value)?));
            }
            ("format", Kind::String) if is_mark(value) => is_wav = decoded(value)? == "wav",
            _ => reader.any(value)?,
        }
        Ok(())
    })?;
    if sounds.is_empty() {
        sounds.push(Medium::unknown(MediumKind::Audio));
    }
    for sound in sounds {
        let sound = if is_wav {
            sound
        } else {
            sound.of_unknown_length()
        };
        reader.call.add_medium(sound);
    }
    Ok(())
}

fn file(reader: &mut Reader<'_, '_>, data: Value<'_>) -> Result<(), Invalid> {
    reader.call.input.overhead += around::FILE;
    reader.call.add_content(Content::of_file(&decoded(data)?));
    Ok(())
}

pub(super) fn decoded(value: Value<'_>) -> Result<Cow<'_, str>, Invalid> {
    value.string().map_err(Reader::broken)
}
