//! The tools: which of them the caller runs and the model sees declared, and which the provider runs.

use std::collections::HashSet;

use super::around;
use crate::api::json::Value;
use crate::api::openai::schema::{Member, text};
use crate::api::openai::tools::{declare, declare_as, namespace, tree};
use crate::api::read::node::Node;
use crate::api::{Call, Invalid, Opaque, Text};

const TOOLS: &str = "tools";

/// The names of tools that were loaded in the course of the conversation.
pub(super) type Loaded = HashSet<Box<str>>;

/// Reads the `tools` of an item, which it loads. Each is in a namespace by its own name.
pub(super) fn read_loaded(
    body: &str,
    value: Value<'_>,
    loaded: &mut Loaded,
    call: &mut Call,
) -> Result<(), Invalid> {
    value
        .items(|tool| {
            let Some((kind, tree)) = declared(body, tool, call)? else {
                return Ok(());
            };
            let tool = tree.members(TOOLS)?;
            let name = text(tool, "name");
            if kind == "namespace" {
                for tool in grouped(tool) {
                    loaded.insert(text(tool.members(TOOLS)?, "name").into());
                }
                group(&name, tool, call)?;
            } else {
                namespace(&name, &mut call.input);
                declare(&tree, &mut call.input)?;
            }
            loaded.insert(name.into());
            Ok(())
        })
        .map_err(|stop| stop.at(TOOLS))
}

/// Reads the `tools` of a request. Their loading is deferred only where the model can search for them: else a server that
/// knows of no search would show it all of them.
pub(super) fn read(
    body: &str,
    value: Value<'_>,
    loaded: &Loaded,
    call: &mut Call,
) -> Result<(), Invalid> {
    let mut can_search = false;
    value
        .items(|tool| {
            can_search |= kind(tool)? == "tool_search";
            Ok(())
        })
        .map_err(|stop| stop.at(TOOLS))?;
    let mut reader = Reader {
        call,
        loaded,
        can_search,
        has_loaded: false,
        has_waiting: false,
        searches: false,
    };
    value
        .items(|tool| match declared(body, tool, reader.call)? {
            Some((kind, tree)) => reader.tool(&kind, &tree),
            None => Ok(()),
        })
        .map_err(|stop| stop.at(TOOLS))?;
    reader.close();
    Ok(())
}

/// Tools whose loading is deferred wait until they are searched for. The model sees little more than their names.
struct Reader<'c> {
    call: &'c mut Call,
    loaded: &'c Loaded,
    /// There is a tool to search for others with.
    can_search: bool,
    /// Tools that were deferred are loaded by now.
    has_loaded: bool,
    /// Others are not.
    has_waiting: bool,
    /// The provider searches for them.
    searches: bool,
}

impl Reader<'_> {
    fn tool(&mut self, kind: &str, tree: &Node<'_>) -> Result<(), Invalid> {
        let tool = tree.members(TOOLS)?;
        match kind {
            "namespace" => {
                for tool in grouped(tool) {
                    self.waits(tool.members(TOOLS)?);
                }
                group(&text(tool, "name"), tool, self.call)
            }
            "tool_search" => self.search(tool, tree),
            _ if self.can_search && is_deferred(tool) => {
                if self.waits(tool) {
                    let mention =
                        format!("- {}: {}\n", text(tool, "name"), text(tool, "description"));
                    self.call.input.add(Text::Owned(mention.into()));
                }
                Ok(())
            }
            _ => {
                self.call.input.tools.functions += 1;
                declare(tree, &mut self.call.input)
            }
        }
    }

    /// Whether a tool is deferred and not loaded yet.
    fn waits(&mut self, tool: &[Member<'_>]) -> bool {
        let is_loaded = self.loaded.contains(&*text(tool, "name"));
        let waits = self.can_search && is_deferred(tool) && !is_loaded;
        self.has_waiting |= waits;
        self.has_loaded |= is_loaded;
        waits
    }

    /// The provider runs the search, and bills the prompt once more each time, unless it leaves that to the caller.
    fn search(&mut self, tool: &[Member<'_>], tree: &Node<'_>) -> Result<(), Invalid> {
        if text(tool, "execution") != "client" {
            self.searches = true;
            self.call.hides(Opaque::HostedTool);
            return Ok(());
        }
        let name = format!("tool_search{}", text(tool, "name"));
        namespace(&name, &mut self.call.input);
        declare_as(&name, tree, &mut self.call.input)
    }

    /// How to search is not told where all is found.
    fn close(self) {
        if self.searches && (self.has_waiting || !self.has_loaded) {
            self.call.input.overhead += around::TOOL_SEARCH;
        }
    }
}

/// A tool that is declared to the model, and what kind it is. Others are the provider's.
fn declared<'t>(
    body: &str,
    tool: Value<'t>,
    call: &mut Call,
) -> Result<Option<(String, Node<'t>)>, Invalid> {
    let kind = kind(tool)?;
    match &*kind {
        "" | "function" | "custom" | "namespace" | "tool_search" => {
            Ok(tree(body, tool, &mut call.input)?.map(|tree| (kind, tree)))
        }
        "mcp" => {
            call.hides(Opaque::Mcp);
            Ok(None)
        }
        // What is not known may be run by the provider, which tells the model how to use it.
        _ => {
            call.hides(Opaque::HostedTool);
            Ok(None)
        }
    }
}

/// Functions that the caller has put together under a name.
fn group(name: &str, of: &[Member<'_>], call: &mut Call) -> Result<(), Invalid> {
    namespace(name, &mut call.input);
    for tool in grouped(of) {
        declare(tool, &mut call.input)?;
    }
    let mut rest = String::new();
    for (key, value) in of {
        match (&**key, value) {
            ("tools", Node::Array(_)) | ("type" | "name", Node::String(_)) => {}
            (key, value) => rest.push_str(&format!("{key}:{value},")),
        }
    }
    call.input.add(Text::Owned(rest.into()));
    Ok(())
}

fn grouped<'n>(group: &'n [Member<'n>]) -> impl Iterator<Item = &'n Node<'n>> {
    let lists = group.iter().filter_map(|(key, value)| match value {
        Node::Array(tools) if key == "tools" => Some(tools),
        _ => None,
    });
    lists.flatten()
}

/// The type of a tool. One that comes twice could be taken for either.
fn kind(tool: Value<'_>) -> Result<String, Invalid> {
    let mut kind = None;
    tool.members(|key, value| {
        if key == "type" && kind.replace(value.string().unwrap_or_default()).is_some() {
            return Err(Invalid::param(TOOLS, "the type of a tool is repeated"));
        }
        Ok(())
    })
    .map_err(|stop| stop.at(TOOLS))?;
    Ok(kind.unwrap_or_default().into_owned())
}

fn is_deferred(tool: &[Member<'_>]) -> bool {
    let is_set =
        |(key, value): &Member<'_>| key == "defer_loading" && matches!(value, Node::Plain("true"));
    tool.iter().any(is_set)
}
