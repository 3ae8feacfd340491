//! The declarations of tools, as OpenAI puts them into the prompt: written in TypeScript.
//!
//! Each function is a text of its own, cut where no token reaches across, so that together they cost what the whole costs.

use super::schema::{length, text};
use super::typescript::Writer;
use crate::api::json::{Value, position, unplaced};
use crate::api::read::node::Node;
use crate::api::{Input, Invalid, Text};

const TOOLS: &str = "tools";

/// Declarations larger than this are counted as they stand: a tree of them would take too much memory.
pub(super) const LARGEST: usize = 1024 * 1024;

/// One item of `tools`.
pub(in crate::api) fn tool(body: &str, tool: Value<'_>, input: &mut Input) -> Result<(), Invalid> {
    tool.members(|key, value| match &*key {
        "type" => Ok(()),
        "function" => function(body, value, input),
        _ => {
            input.tools.functions += 1;
            input.add(Text::Span(position(body, value.get())));
            Ok(())
        }
    })
    .map_err(|stop| stop.at(TOOLS))
}

/// One item of `functions`, or the `function` of a tool; or a tool that is a function itself.
pub(in crate::api) fn function(
    body: &str,
    function: Value<'_>,
    input: &mut Input,
) -> Result<(), Invalid> {
    input.tools.functions += 1;
    match tree(body, function, input)? {
        Some(function) => declare(&function, input),
        None => Ok(()),
    }
}

/// The tree of a declaration; none, if it is so large that it is counted as it stands.
pub(in crate::api) fn tree<'t>(
    body: &str,
    tool: Value<'t>,
    input: &mut Input,
) -> Result<Option<Node<'t>>, Invalid> {
    if tool.get().len() > LARGEST {
        input.add(Text::Span(position(body, tool.get())));
        return Ok(None);
    }
    let broken = |error| {
        Invalid::param(
            TOOLS,
            format!("a tool cannot be read: {}", unplaced(&error)),
        )
    };
    Node::of(tool).map(Some).map_err(broken)
}

/// Declares a function, in the namespace that is open.
pub(in crate::api) fn declare(function: &Node<'_>, input: &mut Input) -> Result<(), Invalid> {
    let name = text(function.members(TOOLS)?, "name");
    declare_as(&name, function, input)
}

/// Declares a function by that name.
///
/// ```text
/// ;
///
/// // description
/// type name = (_:{
/// properties
/// }) => any
/// ```
/// It begins with the end of the one before it, and the last one's end is counted with what stands around them all: a
/// token reaches from there into a description.
pub(in crate::api) fn declare_as(
    name: &str,
    function: &Node<'_>,
    input: &mut Input,
) -> Result<(), Invalid> {
    let members = function.members(TOOLS)?;
    let mut writer = Writer::new(length(function));
    writer.write(";\n\n");
    writer.comment(&text(members, "description"));
    writer.write("type ");
    writer.write(name);
    writer.write(" = (");
    for (key, value) in members {
        match (&**key, value) {
            ("name" | "description", Node::String(_))
            | ("strict" | "defer_loading", Node::Plain("true" | "false"))
            | (_, Node::Plain("null")) => {}
            ("type", Node::String(kind)) if is_told_by_its_place(kind) => {}
            ("execution", Node::String(by)) if by == "client" => {}
            ("parameters", Node::Object(schema)) => writer.parameters(schema),
            _ => writer.rest(key, value),
        }
    }
    writer.write(") => any");
    let written = writer.finish();
    input.tools.with_properties += written.objects;
    input.tools.compounds += written.compounds;
    input.add(Text::Owned(written.declaration.into()));
    input.add(Text::Owned(written.rest.into()));
    Ok(())
}

fn is_told_by_its_place(kind: &str) -> bool {
    matches!(kind, "function" | "custom" | "tool_search")
}

/// What stands around the declarations in a namespace.
pub(in crate::api) fn namespace(name: &str, input: &mut Input) {
    // With the end of the last one these line breaks make one token; alone they keep the braces apart.
    let around = format!("## {name}\n\nnamespace {name} {{\n}} // namespace {name}");
    input.add(Text::Owned(around.into()));
}
