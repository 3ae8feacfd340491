//! Reading a request.

use super::blocks::Reader;
use super::count::{FORMAT, THINKING};
use super::tools;
use crate::api::json::{Kind, Stop, Value, members, position};
use crate::api::read::keys::Seen;
use crate::api::read::permits;
use crate::api::read::value::{flag, model_name, no_other_models, not_null, positive};
use crate::api::{Call, Delivery, Input, Invalid, ModelSite, Opaque, OutputAsk, Sites};
use crate::prices::Permits;
use crate::usage::ServiceTier;

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 15] = [
    "model",
    "models",
    "fallbacks",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "mcp_servers",
    "container",
    "context_management",
    "service_tier",
];

/// Those of `thinking`.
const OF_THINKING: [&str; 2] = ["type", "budget_tokens"];

pub(super) fn read(body: &str) -> Result<Call, Invalid> {
    let top = Top::of(body)?;
    let value = top
        .model
        .ok_or_else(|| Invalid::param("model", "model: Field required"))?;
    let model = value
        .string()
        .map_err(|_| Invalid::param("model", "model: Input should be a valid string"))?;
    let model = model_name(model)?;
    let cap = max_tokens(top.max_tokens)?;
    let thinking = Thinking::of(top.thinking)?;
    let mut call = Call::new(&model, ModelSite::Body(position(body, value.get())));
    // Nothing is heard by these models, and nothing is cached that is not marked.
    call.permits = Permits {
        service_tier: top.service_tier.and_then(service_tier),
        cache_writes: permits::cache_writes(body),
        audio_input: false,
        audio_output: false,
    };
    call.sites = Sites {
        cap: top.max_tokens.map(|cap| position(body, cap.get())),
        ..Sites::of(body)
    };
    call.output = OutputAsk {
        cap: Some(cap),
        // A cap must be above what may be thought, unless the caller's own is not.
        least: thinking.budget.saturating_add(1).min(cap.max(1)),
        ..OutputAsk::default()
    };
    if flag("stream", top.stream)? {
        call.delivery = Delivery::Events;
    }
    // It is always told.
    call.asks_usage = true;
    call.reasons = thinking.on;
    call.told_not_to_reason = thinking.off;
    read_input(body, &top, &thinking, &mut call)?;
    Ok(call)
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    model: Option<Value<'a>>,
    messages: Option<Value<'a>>,
    system: Option<Value<'a>>,
    max_tokens: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    tools: Option<Value<'a>>,
    tool_choice: Option<Value<'a>>,
    thinking: Option<Value<'a>>,
    service_tier: Option<Value<'a>>,
    /// The schemas of what is to be answered.
    formats: Vec<Value<'a>>,
    opaque: Option<Opaque>,
    keeps_thoughts: bool,
}

impl<'a> Top<'a> {
    fn of(body: &'a str) -> Result<Self, Invalid> {
        let mut top = Self::default();
        let mut seen = Seen::of(&DECISIVE);
        members(body, |key, value| {
            seen.note(&key)?;
            top.take(&key, value)
        })
        .map_err(Stop::at_body)?;
        Ok(top)
    }

