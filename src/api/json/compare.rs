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

fn shown_members<'a>(
    walk: impl FnOnce(&mut dyn FnMut(String, Value<'a>)) -> Result<(), Stop<'a>>,
) -> Shown<'a> {
    let mut shown = Vec::new();
    let walked = walk(&mut |key, value| shown.push((key, value.get())));
    (shown, walked.err().map(|stop| stop.at("it")))
}

/// Asserts that a value is walked as `serde_json` reads it, and so is everything in it.
pub(super) fn assert_walked_as_read(value: Value<'_>) {
    let known = shown_members(|show| value.members(|key, value| pass(show(key.into(), value))));
    let read =
        shown_members(|show| members(value.get(), |key, value| pass(show(key.into(), value))));
    assert_eq!(known, read);
    let known_items = shown_members(|show| value.items(|item| pass(show(String::new(), item))));
    let read_items =
        shown_members(|show| items(value.get(), |item| pass(show(String::new(), item))));
    assert_eq!(known_items, read_items);
    let parts = known.0.into_iter().chain(known_items.0);
    for (_, part) in parts {
        let at = position(value.get(), part);
        assert_eq!(value.get().get(at), Some(part), "it stands elsewhere");
        assert_walked_as_read(Value::part(part));
    }
}

fn pass((): ()) -> Result<(), Invalid> {
    Ok(())
}

/// Walks through everything, whatever it finds.
pub(super) fn walk(value: Value<'_>, parts: &mut usize) {
    *parts += 1;
    let _ = value.string();
    let _ = value.members(|_, value| pass(walk(value, parts)));
    let _ = value.items(|item| pass(walk(item, parts)));
}
