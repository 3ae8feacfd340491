//! The declarations of tools.
//!
//! What is counted of a schema is what Google's own local tokenizer counts: names, descriptions, formats, items of enumerations,
//! and what is required. What is rendered around them has a cost by its kind: see [`input`](super::input).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::contents::LARGEST;
use super::input;
use super::names::camel;
use crate::api::json::{Kind, Value, position, unplaced};
use crate::api::read::node::Node;
use crate::api::{Call, Input, Invalid, Opaque, Text};

const TOOLS: &str = "tools";

/// The longest name of a keyword, a type or a behaviour that Google knows is shorter. In what is longer somebody hides a text.
const LONGEST_WORD: usize = 32;

/// Reads `tools`: a list, or one tool that stands in its place.
pub(super) fn read(body: &str, tools: Value<'_>, call: &mut Call) -> Result<(), Invalid> {
    each(tools, |item| tool(body, item, call))
}

/// Counts the schema that an answer has to follow.
pub(super) fn schema(body: &str, value: Value<'_>, input: &mut Input) -> Result<(), Invalid> {
    if value.get().len() > LARGEST {
        input.add(Text::Span(position(body, value.get())));
        return Ok(());
    }
    let broken = |error| {
        Invalid::param(
            "responseSchema",
            format!("it cannot be read: {}", unplaced(&error)),
        )
    };
    let node = Node::of(value).map_err(broken)?;
    let mut shape = Shape::new(input);
    shape.schema(&node);
    shape.finish();
    Ok(())
}

fn tool(body: &str, tool: Value<'_>, call: &mut Call) -> Result<(), Invalid> {
    tool.members(|key, value| {
        let key = camel(&key);
        match &*key {
            _ if value.kind() == Kind::Null => return Ok(()),
            "functionDeclarations" => {
                return each(value, |item| function(body, item, &mut call.input));
            }
            "mcpServers" => call.hides(Opaque::Mcp),
            // Whatever it is: the provider does something, and puts what comes of it into the prompt.
            _ => call.hides(Opaque::HostedTool),
        }
        call.input.add(Text::Span(position(body, value.get())));
        Ok(())
    })
    .map_err(|stop| stop.at(TOOLS))
}

fn function(body: &str, function: Value<'_>, input: &mut Input) -> Result<(), Invalid> {
    input.tools.functions += 1;
    if function.get().len() > LARGEST {
        input.add(Text::Span(position(body, function.get())));
        return Ok(());
    }
    let broken = |error| {
        Invalid::param(
            TOOLS,
            format!("a tool cannot be read: {}", unplaced(&error)),
        )
    };
    let node = Node::of(function).map_err(broken)?;
    let mut shape = Shape::new(input);
    for (key, value) in node.members(TOOLS)? {
        shape.unless_short(key);
        match (&*camel(key), value) {
            ("name", Node::String(name)) => shape.word(name),
            ("behavior", Node::String(word)) => shape.unless_short(word),
            (_, Node::Plain("null")) => {}
            ("parameters" | "parametersJsonSchema" | "response" | "responseJsonSchema", _) => {
                shape.schema(value);
            }
            _ => shape.keyword(value),
        }
    }
    shape.finish();
    Ok(())
}

/// The items of a list, or the one that stands in its place.
fn each(
    list: Value<'_>,
    mut each: impl FnMut(Value<'_>) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    match list.kind() {
        Kind::Array => list.items(each).map_err(|stop| stop.at(TOOLS)),
        _ => each(list),
    }
}

type Member<'a> = (Cow<'a, str>, Node<'a>);

/// Gathers what a declaration costs.
struct Shape<'i, 'n> {
    input: &'i mut Input,
    /// Its texts, with blanks between.
    words: String,
    /// What the definitions cost by their names, roughly, and which of them are referred to.
    definitions: HashMap<&'n str, u64>,
    references: Vec<&'n str>,
}

impl<'i, 'n> Shape<'i, 'n> {
    fn new(input: &'i mut Input) -> Self {
        Self {
            input,
            words: String::new(),
            definitions: HashMap::new(),
            references: Vec::new(),
        }
    }

    /// One schema. It is not deeper than a tree may be.
    fn schema(&mut self, schema: &'n Node<'n>) {
        let Node::Object(members) = schema else {
            return self.value(schema);
        };
        for (key, value) in members {
            self.unless_short(key);
            match (&*camel(key), value) {
                // These have no cost of their own beside their property's, and these say nothing.
                ("type", Node::String(word)) => self.unless_short(word),
                ("additionalProperties", Node::Plain(_)) => {}
                (_, Node::Plain("null")) if key != "default" => {}
                ("required" | "propertyOrdering", Node::Array(names)) => {
                    names.iter().for_each(|name| self.value(name));
                }
                ("properties", Node::Object(properties)) => self.properties(properties),
                ("enum", Node::Array(values)) => self.enumeration(values),
                ("items" | "additionalProperties" | "not", Node::Object(_)) => {
                    self.input.tools.keywords += 1;
                    self.schema(value);
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Node::Array(schemas)) => {
                    self.input.tools.keywords += schemas.len() as u64;
                    schemas.iter().for_each(|schema| self.schema(schema));
                }
                ("$defs" | "defs" | "definitions", Node::Object(schemas)) => {
                    self.definitions(schemas);
                }
                ("$ref" | "ref", Node::String(target)) => {
                    self.input.tools.keywords += 1;
                    let name = target.rsplit('/').next().unwrap_or_default();
                    self.references.push(name);
                    if !self.definitions.contains_key(name) {
                        self.unless_short(target);
                    }
                }
                _ => self.keyword(value),
            }
        }
    }

    fn properties(&mut self, properties: &'n [Member<'n>]) {
        self.input.tools.with_properties += u64::from(!properties.is_empty());
        for (name, schema) in properties {
            self.input.tools.properties += 1;
            self.word(name);
            self.schema(schema);
        }
    }

    fn enumeration(&mut self, values: &'n [Node<'n>]) {
        self.input.tools.enums += 1;
        self.input.tools.enum_items += values.len() as u64;
        values.iter().for_each(|value| self.value(value));
    }

    fn definitions(&mut self, schemas: &'n [Member<'n>]) {
        for (name, schema) in schemas {
            let (shape, length) = (self.input.tools, self.words.len());
            self.input.tools.keywords += 1;
            self.word(name);
            self.schema(schema);
            let words = (self.words.len() - length) as u64;
            let around =
                input::schema_shape(&self.input.tools).saturating_sub(input::schema_shape(&shape));
            *self.definitions.entry(name).or_default() += words / 3 + around;
        }
    }

    /// What is said under a key that has no other meaning.
    fn keyword(&mut self, value: &'n Node<'n>) {
        if !matches!(value, Node::String(text) if text.is_empty()) {
            self.input.tools.keywords += 1;
            self.value(value);
        }
    }

    fn value(&mut self, value: &Node<'_>) {
        match value {
            Node::String(text) => self.word(text),
            // Writing to a string cannot fail.
            other => drop(write!(self.words, " {other}")),
        }
    }

    /// Counts what is too long for what it is said to be.
    fn unless_short(&mut self, word: &str) {
        if word.len() > LONGEST_WORD {
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(word);
    }

    /// What is defined once is rendered wherever it is referred to: measured on nested and on recursive schemas.
    fn finish(self) {
        let costs = self
            .references
            .iter()
            .filter_map(|name| self.definitions.get(name));
        let again = costs.fold(0, |sum: u64, cost| sum.saturating_add(*cost));
        self.input.overhead = self.input.overhead.saturating_add(again);
        self.input.add(Text::Owned(self.words.into()));
    }
}
