//! Reading a request.

use super::items::Reader;
use super::tools;
use crate::api::json::{Kind, Stop, Value, members, position};
use crate::api::openai::format;
use crate::api::openai::model::{model, no_extra_body};
use crate::api::read::keys::Seen;
use crate::api::read::permits;
use crate::api::read::value::{flag, is_empty_list, no_other_models, not_null, positive};
use crate::api::{Call, Delivery, Invalid, Opaque, OutputAsk, Sites, Text};

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 18] = [
    "model",
    "models",
    "fallbacks",
    "extra_body",
    "input",
    "instructions",
    "max_output_tokens",
    "stream",
    "tools",
    "text",
    "reasoning",
    "background",
    "previous_response_id",
    "conversation",
    "prompt",
    "tool_choice",
    "context_management",
    "service_tier",
];

/// The provider refuses smaller caps.
const LEAST_CAP: u64 = 16;

pub(super) fn read(path: &str, suffix: &[&str], body: &str) -> Result<Call, Invalid> {
    let top = Top::of(body)?;
    let (model, model_site) = model(path, suffix, body, top.model)?;
    let mut call = Call::new(&model, model_site);
    call.permits = permits::openai(body, top.service_tier, &top.modalities);
    call.output = OutputAsk {
        cap: positive("max_output_tokens", top.cap)?,
        least: LEAST_CAP,
        ..OutputAsk::default()
    };
    call.sites = Sites {
        cap: top.cap.map(|value| position(body, value.get())),
        ..Sites::of(body)
    };
    if flag("stream", top.stream)? {
        call.delivery = Delivery::Events;
    }
    flag("background", top.background)?;
    // Every stream ends with its usage.
    call.asks_usage = true;
    if top.stored {
        call.hides(Opaque::StoredState);
    }
    if let Some(reasoning) = top.reasoning {
        read_reasoning(reasoning, &mut call)?;
    }
    input(body, &top, &mut call)?;
    Ok(call)
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    model: Option<Value<'a>>,
    input: Option<Value<'a>>,
    instructions: Option<Value<'a>>,
    cap: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    background: Option<Value<'a>>,
    tools: Option<Value<'a>>,
    tool_choice: Option<Value<'a>>,
    text: Option<Value<'a>>,
    reasoning: Option<Value<'a>>,
    service_tier: Option<Value<'a>>,
    /// What the answer may consist of.
    modalities: Vec<Value<'a>>,
    /// The provider goes on from what it has stored.
    stored: bool,
    /// The provider compacts the conversation where it grows too long.
    compacts: bool,
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
        let given = Some(value).filter(not_null);
        match key {
            "model" => self.model = Some(value),
            "models" => no_other_models("models", value)?,
            "fallbacks" => no_other_models("fallbacks", value)?,
            "extra_body" => no_extra_body(value)?,
            "input" => self.input = given,
            "instructions" => self.instructions = given,
            "max_output_tokens" => self.cap = Some(value),
            "stream" => self.stream = Some(value),
            "background" => self.background = Some(value),
            "tools" => self.tools = given,
            "tool_choice" => self.tool_choice = given,
            "text" => self.text = given,
            "reasoning" => self.reasoning = given,
            "context_management" => self.compacts = given.is_some_and(|all| !is_empty_list(all)),
            "service_tier" => self.service_tier = given,
            "modalities" | "audio" => self.modalities.extend(given),
            "previous_response_id" | "conversation" | "prompt" => self.stored |= given.is_some(),
            _ => {}
        }
        Ok(())
    }
}

/// How to reason, and in which mode: in another than the usual one the provider has several models work at it and bills
/// them all. On the recordings "pro" was billed 86 times the input.
fn read_reasoning(reasoning: Value<'_>, call: &mut Call) -> Result<(), Invalid> {
    const PARAM: &str = "reasoning";
    let is = |value: Value<'_>, wanted: &str| value.string().is_ok_and(|text| text == wanted);
    call.reasons = true;
    let mut seen = Seen::of(&["effort", "mode"]);
    reasoning
        .members(|key, value| {
            seen.note(&key)?;
            match &*key {
                "effort" if is(value, "none") => call.reasons = false,
                "mode" if not_null(&value) && !is(value, "standard") => {
                    call.hides(Opaque::HostedTool)
                }
                _ => {}
            }
            Ok(())
        })
        .map_err(|stop| stop.at(PARAM))
}

fn input(body: &str, top: &Top<'_>, call: &mut Call) -> Result<(), Invalid> {
    if top.input.is_none() && !top.stored {
        return Err(Invalid::param("input", "you must provide input"));
    }
    let mut reader = Reader::new(body, call);
    if let Some(instructions) = top.instructions {
        reader.instructions(instructions)?;
    }
    if let Some(input) = top.input {
        reader.input(input, top.compacts)?;
    }
    let loaded = reader.loaded();
    if let Some(tools) = top.tools {
        tools::read(body, tools, &loaded, call)?;
    }
    if let Some(text) = top.text {
        read_format(body, text, call)?;
    }
    if let Some(choice) = top.tool_choice {
        // A bare name costs nothing. What is no object has no members.
        let _ = choice.members(|_, member| {
            if matches!(member.kind(), Kind::Object | Kind::Array) {
                call.input.add(Text::Span(position(body, member.get())));
            }
            Ok(())
        });
    }
    permits::note_audio(call);
    call.input.check()
}

/// The schema that the answer is to have. How verbose it is to be costs nothing, and neither does a bare kind of answer.
fn read_format(body: &str, text: Value<'_>, call: &mut Call) -> Result<(), Invalid> {
    const PARAM: &str = "text";
    text.members(|key, value| {
        if key == "format" && says_more_than_its_type(value) {
            format::json_schema(body, value, PARAM, &mut call.input)?;
        }
        Ok(())
    })
    .map_err(|stop| stop.at(PARAM))
}

fn says_more_than_its_type(format: Value<'_>) -> bool {
    let mut says_more = false;
    // What is no object has no members.
    let _ = format.members(|key, _| {
        says_more |= key != "type";
        Ok(())
    });
    says_more
}
