//! Walking over a JSON text without building a tree: every value is a slice of the text it was read from.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Invalid, Text};

/// Why a walk ended early.
pub(super) enum Stop {
    /// The text is not of the expected shape, or not JSON at all.
    Json(serde_json::Error),
    /// The caller of the walk did not like what he saw.
    Invalid(Invalid),
}

impl Stop {
    /// Blames what does not fit on a parameter.
    pub(super) fn at(self, param: &'static str) -> Invalid {
        match self {
            Self::Json(error) => Invalid::param(param, format!("{param} cannot be read: {error}")),
            Self::Invalid(invalid) => invalid,
        }
    }

    /// Blames what does not fit on the whole body.
    pub(super) fn at_body(self) -> Invalid {
        match self {
            Self::Json(error) => Invalid::body(format!("the body is not a JSON object: {error}")),
            Self::Invalid(invalid) => invalid,
        }
    }
}

/// Calls `each` for every member of the object that `json` is. Keys come decoded, values as they stand.
pub(super) fn members<'a>(
    json: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a RawValue) -> Result<(), Invalid>,
) -> Result<(), Stop> {
    walk(json, |deserializer, stopped| {
        let members = Members {
            each,
            stopped,
            lives: PhantomData,
        };
        deserializer.deserialize_map(members)
    })
}

/// Calls `each` for every item of the array that `json` is.
pub(super) fn items<'a>(
    json: &'a str,
    each: impl FnMut(&'a RawValue) -> Result<(), Invalid>,
) -> Result<(), Stop> {
    walk(json, |deserializer, stopped| {
        let items = Items {
            each,
            stopped,
            lives: PhantomData,
        };
        deserializer.deserialize_seq(items)
    })
}

/// A walk's visitor can only fail with serde's error, so the caller's own is put aside.
fn walk<'a>(
    json: &'a str,
    visit: impl FnOnce(
        &mut serde_json::Deserializer<serde_json::de::StrRead<'a>>,
        &mut Option<Invalid>,
    ) -> serde_json::Result<()>,
) -> Result<(), Stop> {
    let mut stopped = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let walked = visit(&mut deserializer, &mut stopped).and_then(|()| deserializer.end());
    match (stopped, walked) {
        (Some(invalid), _) => Err(Stop::Invalid(invalid)),
        (None, Err(error)) => Err(Stop::Json(error)),
        (None, Ok(())) => Ok(()),
    }
}

struct Members<'a, 's, F> {
    each: F,
    stopped: &'s mut Option<Invalid>,
    lives: PhantomData<&'a str>,
}

impl<'a, F> Visitor<'a> for Members<'a, '_, F>
where
    F: FnMut(Cow<'a, str>, &'a RawValue) -> Result<(), Invalid>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = map.next_entry()? {
            (self.each)(key, value).map_err(|invalid| stop(self.stopped, invalid))?;
        }
        Ok(())
    }
}

struct Items<'a, 's, F> {
    each: F,
    stopped: &'s mut Option<Invalid>,
    lives: PhantomData<&'a str>,
}

impl<'a, F> Visitor<'a> for Items<'a, '_, F>
where
    F: FnMut(&'a RawValue) -> Result<(), Invalid>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element()? {
            (self.each)(value).map_err(|invalid| stop(self.stopped, invalid))?;
        }
        Ok(())
    }
}

fn stop<E: serde::de::Error>(stopped: &mut Option<Invalid>, invalid: Invalid) -> E {
    *stopped = Some(invalid);
    E::custom("stopped")
}

/// A string, copied only if it is escaped.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Strings).map(Key)
    }
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    String,
    Array,
    Object,
}

/// What kind of value it is, by its first byte.
pub(super) fn kind(value: &RawValue) -> Kind {
    match value.get().as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't') => Kind::Bool(true),
        Some(b'f') => Kind::Bool(false),
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The text of a value that is a string; copied only if it is escaped.
pub(super) fn string(value: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    match (kind(value), unescaped(value)) {
        (Kind::String, Some(text)) => Ok(Cow::Borrowed(text)),
        (Kind::String, None) => serde_json::from_str(value.get()).map(|Key(text)| text),
        _ => Err(serde_json::Error::custom("expected a string")),
    }
}

/// What stands between the quotes of a string that has no escapes: it has been read once already, and is what it says.
fn unescaped(value: &RawValue) -> Option<&str> {
    let text = value.get().strip_prefix('"')?.strip_suffix('"')?;
    memchr::memchr(b'\\', text.as_bytes())
        .is_none()
        .then_some(text)
}

/// Where `part` stands in `whole`, which it is a slice of.
pub(super) fn position(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// The text of a value that is a string: a place in `body`, which it is a slice of, unless it is escaped.
pub(super) fn text(body: &str, value: &RawValue) -> serde_json::Result<Text> {
    Ok(match string(value)? {
        Cow::Borrowed(text) => Text::Span(position(body, text)),
        Cow::Owned(text) => Text::Owned(text.into()),
    })
}
