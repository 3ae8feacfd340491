#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

use super::compare::{assert_judged_as_read, assert_walked_as_read, walk};
use super::*;
use crate::api::Invalid;

/// Any JSON as it may be written: with white space wherever it may be, with every escape, and with keys that repeat.
fn any_text() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let word = select(&["null", "true", "false", "\"\"", "[]", "{}"][..]).prop_map(str::to_owned);
    let leaf = prop_oneof![word, number, any_string()];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let item = (blank(), inner.clone(), blank())
            .prop_map(|(a, item, b)| a + &item + &b)
            .boxed();
        let member = (blank(), any_string(), blank(), item.clone())
            .prop_map(|(a, key, b, value)| format!("{a}{key}{b}:{value}"));
        let array = vec(item, 1..5).prop_map(|items| format!("[{}]", items.join(",")));
        let object = vec(member, 1..5).prop_map(|members| format!("{{{}}}", members.join(",")));
        let empty = (select(&["[]", "{}"][..]), blank())
            .prop_map(|(brackets, blank)| brackets[..1].to_owned() + &blank + &brackets[1..]);
        prop_oneof![3 => array, 3 => object, 1 => empty]
    })
}

fn any_string() -> impl Strategy<Value = String> {
    const PIECES: [&str; 22] = [
        "a",
        "key",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        " ",
        "é",
        "日本",
        "\\\"",
        "\\\\",
        "\\n",
        "\\t",
        "\\r",
        "\\b",
        "\\f",
        "\\/",
        "\\u0041",
        "\\ud83d\\ude00",
        "\\ud800",
    ];
    let piece = prop_oneof![
        4 => select(&PIECES[..]).prop_map(str::to_owned),
        1 => "[^\\\\\"\\x00-\\x1f]{0,40}",
    ];
    vec(piece, 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn blank() -> impl Strategy<Value = String> {
    prop_oneof![6 => Just(String::new()), 1 => "[ \t\n\r]{1,3}", 1 => "\n {4,20}"]
}

/// A text with a mistake, as a rule: something left out, put in or exchanged.
fn almost_any_text() -> impl Strategy<Value = String> {
    const PIECES: [&str; 24] = [
        "", "", " ", "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u12g4", "\\x", "\n", "\u{1f}",
        "\u{7f}", "-", "+", ".", "e", "0", "1", "nul", "tru",
    ];
    let mistake = (
        any::<proptest::sample::Index>(),
        0..3_usize,
        select(&PIECES[..]),
    );
    (any_text(), mistake, any::<bool>()).prop_map(|(mut text, (at, len, piece), cut)| {
        let places: Vec<usize> = (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .collect();
        let start = at.index(places.len());
        let end = (start + len).min(places.len() - 1);
        text.replace_range(places[start]..places[end], piece);
        if cut {
            text.truncate(places[start]);
        }
        text
    })
}

proptest! {
    #[test]
    fn what_is_json_is_what_serde_json_says_is(
        text in prop_oneof![any_text(), almost_any_text(), "[\\[\\]{}\":,\\\\ au0.eE+-]{0,12}"],
    ) {
        assert_judged_as_read(&text);
    }

    #[test]
    fn a_number_is_what_serde_json_says_is(number in "[-+]?[0-9]{0,3}[.]?[0-9]{0,2}[eE]?[-+]?[0-9a]{0,2}") {
        assert_judged_as_read(&format!("[{number},{number}]"));
        assert_judged_as_read(&format!("{{\"a\":{number}}}"));
    }

    #[test]
    fn what_serde_json_has_read_is_walked_as_it_reads_it(text in any_text()) {
        let raw: &RawValue = serde_json::from_str(&text).unwrap();
        assert_walked_as_read(raw.into());
    }

    #[test]
    fn strings_are_what_serde_json_decodes(text in any_string()) {
        let value = Value::part(&text);
        let decoded = serde_json::from_str::<String>(&text).map_err(|error| error.to_string());
        let string = value.string().map_err(|error| error.to_string());
        prop_assert_eq!(string.as_deref(), decoded.as_deref());
        let found = value.text(&text).ok();
        prop_assert_eq!(found.as_ref().map(|found| found.of(&text)), decoded.as_deref().ok());
    }

    #[test]
    fn a_walk_through_what_is_no_json_comes_to_an_end(text in "[\\[\\]{}\",:\\\\ aé0]{0,64}") {
        let mut parts = 0;
        walk(Value::part(&text), &mut parts);
        prop_assert!(parts <= 2 * (text.len() + 1) * (text.len() + 1));
    }
}

#[test]
fn a_walk_ends_where_its_caller_ends_it() {
    let stopped = |walked: Result<(), Stop<'_>>| walked.err().map(|stop| stop.at("it").message);
    let json = r#"{"a":[1,2],"b":3}"#;
    let raw: &RawValue = serde_json::from_str(json).unwrap();
    let mut seen = 0;
    let walked = Value::from(raw).members(|key, _| {
        seen += 1;
        Err(Invalid::body(format!("{key} is enough")))
    });
    assert_eq!(stopped(walked).as_deref(), Some("a is enough"));
    assert_eq!(seen, 1);
    let of_another_shape = "it cannot be read: invalid type: map, expected a JSON array";
    let walked = Value::from(raw).items(|_| Ok(()));
    assert_eq!(stopped(walked).as_deref(), Some(of_another_shape));
}

/// A place in the value would be looked for in the body.
#[test]
fn a_complaint_names_a_place_only_in_the_body() {
    let no_array = Value::part("\"hi\"").items(|_| Ok(()));
    let complaint = no_array.err().map(|stop| stop.at("messages").message);
    let said = "messages cannot be read: invalid type: string \"hi\", expected a JSON array";
    assert_eq!(complaint.as_deref(), Some(said));
    let no_object = members("{\n1}", |_, _| Ok(()));
    let complaint = no_object.err().map(|stop| stop.at_body().message);
    let said = "the body is not a JSON object: key must be a string at line 2 column 1";
    assert_eq!(complaint.as_deref(), Some(said));
}

#[test]
fn brackets_may_nest_as_deep_as_a_text_is_long() {
    let json = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_judged_as_read(&json);
    assert_judged_as_read(&json[..150_000]);
    let raw: &RawValue = serde_json::from_str(&json).unwrap();
    let mut inside = None;
    let walked = Value::from(raw).items(|item| {
        inside = Some(item.get().len());
        Ok(())
    });
    assert!(walked.is_ok());
    assert_eq!(inside, Some(json.len() - 2));
}
