//! Texts of which nothing is known yet.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::stop::Stop;
use super::value::Value;
use crate::api::Invalid;

/// Calls `each` for every member of the object that `json` is. Keys come decoded, values as they stand.
pub(in crate::api) fn members<'a>(
    json: &'a str,
    each: impl FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Invalid>,
) -> Result<(), Stop<'a>> {
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
pub(in crate::api) fn items<'a>(
    json: &'a str,
    each: impl FnMut(Value<'a>) -> Result<(), Invalid>,
) -> Result<(), Stop<'a>> {
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
) -> Result<(), Stop<'a>> {
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
    F: FnMut(Cow<'a, str>, Value<'a>) -> Result<(), Invalid>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = map.next_entry::<_, &RawValue>()? {
            (self.each)(key, value.into()).map_err(|invalid| stop(self.stopped, invalid))?;
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
    F: FnMut(Value<'a>) -> Result<(), Invalid>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<&RawValue>()? {
            (self.each)(value.into()).map_err(|invalid| stop(self.stopped, invalid))?;
        }
        Ok(())
    }
}

fn stop<E: serde::de::Error>(stopped: &mut Option<Invalid>, invalid: Invalid) -> E {
    *stopped = Some(invalid);
    E::custom("stopped")
}

/// A string, copied only if it is escaped.
pub(in crate::api) struct Key<'a>(pub(in crate::api) Cow<'a, str>);

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
