//! The format of the answer, where a JSON schema says it: what OpenAI makes of it in the prompt, by measurement.
//!
//! ```text
//! # Response Formats
//!
//! ## name
//!
//! // description
//! {"type":"object","properties":{…}}
//! ```
//! The heading is that of its published format (<https://github.com/openai/harmony>). Which properties are required, and
//! that there are no others, is not told.

use std::collections::HashSet;

use super::schema::{Member, text};
use super::tools::LARGEST;
use crate::api::json::{Value, position, unplaced};
use crate::api::read::node::Node;
use crate::api::{Input, Invalid, Text};

/// The line breaks that part it from what comes before.
const SEPARATOR: u64 = 1;

/// A format with `name`, `description` and `schema`; what else it says is counted too.
pub(in crate::api) fn json_schema(
    body: &str,
    format: Value<'_>,
    param: &'static str,
    input: &mut Input,
) -> Result<(), Invalid> {
    input.overhead += SEPARATOR;
    if format.get().len() > LARGEST {
        input.add(Text::Span(position(body, format.get())));
        return Ok(());
    }
    let broken = |error| {
        Invalid::param(
            param,
            format!("{param} cannot be read: {}", unplaced(&error)),
        )
    };
    let node = Node::of(format).map_err(broken)?;
    let members = node.members(param)?;
    let mut told = format!("# Response Formats\n\n## {}\n\n", text(members, "name"));
    let description = text(members, "description");
    if !description.is_empty() {
        told.push_str("// ");
        told.push_str(&description);
        told.push('\n');
    }
    for (key, value) in members {
        match (&**key, value) {
            ("name" | "description", Node::String(_))
            | ("strict", Node::Plain("true" | "false"))
            | (_, Node::Plain("null")) => {}
            ("type", Node::String(kind)) if kind == "json_schema" => {}
            ("schema", schema) => write(schema, &mut told, true),
            (key, value) => {
                told.push_str(key);
                write(value, &mut told, false);
            }
        }
    }
    input.add(Text::Owned(told.into()));
    Ok(())
}

/// As JSON without white space.
fn write(node: &Node<'_>, out: &mut String, is_schema: bool) {
    match node {
        Node::Plain(text) => out.push_str(text),
        Node::String(text) => string(text, out),
        Node::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(item, out, is_schema);
            }
            out.push(']');
        }
        Node::Object(members) => object(members, out, is_schema),
    }
}

fn object(members: &[Member<'_>], out: &mut String, is_schema: bool) {
    out.push('{');
    let mut is_first = true;
    let properties = if is_schema {
        names(members)
    } else {
        HashSet::new()
    };
    for (key, value) in members {
        if is_schema && is_untold(key, value, &properties) {
            continue;
        }
        out.push_str(if is_first { "" } else { "," });
        is_first = false;
        string(key, out);
        out.push(':');
        // In these the keys are names and no keywords; below them are schemas again.
        match value {
            Node::Object(named) if is_schema && is_map(key) => map(named, out),
            value => write(value, out, is_schema),
        }
    }
    out.push('}');
}

fn map(named: &[Member<'_>], out: &mut String) {
    out.push('{');
    for (at, (name, schema)) in named.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        string(name, out);
        out.push(':');
        write(schema, out, true);
    }
    out.push('}');
}

fn is_map(key: &str) -> bool {
    matches!(key, "properties" | "$defs" | "definitions")
}

/// A list of the required is one of properties; of anything else it is text.
fn is_untold(key: &str, value: &Node<'_>, properties: &HashSet<&str>) -> bool {
    let is_property =
        |name: &Node<'_>| matches!(name, Node::String(name) if properties.contains(&**name));
    match (key, value) {
        ("additionalProperties", Node::Plain("true" | "false")) => true,
        ("required", Node::Array(names)) => names.iter().all(is_property),
        _ => false,
    }
}

fn names<'n>(schema: &'n [Member<'_>]) -> HashSet<&'n str> {
    let mut names = HashSet::new();
    for (key, value) in schema {
        if let ("properties", Node::Object(properties)) = (&**key, value) {
            names.extend(properties.iter().map(|(name, _)| &**name));
        }
    }
    names
}

fn string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
