//! What `serde_json` says of a value, beside what the walks say that do not judge it again.

#[cfg(fuzzing)]
use serde_json::value::RawValue;

use super::{Stop, Value, items, members, position};
use crate::api::Invalid;

/// Compares what is said of any text that may be JSON. Of one that is not, a walk says anything, but comes to an end.
#[cfg(fuzzing)]
pub(crate) fn compare(text: &str) {
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

/// Asserts that a value is walked as `serde_json` reads it, and so is everything in it.
pub(super) fn assert_walked_as_read(value: Value<'_>) {
    let json = value.get();
    let walked_members = shown(|show| value.members(|key, value| show(&key, value)));
    let read_members = shown(|show| members(json, |key, value| show(&key, value)));
    assert_eq!(walked_members, read_members);
    let walked_items = shown(|show| value.items(|item| show("", item)));
    let read_items = shown(|show| items(json, |item| show("", item)));
    assert_eq!(walked_items, read_items);
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
