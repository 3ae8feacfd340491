//! The declarations of tools, and of the answer's format.
//!
//! They are put into the prompt as JSON with a blank after each comma and colon, whichever way the caller wrote them:
//! measured on the recordings.

use std::collections::HashSet;

use crate::api::json::{Kind, Value, position, unplaced};
use crate::api::read::keys::Seen;
use crate::api::read::node::Node;
use crate::api::{Input, Invalid, Opaque, Text};

const TOOLS: &str = "tools";

/// Declarations larger than this are counted as they stand: a tree of them would take too much memory.
const LARGEST: usize = 1024 * 1024;

/// Tools that Anthropic declares and the caller runs, by the beginning of their kind, with the tokens that its guides give
/// for them, or that were measured: of the memory tool 1,069.
const BUILT_IN: [(&str, u64); 4] = [
    ("bash_", 245),
    ("computer_", 735 + 499),
    ("memory_", 1_080),
    ("text_editor_", 700),
];

/// Members of a declaration that say how it is used, and are no part of it.
const SETTINGS: [&str; 6] = [
    "type",
    "cache_control",
    "defer_loading",
    "strict",
    "eager_input_streaming",
    "allowed_callers",
];

/// Members that tools of Anthropic's own have beside those settings, and that are not put into the prompt. All others are
/// counted: compatible servers put whole declarations into it, whatever their type is.
const OPTIONS: [&str; 17] = [
    "name",
    "model",
    "max_tokens",
    "caching",
    "max_uses",
    "allowed_domains",
    "blocked_domains",
    "user_location",
    "citations",
    "max_content_tokens",
    "max_characters",
    "display_width_px",
    "display_height_px",
    "display_number",
    "enable_zoom",
    "mcp_server_name",
    "default_config",
];

/// The longest setting that is passed over.
const LONGEST_SETTING: usize = 256;

/// Keys of which a declaration has one copy, spelled exactly.
const DECISIVE: [&str; 4] = ["type", "name", "defer_loading", "model"];

/// How the types of the tools begin by which the provider lets the model look for others.
const SEARCH: &str = "tool_search_tool";

/// Reads `tools`: what the model is shown is counted.
pub(super) struct Reader<'b, 'i> {
    body: &'b str,
    tools: Value<'b>,
    input: &'i mut Input,
    /// The names of tools that were looked for and found, so that the model is shown them.
    found: HashSet<String>,
    /// Whether the model can look for tools. Else a server that knows of no search would show it all of them.
    searches: bool,
    /// Why what the tools bring cannot be seen.
    pub(super) opaque: Option<Opaque>,
    /// The models that tools ask.
    pub(super) models: Vec<Box<str>>,
}

impl<'b, 'i> Reader<'b, 'i> {
    pub(super) fn new(
        body: &'b str,
        tools: Value<'b>,
        found: HashSet<String>,
        input: &'i mut Input,
    ) -> Result<Self, Invalid> {
        let mut searches = false;
        tools
            .items(|tool| {
                searches |= Head::of(tool)?.kind.starts_with(SEARCH);
                Ok(())
            })
            .map_err(|stop| stop.at(TOOLS))?;
        Ok(Self {
            body,
            tools,
            input,
            found,
            searches,
            opaque: None,
            models: Vec::new(),
        })
    }

    pub(super) fn read(&mut self) -> Result<(), Invalid> {
        self.tools
            .items(|tool| self.tool(tool))
            .map_err(|stop| stop.at(TOOLS))
    }

    fn tool(&mut self, tool: Value<'_>) -> Result<(), Invalid> {
        let head = Head::of(tool)?;
        self.models.extend(head.model.map(Box::from));
        if matches!(&*head.kind, "" | "custom") {
            return self.own(tool, head.deferred, &head.name);
        }
        let built_in = BUILT_IN.iter();
        let mut built_in = built_in.filter(|(kind, _)| head.kind.starts_with(kind));
        match built_in.next() {
            Some((_, tokens)) => {
                self.input.tools.built_in = self.input.tools.built_in.saturating_add(*tokens);
            }
            None if head.kind == "mcp_toolset" => self.hides(Opaque::Mcp),
            None => self.hides(Opaque::HostedTool),
        }
        shown(TOOLS, self.body, tool, &OPTIONS, self.input)
    }

