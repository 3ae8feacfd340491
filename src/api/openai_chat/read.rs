//! Reading a request.

use super::messages::{self, SystemEnd};
use crate::api::json::{Kind, Stop, Value, members, position};
use crate::api::openai::model::{model, no_extra_body};
use crate::api::openai::{format, stream, tools};
use crate::api::read::keys::Seen;
use crate::api::read::permits;
use crate::api::read::value::{is_empty_list, no_other_models, not_null, positive};
use crate::api::{Call, Invalid, Opaque, OutputAsk, Sites, Text};

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 13] = [
    "model",
    "models",
    "fallbacks",
    "extra_body",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "n",
    "stream",
    "stream_options",
    "tools",
    "functions",
    "service_tier",
];

/// The end of the path.
const SUFFIX: [&str; 2] = ["chat", "completions"];

pub(super) fn read(path: &str, body: &str) -> Result<Call, Invalid> {
    let mut members = Top::default();
    members.read(body)?;
    let (model, model_site) = model(path, &SUFFIX, body, members.model)?;
    let mut call = Call::new(&model, model_site);
    call.permits = permits::openai(body, members.service_tier, &members.modalities);
    (call.output, call.sites) = output(body, &members)?;
    stream::read(body, members.stream, members.stream_options, &mut call)?;
    call.reasons = members.reasons;
    if members.searches || searches_by_itself(&call.model) {
        call.hides(Opaque::HostedTool);
    }
    input(body, &members, &mut call)?;
    Ok(call)
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    model: Option<Value<'a>>,
    messages: Option<Value<'a>>,
    max_completion_tokens: Option<Value<'a>>,
    max_tokens: Option<Value<'a>>,
    n: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    stream_options: Option<Value<'a>>,
    tools: Option<Value<'a>>,
    functions: Option<Value<'a>>,
    format: Vec<Value<'a>>,
    service_tier: Option<Value<'a>>,
    /// What the answer may consist of.
    modalities: Vec<Value<'a>>,
    reasons: bool,
    /// Whether to call a tool is not the model's choice alone.
    must_call: bool,
    /// The provider searches, and puts what it finds into the prompt.
    searches: bool,
    /// Members that are put into the prompt as they are.
    prompted: Vec<Value<'a>>,
}

impl<'a> Top<'a> {
    fn read(&mut self, body: &'a str) -> Result<(), Invalid> {
        let mut seen = Seen::of(&DECISIVE);
        members(body, |key, value| {
            seen.note(&key)?;
            self.take(&key, value)
        })
        .map_err(Stop::at_body)
    }

    fn take(&mut self, key: &str, value: Value<'a>) -> Result<(), Invalid> {
        match key {
            "model" => self.model = Some(value),
            "models" => no_other_models("models", value)?,
            "fallbacks" => no_other_models("fallbacks", value)?,
            "extra_body" => no_extra_body(value)?,
            "messages" => self.messages = Some(value),
            "max_completion_tokens" => self.max_completion_tokens = Some(value),
            "max_tokens" => self.max_tokens = Some(value),
            "n" => self.n = Some(value),
            "stream" => self.stream = Some(value),
            "stream_options" => self.stream_options = Some(value),
            "service_tier" => self.service_tier = Some(value),
            // How the answer is spoken, if it is.
            "modalities" | "audio" => self.modalities.push(value),
            "reasoning_effort" => self.reasons |= !is_none(value),
            "reasoning" | "thinking" => self.reasons |= not_null(&value),
            "tools" => self.tools = Some(value).filter(not_null),
            "functions" => self.functions = Some(value).filter(not_null),
            "response_format" => self.format(value),
            "tool_choice" | "function_call" => {
                self.must_call |= matches!(value.kind(), Kind::String | Kind::Object)
                    && value.get() != "\"auto\"";
                self.chosen(value);
            }
            // OpenAI's, xAI's and OpenRouter's.
            "web_search_options" | "search_parameters" => self.searches |= not_null(&value),
            "plugins" => self.searches |= not_null(&value) && !is_empty_list(value),
            // Not of OpenAI, but of servers that speak its words and render the prompt themselves.
            "documents" | "chat_template" | "chat_template_kwargs" => self.prompted.push(value),
            // What the answer may turn out to be. It is billed, read or not.
            "prediction" => self.prompted.extend(Some(value).filter(not_null)),
            _ => {}
        }
        Ok(())
    }

