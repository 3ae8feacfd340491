//! Texts of which nothing is known yet.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::judge::{Judge, Next};
use super::stop::Stop;
use super::value::Value;
use crate::api::Invalid;

/// Calls `each` for every member of the object that `json` is. Keys come decoded, values as they stand.
pub(in crate::api) fn members<'a>(
    json: &'a str,
    mut each: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Invalid>,
) -> Result<(), Stop<'a>> {
    let stop = || Shape::Object.complaint(json);
    let mut judge = Judge::of(json);
    let mut next = judge.open(b'{', b'}').ok_or_else(stop)?;
    while next == Next::Part {
        let key = judge.key().ok_or_else(stop)?;
        let value = judge.value().ok_or_else(stop)?;
        each(key, value).map_err(Stop::Invalid)?;
        next = judge.next(b'}').ok_or_else(stop)?;
    }
    judge.end().ok_or_else(stop)
}

/// Calls `each` for every item of the array that `json` is.
pub(in crate::api) fn items<'a>(
    json: &'a str,
    mut each: impl FnMut(Value<'a>) -> Result<(), Invalid>,
) -> Result<(), Stop<'a>> {
    let stop = || Shape::Array.complaint(json);
    let mut judge = Judge::of(json);
    let mut next = judge.open(b'[', b']').ok_or_else(stop)?;
    while next == Next::Part {
        let value = judge.value().ok_or_else(stop)?;
        each(value).map_err(Stop::Invalid)?;
        next = judge.next(b']').ok_or_else(stop)?;
    }
    judge.end().ok_or_else(stop)
}

/// Whether a text is an object. What its keys stand for is not looked at.
pub(in crate::api) fn is_object(json: &str) -> bool {
    Judge::of(json).object().is_some()
}

/// What a text was expected to be.
enum Shape {
    Object,
    Array,
}

impl Shape {
    /// What is wrong with a text that is of another shape, or no JSON, in `serde_json`'s words.
    fn complaint(self, json: &str) -> Stop<'_> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let read = match self {
            Self::Object => deserializer.deserialize_map(self),
            Self::Array => deserializer.deserialize_seq(self),
        };
        let error = read.and_then(|()| deserializer.end()).err();
        Stop::Json(error.unwrap_or_else(|| serde_json::Error::custom("it is no JSON")))
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "a JSON object",
            Self::Array => "a JSON array",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<Key<'_>, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
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
