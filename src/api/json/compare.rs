//! What `serde_json` says of a text, beside what is said of it here.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Key;
use super::{Stop, Value, items, members, position};
use crate::api::Invalid;

/// Compares what is said of any text that may be JSON. Of one that is not, a walk says anything, but comes to an end.
#[cfg(fuzzing)]
pub(crate) fn compare(text: &str) {
    assert_judged_as_read(text);
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => assert_walked_as_read(raw.into()),
        Err(_) => walk(Value::part(text), &mut 0),
    }
}

/// What a walk shows, and how it ends.
type Shown<'a> = (Vec<(String, &'a str)>, Option<Invalid>);

fn shown<'a>(
    walk: impl FnOnce(&mut dyn FnMut(&str, Value<'a>) -> Result<(), Invalid>) -> Result<(), Stop<'a>>,
) -> Shown<'a> {
    let mut shown = Vec::new();
    let walked = walk(&mut |key, value| {
        shown.push((key.to_owned(), value.get()));
        Ok(())
    });
    (shown, walked.err().map(|stop| stop.at("it")))
}

fn shown_members(json: &str) -> Shown<'_> {
    shown(|show| members(json, |key, value| show(&key, value)))
}

fn shown_items(json: &str) -> Shown<'_> {
    shown(|show| items(json, |item| show("", item)))
}

/// Asserts that of any text is said what `serde_json` says: up to where it is no JSON, and in the same words there.
pub(super) fn assert_judged_as_read(text: &str) {
    assert_eq!(shown_members(text), Read::of(text, "a JSON object"));
    assert_eq!(shown_items(text), Read::of(text, "a JSON array"));
}

/// Asserts that a value is walked as `serde_json` reads it, and so is everything in it.
pub(super) fn assert_walked_as_read(value: Value<'_>) {
    let json = value.get();
    assert_judged_as_read(json);
    let walked_members = shown(|show| value.members(|key, value| show(&key, value)));
    assert_eq!(walked_members, shown_members(json));
    let walked_items = shown(|show| value.items(|item| show("", item)));
    assert_eq!(walked_items, shown_items(json));
    let members_in_place =
        shown(|show| value.items_in_place(|item| item.members(|key, value| show(&key, value))));
    let members_of_items = shown(|show| {
        items(json, |item| {
            let walked = members(item.get(), |key, value| show(&key, value));
            walked.map_err(|stop| stop.at("it"))
        })
    });
    assert_eq!(members_in_place, members_of_items);
    for (_, part) in walked_members.0.into_iter().chain(walked_items.0) {
        let stands_there = json.get(position(json, part)) == Some(part);
        assert!(stands_there, "{part} is no part of {json}");
        assert_walked_as_read(Value::part(part));
    }
}

/// Walks through everything, whatever it finds.
pub(super) fn walk(value: Value<'_>, parts: &mut usize) {
    *parts += 1;
    let _ = value.string();
    let _ = value.members(|_, value| {
        walk(value, parts);
        Ok(())
    });
    let _ = value.items(|item| {
        walk(item, parts);
        Ok(())
    });
}

/// What `serde_json` has read of an object or an array.
struct Read<'a, 's> {
    expected: &'static str,
    parts: &'s mut Vec<(String, &'a str)>,
}

impl<'a> Read<'a, '_> {
    fn of(json: &'a str, expected: &'static str) -> Shown<'a> {
        let mut parts = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let read = Read {
            expected,
            parts: &mut parts,
        };
        let read = if expected.ends_with("object") {
            deserializer.deserialize_map(read)
        } else {
            deserializer.deserialize_seq(read)
        };
        let error = read.and_then(|()| deserializer.end()).err();
        (parts, error.map(|error| Stop::Json(error).at("it")))
    }
}

impl<'a> Visitor<'a> for Read<'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = map.next_entry::<_, &RawValue>()? {
            self.parts.push((key.into_owned(), value.get()));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<&RawValue>()? {
            self.parts.push((String::new(), value.get()));
        }
        Ok(())
    }
}
