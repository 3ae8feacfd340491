#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What is said of a document that comes in these pieces: its objects, whether it was cut, and whether it broke off.
fn read(mut outline: Outline, pieces: &[&[u8]]) -> (Vec<String>, bool, bool) {
    let mut objects = Vec::new();
    for piece in pieces {
        outline.feed(piece, |object| objects.push(object.to_owned()));
    }
    (objects, outline.cut(), outline.broken_off())
}

fn outline(pieces: &[&[u8]]) -> (Vec<String>, bool, bool) {
    read(Outline::default(), pieces)
}

/// The same of copies: what was read in place is copied now.
fn copied((objects, cut, broken_off): (Vec<String>, bool, bool)) -> (Vec<String>, bool, bool) {
    let copy = |object: &String| {
        let bytes: Vec<&[u8]> = object.as_bytes().chunks(1).collect();
        outline(&bytes).0
    };
    (objects.iter().flat_map(copy).collect(), cut, broken_off)
}

fn whole<const N: usize>(objects: [&str; N]) -> (Vec<String>, bool, bool) {
    (objects.map(str::to_owned).into(), false, false)
}

#[test]
fn a_small_document_is_copied_wherever_it_is_cut() {
    let document = r#" { "a\"b}" : "x,\\", "c":[{"d":"]}"},{}] ,"e":null,"usage":{"t":1,"ü":"\u0041"},"f":{ }} "#;
    let in_place = outline(&[document.as_bytes()]);
    assert_eq!(in_place, whole([document]));
    let copied = copied(in_place);
    let copy: Value = serde_json::from_str(&copied.0[0]).unwrap();
    assert_eq!(copy, serde_json::from_str::<Value>(document).unwrap());
    assert_eq!((copied.0.len(), copied.1, copied.2), (1, false, false));
    for cut in 2..document.len() - 1 {
        let (head, tail) = document.as_bytes().split_at(cut);
        assert_eq!(outline(&[head, tail]), copied, "cut at {cut}");
    }
    let bytes: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
    assert_eq!(outline(&bytes), copied);
}