    /// A tool that the caller declares.
    fn own(&mut self, tool: Value<'_>, deferred: bool, name: &str) -> Result<(), Invalid> {
        self.input.tools.functions += 1;
        self.input.tools.deferred |= deferred;
        if deferred && self.searches && !self.found.contains(name) {
            return Ok(());
        }
        declaration(TOOLS, self.body, tool, self.input)
    }

    fn hides(&mut self, reason: Opaque) {
        self.opaque.get_or_insert(reason);
    }
}

/// What decides how a declaration is read.
#[derive(Default)]
struct Head<'a> {
    kind: std::borrow::Cow<'a, str>,
    name: std::borrow::Cow<'a, str>,
    deferred: bool,
    /// A model that the tool runs beside the call's.
    model: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> Head<'a> {
    fn of(tool: Value<'a>) -> Result<Self, Invalid> {
        let mut head = Self::default();
        let mut seen = Seen::of(&DECISIVE);
        tool.members(|key, value| {
            seen.note(&key)?;
            match (&*key, value.kind()) {
                ("type", Kind::String) => head.kind = value.string().unwrap_or_default(),
                ("model", Kind::String) => head.model = value.string().ok(),
                ("type" | "model", Kind::Null) => {}
                ("model", _) => {
                    return Err(Invalid::param(TOOLS, "tools: model must be a string"));
                }
                ("type", _) => return Err(Invalid::param(TOOLS, "tools: type must be a string")),
                ("name", Kind::String) => head.name = value.string().unwrap_or_default(),
                ("defer_loading", Kind::Bool(deferred)) => head.deferred = deferred,
                _ => {}
            }
            Ok(())
        })
        .map_err(|stop| stop.at(TOOLS))?;
        Ok(head)
    }
}

/// Counts a declaration or a schema as the model is shown it.
pub(super) fn declaration(
    param: &'static str,
    body: &str,
    value: Value<'_>,
    input: &mut Input,
) -> Result<(), Invalid> {
    shown(param, body, value, &[], input)
}

/// Counts what is neither a setting nor one of these options.
fn shown(
    param: &'static str,
    body: &str,
    value: Value<'_>,
    options: &[&str],
    input: &mut Input,
) -> Result<(), Invalid> {
    if value.get().len() > LARGEST {
        input.add(Text::Span(position(body, value.get())));
        return Ok(());
    }
    let broken = |error| {
        Invalid::param(
            param,
            format!("{param} cannot be read: {}", unplaced(&error)),
        )
    };
    let node = Node::of(value).map_err(broken)?;
    let mut shown = String::new();
    match &node {
        Node::Object(members) => {
            for (key, value) in members {
                let is_named = SETTINGS.contains(&&**key) || options.contains(&&**key);
                if !(is_named && is_short(value)) {
                    show_member(key, value, &mut shown);
                    shown.push_str(", ");
                }
            }
        }
        other => show(other, &mut shown),
    }
    input.add(Text::Owned(shown.into()));
    Ok(())
}

fn is_short(value: &Node<'_>) -> bool {
    let mut shown = String::new();
    show(value, &mut shown);
    shown.len() <= LONGEST_SETTING
}

fn show_member(key: &str, value: &Node<'_>, shown: &mut String) {
    shown.push('"');
    shown.push_str(key);
    shown.push_str("\": ");
    show(value, shown);
}

fn show(value: &Node<'_>, shown: &mut String) {
    match value {
        Node::Plain(text) => shown.push_str(text),
        Node::String(text) => {
            shown.push('"');
            shown.push_str(text);
            shown.push('"');
        }
        Node::Array(items) => {
            shown.push('[');
            for (at, item) in items.iter().enumerate() {
                shown.push_str(if at == 0 { "" } else { ", " });
                show(item, shown);
            }
            shown.push(']');
        }
        Node::Object(members) => {
            shown.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                shown.push_str(if at == 0 { "" } else { ", " });
                show_member(key, value, shown);
            }
            shown.push('}');
        }
    }
}