    fn take(&mut self, key: &str, value: Value<'a>) -> Result<(), Invalid> {
        match key {
            "models" => no_other_models("models", value)?,
            "fallbacks" => no_other_models("fallbacks", value)?,
            "model" => self.model = Some(value),
            "messages" => self.messages = Some(value),
            "system" => self.system = Some(value),
            "max_tokens" => self.max_tokens = Some(value),
            "stream" => self.stream = Some(value),
            "tools" => self.tools = Some(value).filter(not_null),
            "tool_choice" => self.tool_choice = Some(value),
            "service_tier" => self.service_tier = Some(value),
            "thinking" => self.thinking = Some(value).filter(not_null),
            // The older name of what `output_config` holds now.
            "output_format" => self.formats.extend(Some(value).filter(not_null)),
            "output_config" => self.output_config(value)?,
            "mcp_servers" if !is_empty(value) => self.hides(Opaque::Mcp),
            "container" if !is_empty(value) => self.hides(Opaque::StoredState),
            "context_management" => {
                self.keeps_thoughts |= value.get().contains("clear_thinking");
                if compacts(value) {
                    self.hides(Opaque::HostedTool);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn output_config(&mut self, config: Value<'a>) -> Result<(), Invalid> {
        if config.kind() == Kind::Null {
            return Ok(());
        }
        config
            .members(|key, value| {
                if key == "format" {
                    self.formats.extend(Some(value).filter(not_null));
                }
                Ok(())
            })
            .map_err(|stop| stop.at("output_config"))
    }

    fn hides(&mut self, reason: Opaque) {
        self.opaque.get_or_insert(reason);
    }
}

/// Whether the provider is asked to compact the conversation. It has a model sum it up, and bills that beside the totals.
fn compacts(management: Value<'_>) -> bool {
    let mut compacts = false;
    let mut edit = |key: &str, value: Value<'_>| {
        compacts |= key == "type"
            && value
                .string()
                .is_ok_and(|kind| kind.starts_with("compact_"));
    };
    // What is of another shape asks for nothing.
    let _ = management.members(|key, edits| {
        if key == "edits" {
            let _ = edits.items(|each| {
                let _ = each.members(|key, value| {
                    edit(&key, value);
                    Ok(())
                });
                Ok(())
            });
        }
        Ok(())
    });
    compacts
}

/// Whether a value is `null`, or has nothing in it.
fn is_empty(value: Value<'_>) -> bool {
    let inside = value.get().trim_matches(['[', ']', '{', '}', '"']);
    inside.trim_ascii().is_empty() || inside == "null"
}

/// The cap, which this API wants. No answer may be asked for: then the prompt is only cached.
fn max_tokens(value: Option<Value<'_>>) -> Result<u64, Invalid> {
    const PARAM: &str = "max_tokens";
    let Some(value) = value else {
        return Err(Invalid::param(PARAM, "max_tokens: Field required"));
    };
    value.get().parse().map_err(|_| {
        let message = format!(
            "max_tokens: Input should be a whole number from 0 to {}",
            u64::MAX
        );
        Invalid::param(PARAM, message)
    })
}

/// The tier of service that is asked for: the one that everybody has, or nothing, which leaves it to the account.
fn service_tier(value: Value<'_>) -> Option<ServiceTier> {
    let is_standard = value.string().is_ok_and(|name| name == "standard_only");
    if is_standard {
        Some(ServiceTier::Default)
    } else {
        permits::service_tier(value)
    }
}

/// How the model is to think.
#[derive(Default)]
struct Thinking {
    on: bool,
    off: bool,
    budget: u64,
}

impl Thinking {
    fn of(value: Option<Value<'_>>) -> Result<Self, Invalid> {
        const PARAM: &str = "thinking";
        let mut thinking = Self::default();
        let Some(value) = value else {
            return Ok(thinking);
        };
        let mut seen = Seen::of(&OF_THINKING);
        value
            .members(|key, value| {
                seen.note(&key)?;
                match &*key {
                    "type" => {
                        let word = value.string().map_err(|_| {
                            Invalid::param(PARAM, "thinking.type: Input should be a valid string")
                        })?;
                        thinking.off = word == "disabled";
                    }
                    "budget_tokens" => {
                        thinking.budget =
                            positive("thinking.budget_tokens", Some(value))?.unwrap_or(0);
                    }
                    _ => {}
                }
                Ok(())
            })
            .map_err(|stop| stop.at(PARAM))?;
        thinking.on = !thinking.off;
        if thinking.off {
            thinking.budget = 0;
        }
        Ok(thinking)
    }
}

fn read_input(
    body: &str,
    top: &Top<'_>,
    thinking: &Thinking,
    call: &mut Call,
) -> Result<(), Invalid> {
    let mut input = Input::default();
    let mut opaque = top.opaque;
    let mut reader = Reader::new(body, &mut input, top.keeps_thoughts);
    if let Some(system) = top.system {
        reader.system(system)?;
    }
    let unnamed = || Invalid::param("messages", "messages: Field required");
    reader.messages(top.messages.ok_or_else(unnamed)?)?;
    let found = std::mem::take(&mut reader.found);
    opaque = opaque.or(reader.opaque);
    if let Some(tools) = top.tools {
        let mut tools = tools::Reader::new(body, tools, found, &mut input)?;
        tools.read()?;
        opaque = opaque.or(tools.opaque);
        call.other_models = tools.models;
    }
    input.tools.forced = top.tool_choice.is_some_and(is_forced);
    for &format in &top.formats {
        input.overhead = input.overhead.saturating_add(FORMAT);
        tools::declaration("output_config", body, format, &mut input)?;
    }
    if thinking.budget > 0 {
        input.overhead = input.overhead.saturating_add(THINKING);
    }
    input.check()?;
    call.input = input;
    call.opaque = opaque;
    Ok(())
}

/// Whether a tool must be called. If it is said twice, it may be so.
fn is_forced(choice: Value<'_>) -> bool {
    let mut forced = false;
    // What is no object says nothing.
    let _ = choice.members(|key, value| {
        let is_kind = key == "type";
        forced |= is_kind
            && value
                .string()
                .is_ok_and(|kind| kind == "any" || kind == "tool");
        Ok(())
    });
    forced
}