#[test]
fn large_members_are_left_out_and_the_others_kept() {
    let large = "x".repeat(3 << 20);
    let document = json!({ "a": 1, "b": large, "c": [large], "usage": { "prompt_tokens": 7 } });
    let document = document.to_string();
    for size in [1 << 16, document.len()] {
        let pieces: Vec<&[u8]> = document.as_bytes().chunks(size).collect();
        let (objects, cut, broken_off) = outline(&pieces);
        assert_eq!(objects, [r#"{"a":1,"usage":{"prompt_tokens":7}}"#]);
        assert!(cut && !broken_off);
    }
}

#[test]
fn of_a_large_object_its_small_members_are_kept() {
    let large = "x".repeat(3 << 20);
    let response = json!({
        "id": "resp_1", "instructions": large, "tools": [{ "description": large }],
        "deeper": { "usage": 1, "large": large }, "usage": { "input_tokens": 7 },
    });
    let document = json!({ "type": "response.completed", "response": response }).to_string();
    let (objects, cut, broken_off) = outline(&[document.as_bytes()]);
    let kept = r#"{"id":"resp_1","usage":{"input_tokens":7}}"#;
    assert_eq!(
        serde_json::from_str::<Value>(&objects[0]).unwrap(),
        json!({ "type": "response.completed", "response": serde_json::from_str::<Value>(kept).unwrap() })
    );
    assert!(cut && !broken_off);
}

#[test]
fn each_object_of_an_array_is_handed_out_as_it_ends() {
    let mut outline = Outline::default();
    let mut objects = Vec::new();
    let mut handed_out = |piece: &[u8]| {
        outline.feed(piece, |object| objects.push(object.to_owned()));
        std::mem::take(&mut objects)
    };
    assert_eq!(handed_out(b" [{\"a\":"), [""; 0]);
    assert_eq!(handed_out(b"{\"b\":1}}"), [r#"{"a":{"b":1}}"#]);
    assert_eq!(handed_out(b"\n,\r\n{},{\"c\":[]"), ["{}"]);
    assert_eq!(handed_out(b"}"), [r#"{"c":[]}"#]);
    assert!(outline.broken_off() && !outline.cut());
    outline.feed(b"\n] \n", |_| panic!("nothing is left"));
    assert!(!outline.broken_off() && !outline.cut());
}

#[test]
fn an_array_that_breaks_off_has_handed_out_what_was_complete() {
    let document = r#"[{"a":"]"}, {"b":{"c":[2]}} ,{"d":1}]"#;
    let ends = [9, 26, document.len() - 2];
    for cut in 0..document.len() {
        let (objects, left_out, broken_off) = outline(&[&document.as_bytes()[..cut]]);
        let complete = ends.iter().filter(|end| **end < cut).count();
        assert_eq!(objects.len(), complete, "cut at {cut}");
        assert!(!left_out);
        assert_eq!(broken_off, cut > 0);
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let member = format!("\"k\":\"{}\",", "x".repeat(1_000_000));
    for opening in ["{", "[{", "{\"a\":{", "[{\"a\":1},{\"b\":{"] {
        let mut outline = Outline::default();
        outline.feed(opening.as_bytes(), |_| {});
        for _ in 0..20 {
            outline.feed(member.as_bytes(), |_| {});
        }
        outline.feed(b"\"open\":", |_| {});
        for _ in 0..20 {
            outline.feed(&[b'['; 1_000_000], |_| {});
        }
        let Bounds { member, object } = Bounds::default();
        // A vector that grows may have twice the room that is needed.
        assert!(outline.copy.size() <= 2 * (member + object));
        assert!(outline.cut() && outline.broken_off());
    }
}

#[test]
fn a_large_object_leaves_no_memory_behind() {
    let mut outline = Outline::default();
    let large = "x".repeat(1_000_000);
    let document = format!(r#"[{{"a":"{large}","b":"{large}"}},"#);
    outline.feed(document.as_bytes(), |object| {
        assert!(object.len() > 2_000_000)
    });
    assert!(outline.copy.size() < 256 * 1024);
}

#[test]
fn what_is_no_object_has_no_outline() {
    for unfinished in [
        "[",
        "{",
        "{\"a\"",
        "{\"a\":1",
        "{\"a\":\"1}",
        "{\"a\":1,",
        "{\"a\":{\"b\":1}",
        "[{",
    ] {
        assert_eq!(
            outline(&[unfinished.as_bytes()]),
            (vec![], false, true),
            "{unfinished}"
        );
    }
    for broken in [
        "null",
        "[[]]",
        "[1]",
        "[,]",
        "]",
        "{,}",
        "{a:1}",
        "{\"a\"}",
        "{\"a\",\"b\":1}",
        "{\"a\":1,}",
        "{\"a\":1]}",
        "{\"a\":1:2}",
        "{\"a\":{\"b\":1,}}",
        "{\"a\":{} {}}",
        "[{\"a\":1]",
        "\u{feff}{}",
    ] {
        assert_eq!(
            outline(&[broken.as_bytes()]),
            (vec![], true, true),
            "{broken}"
        );
    }
    for nothing in ["", " \r\n\t", "[]", " [ ] "] {
        assert_eq!(outline(&[nothing.as_bytes()]), whole([]), "{nothing}");
    }
    assert_eq!(outline(&[b" ", b"{", b"} "]), whole(["{}"]));
}

#[test]
fn what_follows_a_document_is_told_of() {
    for (followed, objects) in [
        ("{\"a\":1}x", vec!["{\"a\":1}"]),
        ("{}{}", vec!["{}"]),
        ("{}\n{}", vec!["{}"]),
        ("[{}]{}", vec!["{}"]),
        ("[{},{}],", vec!["{}", "{}"]),
        ("[{} {}]", vec!["{}"]),
        ("[{},]", vec!["{}"]),
    ] {
        let (handed_out, cut, broken_off) = outline(&[followed.as_bytes()]);
        assert_eq!(handed_out, objects, "{followed}");
        assert!(cut && broken_off, "{followed}");
    }
}

/// A member of a made-up object: a value as it is written, or members of its own.
#[derive(Debug, Clone)]
enum Made {
    Value(String),
    Object(Vec<(String, String)>),
}

const BOUNDS: Bounds = Bounds {
    member: 24,
    object: 96,
};

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-9][0-9]{0,29}",
        "\"([a-z,:{}\\[\\] é]|\\\\\"|\\\\\\\\){0,24}\"",
        "\\[([1-9]{1,3},){0,8}\"[\\]}]\"\\]",
        Just("[{\"a\":{\"b\":{}}}]".to_owned()),
    ]
}

fn member() -> impl Strategy<Value = (String, Made)> {
    let nested = proptest::collection::vec(("\"[a-z]{1,9}\"", value()), 0..5);
    let made = prop_oneof![value().prop_map(Made::Value), nested.prop_map(Made::Object)];
    ("\"([a-z:{}]|\\\\\"){1,9}\"", made)
}

fn object() -> impl Strategy<Value = Vec<(String, Made)>> {
    proptest::collection::vec(member(), 0..7)
}

fn written(object: &[(String, Made)], space: &str) -> String {
    let joined = |members: Vec<String>| {
        let members = members.join(&format!("{space},{space}"));
        format!("{{{space}{members}{space}}}")
    };
    let member = |(key, made): &(String, Made)| {
        let value = match made {
            Made::Value(value) => value.clone(),
            Made::Object(members) => joined(
                members
                    .iter()
                    .map(|(key, value)| format!("{key}:{space}{value}"))
                    .collect(),
            ),
        };
        format!("{key}:{space}{value}")
    };
    joined(object.iter().map(member).collect())
}

/// What is kept of an object without white space: member for member, as long as it fits.
fn kept(object: &[(String, Made)], bounds: Bounds) -> (String, bool) {
    let mut kept = String::from("{");
    let mut cut = false;
    let fits = |kept: &str, member: &str| {
        member.len() <= bounds.member && kept.len() + member.len() + 4 <= bounds.object
    };
    let comma = |kept: &str| if kept.ends_with('{') { "" } else { "," };
    for (key, made) in object {
        let (nested, members) = match made {
            Made::Value(value) => (None, vec![format!("{key}:{value}")]),
            Made::Object(members) => {
                let members = members.iter().map(|(key, value)| format!("{key}:{value}"));
                (Some(format!("{key}:")), members.collect())
            }
        };
        if let Some(opening) = &nested {
            if !fits(&kept, opening) {
                cut = true;
                continue;
            }
            kept = format!("{kept}{}{opening}{{", comma(&kept));
        }
        for member in members {
            if fits(&kept, &member) {
                kept = format!("{kept}{}{member}", comma(&kept));
            } else {
                cut = true;
            }
        }
        if nested.is_some() {
            kept.push('}');
        }
    }
    kept.push('}');
    (kept, cut)
}

fn chunks<'a>(document: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = document;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (head, tail) = rest.split_at((*size).min(rest.len()));
        pieces.push(head);
        rest = tail;
    }
    pieces
}

proptest! {
    #[test]
    fn any_bytes_cut_anywhere_give_the_same(
        document in "[{}\\[\\]\",:\\\\ a1é]{0,60}",
        sizes in proptest::collection::vec(1usize..9, 1..9),
    ) {
        let document = document.as_bytes();
        let pieces = chunks(document, &sizes);
        prop_assert_eq!(copied(outline(&pieces)), copied(outline(&[document])));
        let small = Bounds { member: 4, object: 16 };
        let within = |pieces: &[&[u8]]| read(Outline::within(small), pieces);
        let cut = within(&pieces);
        prop_assert!(cut.0.iter().all(|object| object.len() <= 3 * small.object));
        prop_assert_eq!(copied(cut), copied(within(&[document])));
    }

    #[test]
    fn what_fits_is_kept_and_nothing_else(
        objects in proptest::collection::vec(object(), 0..4),
        sizes in proptest::collection::vec(1usize..40, 1..9),
    ) {
        let items: Vec<String> = objects.iter().map(|object| written(object, "")).collect();
        let document = format!("[{}]", items.join(","));
        let read = read(Outline::within(BOUNDS), &chunks(document.as_bytes(), &sizes));
        let model: Vec<(String, bool)> = objects.iter().map(|object| kept(object, BOUNDS)).collect();
        prop_assert_eq!(read.1, model.iter().any(|(_, cut)| *cut));
        prop_assert!(!read.2);
        prop_assert!(read.0.iter().all(|object| object.len() <= BOUNDS.object));
        let model: Vec<String> = model.into_iter().map(|(kept, _)| kept).collect();
        prop_assert_eq!(read.0, model);
    }

    #[test]
    fn what_comes_whole_is_read_in_place_and_says_what_its_copy_says(
        object in object(),
        space in "[ \\t\\r\\n]{0,9}",
        sizes in proptest::collection::vec(1usize..40, 1..9),
    ) {
        let document = space.clone() + &written(&object, &space);
        let in_place = outline(&[document.as_bytes()]);
        prop_assert_eq!(&in_place, &whole([&document]));
        prop_assert_eq!(copied(in_place), copied(outline(&chunks(document.as_bytes(), &sizes))));
    }

    #[test]
    fn what_is_nearly_an_object_says_the_same_wherever_it_is_cut(
        object in object(),
        space in prop_oneof![Just(""), Just(" \n")],
        at in any::<prop::sample::Index>(),
        mark in "[ \n,:{}\"\\[0\u{1}]",
        sizes in proptest::collection::vec(1usize..40, 1..9),
    ) {
        let mut document = written(&object, space).into_bytes();
        document.insert(at.index(document.len() + 1), mark.as_bytes()[0]);
        let cut = outline(&chunks(&document, &sizes));
        prop_assert_eq!(copied(outline(&[&document])), copied(cut));
    }

    #[test]
    fn what_is_small_is_copied_as_it_means(object in object(), sizes in proptest::collection::vec(1usize..40, 1..9)) {
        let document = written(&object, " \n");
        let (objects, cut, broken_off) = outline(&chunks(document.as_bytes(), &sizes));
        prop_assert!(!cut && !broken_off);
        prop_assert_eq!(objects.len(), 1);
        let copy: Value = serde_json::from_str(&objects[0]).unwrap();
        prop_assert_eq!(copy, serde_json::from_str::<Value>(&document).unwrap());
    }
}
