//! A JSON tree that keeps repeated keys and the digits of numbers, which `serde_json::Value` forgets.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;

use crate::api::Invalid;
use crate::api::json::{Scanner, Value};

/// Deeper values are refused, before they overflow the stack; `serde_json` goes as deep.
const DEEPEST: u8 = 127;

pub(in crate::api) enum Node<'a> {
    /// A number, `true`, `false` or `null`, as it is written.
    Plain(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The tree of a value.
    pub(in crate::api) fn of(value: Value<'a>) -> serde_json::Result<Self> {
        read(&mut Scanner::of(value), DEEPEST)
    }

    /// The members of an object, repeated ones included.
    pub(in crate::api) fn members(
        &self,
        param: &'static str,
    ) -> Result<&[(Cow<'a, str>, Node<'a>)], Invalid> {
        match self {
            Self::Object(members) => Ok(members),
            _ => Err(Invalid::param(
                param,
                format!("{param} must hold JSON objects"),
            )),
        }
    }
}

/// As JSON, but that strings are not escaped: for counting.
impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::String(text) => write!(f, "\"{text}\""),
            Self::Array(items) => {
                f.write_str("[")?;
                for item in items {
                    write!(f, "{item},")?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (key, value) in members {
                    write!(f, "\"{key}\":{value},")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Reads the tree of what comes next.
fn read<'a>(scanner: &mut Scanner<'a>, depth: u8) -> serde_json::Result<Node<'a>> {
    match scanner.peek() {
        Some(b'"') => string(scanner.string()).map(Node::String),
        Some(b'[') => list(scanner, *b"[]", depth, read).map(Node::Array),
        Some(b'{') => list(scanner, *b"{}", depth, member).map(Node::Object),
        _ => plain(scanner).map(Node::Plain),
    }
}

fn member<'a>(
    scanner: &mut Scanner<'a>,
    depth: u8,
) -> serde_json::Result<(Cow<'a, str>, Node<'a>)> {
    let key = string(scanner.key())?;
    Ok((key, read(scanner, depth)?))
}

/// What stands between two brackets.
fn list<'a, T>(
    scanner: &mut Scanner<'a>,
    [opening, closing]: [u8; 2],
    depth: u8,
    each: fn(&mut Scanner<'a>, u8) -> serde_json::Result<T>,
) -> serde_json::Result<Vec<T>> {
    let too_deep = || serde_json::Error::custom("recursion limit exceeded");
    let deeper = depth.checked_sub(1).ok_or_else(too_deep)?;
    let mut list = Vec::new();
    scanner.open(opening);
    while !scanner.closes(closing) {
        list.push(each(scanner, deeper)?);
    }
    Ok(list)
}

fn string<'a>(text: serde_json::Result<Option<Cow<'a, str>>>) -> serde_json::Result<Cow<'a, str>> {
    text?.ok_or_else(|| serde_json::Error::custom("expected a string"))
}

fn plain<'a>(scanner: &mut Scanner<'a>) -> serde_json::Result<&'a str> {
    let plain = scanner.plain();
    plain.ok_or_else(|| serde_json::Error::custom("expected a value"))
}
