//! The parts of a message's content: texts, images, sounds, files.

use std::borrow::Cow;

use super::messages::Reader;
use crate::api::json::{Kind, Value};
use crate::api::media::Content;
use crate::api::read::walk::{Walk as _, is_mark};
use crate::api::{Detail, Invalid, Medium, MediumKind, Opaque};

pub(super) fn part(reader: &mut Reader<'_, '_>, part: Value<'_>) -> Result<(), Invalid> {
    if part.kind() == Kind::String {
        return reader.any(part);
    }
    reader.fields(part, |reader, key, value| match (key, value.kind()) {
        ("type" | "prompt_cache_breakpoint" | "cache_control", _) if is_mark(value) => Ok(()),
        ("image_url" | "image", Kind::Object | Kind::String) => image(reader, value),
        ("input_audio" | "audio_url", Kind::Object | Kind::String) => {
            encoded(reader, value, MediumKind::Audio)
        }
        ("video_url", Kind::Object | Kind::String) => encoded(reader, value, MediumKind::Video),
        ("file", Kind::Object) => file(reader, value),
        _ => reader.any(value),
    })
}

/// `{"url": …, "detail": …}`, or the address itself.
fn image(reader: &mut Reader<'_, '_>, value: Value<'_>) -> Result<(), Invalid> {
    if value.kind() == Kind::String {
        let image = Medium::image(&text(value)?, Detail::Auto);
        reader.call.add_medium(image);
        return Ok(());
    }
    let mut images = Vec::new();
    let mut detail = Detail::Auto;
    reader.fields(value, |reader, key, value| {
        match (key, value.kind()) {
            ("url", Kind::String) => images.push(Medium::image(&text(value)?, Detail::Auto)),
            ("detail", Kind::String) if is_mark(value) => detail = Detail::of(&text(value)?),
            _ => reader.any(value)?,
        }
        Ok(())
    })?;
    // One without an address is one that we do not understand.
    if images.is_empty() {
        images.push(Medium::unknown(MediumKind::Image));
    }
    for image in images {
        reader.call.add_medium(image.with_detail(detail));
    }
    Ok(())
}

/// `{"data": …, "format": …}` or `{"url": …}`, or the address itself.
fn encoded(reader: &mut Reader<'_, '_>, value: Value<'_>, of: MediumKind) -> Result<(), Invalid> {
    if value.kind() == Kind::String {
        let medium = Medium::by_source(of, &text(value)?);
        reader.call.add_medium(medium);
        return Ok(());
    }
    let mut media = Vec::new();
    let mut is_wav = false;
    reader.fields(value, |reader, key, value| {
        match (key, value.kind()) {
            ("data", Kind::String) => media.push(Medium::encoded(of, &text(value)?)),
            ("url", Kind::String) => media.push(Medium::by_source(of, &text(value)?)),
            ("format", Kind::String) if is_mark(value) => is_wav = text(value)? == "wav",
            _ => reader.any(value)?,
        }
        Ok(())
    })?;
    // One without data is one that we do not understand.
    if media.is_empty() {
        media.push(Medium::unknown(of));
    }
    for medium in media {
        let medium = if is_wav {
            medium
        } else {
            medium.of_unknown_length()
        };
        reader.call.add_medium(medium);
    }
    Ok(())
}

/// `{"file_data": …, "filename": …}` or `{"file_id": …}`.
fn file(reader: &mut Reader<'_, '_>, value: Value<'_>) -> Result<(), Invalid> {
    reader.fields(value, |reader, key, value| match (key, value.kind()) {
        ("file_data", Kind::String) => {
            let content = Content::of_file(&text(value)?);
            reader.call.add_content(content);
            Ok(())
        }
        ("file_id" | "file_url", Kind::String) => {
            reader.call.hides(Opaque::File);
            Ok(())
        }
        _ => reader.any(value),
    })
}

fn text(value: Value<'_>) -> Result<Cow<'_, str>, Invalid> {
    value.string().map_err(Reader::broken)
}