    /// A format of the answer. A schema is put into the prompt, a bare name is not.
    fn format(&mut self, value: Value<'a>) {
        let _ = value.members(|key, member| {
            match (&*key, member.kind()) {
                ("json_schema", Kind::Object) => self.format.push(member),
                (_, Kind::Object) => self.prompted.push(member),
                _ => {}
            }
            Ok(())
        });
    }

    /// A tool that is described at length: the description is put into the prompt, a bare name is not.
    fn chosen(&mut self, value: Value<'a>) {
        // What is no object has no members, and costs nothing.
        let _ = value.members(|_, member| {
            if member.kind() == Kind::Object {
                self.prompted.push(member);
            }
            Ok(())
        });
    }
}

/// Whether an effort is none at all.
fn is_none(effort: Value<'_>) -> bool {
    !not_null(&effort) || effort.string().is_ok_and(|effort| effort == "none")
}

fn output(body: &str, top: &Top<'_>) -> Result<(OutputAsk, Sites), Invalid> {
    let caps = [
        positive("max_completion_tokens", top.max_completion_tokens)?,
        positive("max_tokens", top.max_tokens)?,
    ];
    let site = |value: Option<Value<'_>>| value.map(|value| position(body, value.get()));
    let sites = Sites {
        cap: site(top.max_completion_tokens),
        legacy_cap: site(top.max_tokens),
        ..Sites::of(body)
    };
    let ask = OutputAsk {
        cap: caps.into_iter().flatten().max(),
        answers: positive("n", top.n)?.unwrap_or(1),
        ..OutputAsk::default()
    };
    Ok((ask, sites))
}

fn input(body: &str, top: &Top<'_>, call: &mut Call) -> Result<(), Invalid> {
    let unnamed = || Invalid::param("messages", "you must provide messages");
    let system = messages::read(body, top.messages.ok_or_else(unnamed)?, call)?;
    if let Some(tools) = top.tools {
        tools
            .items(|tool| {
                if is_hosted(tool) {
                    call.hides(Opaque::HostedTool);
                }
                tools::tool(body, tool, &mut call.input)
            })
            .map_err(|stop| stop.at("tools"))?;
    }
    let input = &mut call.input;
    if let Some(functions) = top.functions {
        functions
            .items(|function| tools::function(body, function, input))
            .map_err(|stop| stop.at("functions"))?;
    }
    for &format in &top.format {
        format::json_schema(body, format, "response_format", input)?;
    }
    let has_tools = input.tools.functions > 0;
    if has_tools || !top.format.is_empty() {
        input.overhead += opening(system);
    }
    if has_tools {
        input.overhead += HEADING;
    }
    input.tools.forced = top.must_call;
    for value in &top.prompted {
        input.add(Text::Span(position(body, value.get())));
    }
    permits::note_audio(call);
    call.input.check()
}

/// `# Tools` and `## functions`, each with the empty line that follows.
const HEADING: u64 = 5;

/// What opens the place for declarations of tools and formats: a system message, or two line breaks in the one that is
/// there, which are a token of their own where they do not follow a mark.
fn opening(system: Option<SystemEnd>) -> u64 {
    match system {
        None => 4,
        Some(SystemEnd::Mark) => 0,
        Some(SystemEnd::Other) => 1,
    }
}

/// Whether the provider runs a tool itself: it is neither a function nor a tool of the caller's own format.
fn is_hosted(tool: Value<'_>) -> bool {
    let mut hosted = false;
    let _ = tool.members(|key, value| {
        let is_own = |kind: &str| matches!(kind, "function" | "custom");
        hosted |= key == "type" && value.string().is_ok_and(|kind| !is_own(&kind));
        Ok(())
    });
    hosted
}

/// Whether a model searches the web unasked, as its name tells. A deployment or an alias may name such a model too; of
/// that we know nothing here.
fn searches_by_itself(model: &str) -> bool {
    const SEARCH: [&str; 2] = ["-search-preview", "-search-api"];
    const ONLINE: &str = ":online";
    let name = model.as_bytes();
    let is = |part: &[u8], mark: &str| part.eq_ignore_ascii_case(mark.as_bytes());
    let has = |mark: &&str| name.windows(mark.len()).any(|part| is(part, mark));
    let end = name.len().saturating_sub(ONLINE.len());
    is(&name[end..], ONLINE) || SEARCH.iter().any(has)
}
