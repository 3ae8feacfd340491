//! Data within a request: media, and texts that are dressed as such.

use std::borrow::Cow;

use super::names::camel;
use crate::api::json::Value;
use crate::api::media::Content;
use crate::api::read::keys::Seen;
use crate::api::read::value::not_null;
use crate::api::{Invalid, Medium};

/// Keys that decide what the data are taken for.
const DECISIVE: [&str; 3] = ["mimeType", "data", "fileUri"];

/// An `inlineData` or a `fileData`.
#[derive(Default)]
pub(super) struct Blob<'a> {
    mime: Option<Value<'a>>,
    source: Option<Value<'a>>,
    /// Its other members.
    pub(super) others: Vec<Value<'a>>,
}

impl<'a> Blob<'a> {
    /// Reads one whose data, or whose address, stand under `source`.
    pub(super) fn of(value: Value<'a>, source: &'static str) -> Result<Self, Invalid> {
        let mut blob = Self::default();
        let mut seen = Seen::of(&DECISIVE);
        value
            .members(|key, value| {
                let key = camel(&key);
                seen.note(&key)?;
                match &*key {
                    "mimeType" => blob.mime = Some(value).filter(not_null),
                    key if key == source => blob.source = Some(value).filter(not_null),
                    _ => blob.others.push(value),
                }
                Ok(())
            })
            .map_err(|stop| stop.at("contents"))?;
        Ok(blob)
    }

    /// The medium, or the text. Text comes as data too (`text/plain` and many others), and is billed as text.
    pub(super) fn read(&self) -> Result<Content, Invalid> {
        let mime = text("mimeType", self.mime)?;
        let base64 = text("data", self.source)?;
        Ok(Content::of_type(&mime, &base64))
    }

    /// A medium of which its kind is known, at best.
    pub(super) fn by_reference(&self) -> Result<Medium, Invalid> {
        let mime = text("mimeType", self.mime)?;
        Ok(Medium {
            by_reference: true,
            ..Medium::of_type(&mime, "")
        })
    }
}

/// A member that is a string, or left out.
fn text<'a>(param: &'static str, value: Option<Value<'a>>) -> Result<Cow<'a, str>, Invalid> {
    let text = value.map_or(Ok(Cow::Borrowed("")), Value::string);
    text.map_err(|_| Invalid::param(param, format!("{param} must be a string")))
}
