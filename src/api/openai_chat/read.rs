//! Reading a request.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::keys::Seen;
use super::{messages, tools};
use crate::api::json::{Kind, Stop, items, kind, members, position, string};
use crate::api::path::{ends_with, segment_after};
use crate::api::{Call, Input, Invalid, ModelSite, OutputAsk, Sites, Text};

/// A model's name that is longer is nobody's model; it would only fill counters and logs.
const LONGEST_MODEL: usize = 512;

pub(super) fn read(path: &str, body: &str) -> Result<Call, Invalid> {
    let members = Top::of(body)?;
    let (model, model_site) = model(path, body, members.model)?;
    let (output, mut sites) = output(body, &members)?;
    let mut stream_options = StreamOptions::default();
    if let Some(value) = members.stream_options {
        if not_null(&value) {
            stream_options = StreamOptions::of(body, value)?;
        }
        sites.stream_options = Some(position(body, value.get()));
        sites.include_usage = stream_options.site;
    }
    Ok(Call {
        model: model.into(),
        model_site,
        input: input(body, &members)?,
        output,
        stream: flag("stream", members.stream)?,
        asks_usage: stream_options.include_usage,
        reasons: members.reasons,
        sites,
    })
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    model: Option<&'a RawValue>,
    messages: Option<&'a RawValue>,
    max_completion_tokens: Option<&'a RawValue>,
    max_tokens: Option<&'a RawValue>,
    n: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
    tools: Option<&'a RawValue>,
    functions: Option<&'a RawValue>,
    reasons: bool,
    /// Members that are put into the prompt as they are.
    prompted: Vec<&'a RawValue>,
}

impl<'a> Top<'a> {
    fn of(body: &'a str) -> Result<Self, Invalid> {
        let mut top = Self::default();
        let mut seen = Seen::top_level();
        members(body, |key, value| {
            seen.note(&key)?;
            top.take(&key, value)
        })
        .map_err(|stop| match stop {
            Stop::Json(error) => Invalid::body(format!("the body is not a JSON object: {error}")),
            Stop::Invalid(invalid) => invalid,
        })?;
        Ok(top)
    }

    fn take(&mut self, key: &str, value: &'a RawValue) -> Result<(), Invalid> {
        match key {
            "model" => self.model = Some(value),
            "models" => no_other_models("models", value)?,
            "fallbacks" => no_other_models("fallbacks", value)?,
            "messages" => self.messages = Some(value),
            "max_completion_tokens" => self.max_completion_tokens = Some(value),
            "max_tokens" => self.max_tokens = Some(value),
            "n" => self.n = Some(value),
            "stream" => self.stream = Some(value),
            "stream_options" => self.stream_options = Some(value),
            "reasoning_effort" => self.reasons |= !is_none(value),
            "reasoning" | "thinking" => self.reasons |= not_null(&value),
            "tools" => self.tools = Some(value).filter(not_null),
            "functions" => self.functions = Some(value).filter(not_null),
            "response_format" | "tool_choice" | "function_call" => self.chosen(value),
            // Not of OpenAI, but of servers that speak its words and render the prompt themselves.
            "documents" | "chat_template" | "chat_template_kwargs" => self.prompted.push(value),
            // What the answer may turn out to be. It is billed, read or not.
            "prediction" => self.prompted.extend(Some(value).filter(not_null)),
            _ => {}
        }
        Ok(())
    }

    /// A format or a tool that is described at length: the description is put into the prompt, a bare name is not.
    fn chosen(&mut self, value: &'a RawValue) {
        // What is no object has no members, and costs nothing.
        let _ = members(value.get(), |_, member| {
            if kind(member) == Kind::Object {
                self.prompted.push(member);
            }
            Ok(())
        });
    }
}

/// Routers run the models of these lists when the first one fails, or instead of it.
fn no_other_models(param: &'static str, value: &RawValue) -> Result<(), Invalid> {
    if matches!(value.get(), "null" | "\"\"") || is_empty_list(value) {
        return Ok(());
    }
    let message = format!(
        "each call may name one model, so that it can be metered: leave {param} out, and name it in model"
    );
    Err(Invalid::param(param, message))
}

fn is_empty_list(value: &RawValue) -> bool {
    let inside = value
        .get()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|items| items.trim_ascii().is_empty())
}

/// Whether an effort is none at all.
fn is_none(effort: &RawValue) -> bool {
    !not_null(&effort) || string(effort).is_ok_and(|effort| effort == "none")
}

fn not_null(value: &&RawValue) -> bool {
    kind(value) != Kind::Null
}

/// The model and where it stands. Azure and LiteLLM believe the path and ignore the body, whose `model` SDK users fill
/// with whatever they like; so a path that names a deployment or an engine decides, and the two may differ.
fn model<'a>(
    path: &'a str,
    body: &str,
    value: Option<&'a RawValue>,
) -> Result<(Cow<'a, str>, ModelSite), Invalid> {
    if let Some((model, name)) = model_in_path(path)? {
        return Ok((checked(model.into())?, ModelSite::PathAfter(name)));
    }
    let value = value.ok_or_else(|| Invalid::param("model", "you must provide a model"))?;
    let model = string(value).map_err(|_| Invalid::param("model", "model must be a string"))?;
    let site = ModelSite::Body(position(body, value.get()));
    Ok((checked(model)?, site))
}

/// The model in `…/deployments/{model}/chat/completions` or `…/engines/{model}/chat/completions`, and the segment before it.
fn model_in_path(path: &str) -> Result<Option<(&str, &'static str)>, Invalid> {
    const DEPLOYMENTS: &str = "deployments";
    const ENGINES: &str = "engines";
    let several = || Invalid::param("model", "the path must name the model in one segment");
    // Whose path goes on so has engines that are no models, and reads the body: Docker's model runner, for one.
    let is_versioned = ends_with(path, &["v1", "chat", "completions"]);
    let deployment = segment_after(path, DEPLOYMENTS);
    let engine = segment_after(path, ENGINES).filter(|_| !is_versioned);
    let is_azure = path.to_ascii_lowercase().contains("/openai/deployments/");
    match (deployment, engine) {
        // Only `chat/completions` follows.
        (Some((model, 2)), _) => Ok(Some((model, DEPLOYMENTS))),
        (_, Some((model, 2))) if !is_azure => Ok(Some((model, ENGINES))),
        // A server could take several segments for the model.
        (Some(_), _) if is_azure => Err(several()),
        (_, Some(_)) => Err(several()),
        (_, None) => Ok(None),
    }
}

fn checked(model: Cow<'_, str>) -> Result<Cow<'_, str>, Invalid> {
    if model.trim().is_empty() {
        return Err(Invalid::param("model", "you must provide a model"));
    }
    if model.len() > LONGEST_MODEL {
        let message = format!("model must not be longer than {LONGEST_MODEL} bytes");
        return Err(Invalid::param("model", message));
    }
    Ok(model)
}

fn output(body: &str, top: &Top<'_>) -> Result<(OutputAsk, Sites), Invalid> {
    let caps = [
        positive("max_completion_tokens", top.max_completion_tokens)?,
        positive("max_tokens", top.max_tokens)?,
    ];
    let site = |value: Option<&RawValue>| value.map(|value| position(body, value.get()));
    let sites = Sites {
        opening: body.find('{').unwrap_or_default(),
        cap: site(top.max_completion_tokens),
        legacy_cap: site(top.max_tokens),
        ..Sites::default()
    };
    let ask = OutputAsk {
        cap: caps.into_iter().flatten().max(),
        answers: positive("n", top.n)?.unwrap_or(1),
    };
    Ok((ask, sites))
}

/// A whole number from 1 on, written as digits and nothing else: `1e3` and `3.0` are read differently by different servers.
fn positive(param: &'static str, value: Option<&RawValue>) -> Result<Option<u64>, Invalid> {
    let Some(value) = value.filter(not_null) else {
        return Ok(None);
    };
    match value.get().parse() {
        Ok(number) if number >= 1 => Ok(Some(number)),
        _ => {
            let message = format!("{param} must be a whole number from 1 to {}", u64::MAX);
            Err(Invalid::param(param, message))
        }
    }
}

fn flag(param: &'static str, value: Option<&RawValue>) -> Result<bool, Invalid> {
    match value.map(kind) {
        None | Some(Kind::Null) => Ok(false),
        Some(Kind::Bool(flag)) => Ok(flag),
        Some(_) => Err(Invalid::param(
            param,
            format!("{param} must be true or false"),
        )),
    }
}

#[derive(Default)]
struct StreamOptions {
    include_usage: bool,
    site: Option<Range<usize>>,
}

impl StreamOptions {
    fn of(body: &str, value: &RawValue) -> Result<Self, Invalid> {
        const PARAM: &str = "stream_options";
        let mut options = Self::default();
        let mut seen = Seen::stream_options();
        members(value.get(), |key, value| {
            seen.note(&key)?;
            if key == "include_usage" {
                options.include_usage = flag("stream_options.include_usage", Some(value))?;
                options.site = Some(position(body, value.get()));
            }
            Ok(())
        })
        .map_err(|stop| stop.at(PARAM))?;
        Ok(options)
    }
}

fn input(body: &str, top: &Top<'_>) -> Result<Input, Invalid> {
    let mut input = Input::default();
    let unnamed = || Invalid::param("messages", "you must provide messages");
    messages::read(body, top.messages.ok_or_else(unnamed)?, &mut input)?;
    if let Some(tools) = top.tools {
        items(tools.get(), |tool| tools::tool(body, tool, &mut input))
            .map_err(|stop| stop.at("tools"))?;
    }
    if let Some(functions) = top.functions {
        items(functions.get(), |function| {
            tools::function(body, function, &mut input)
        })
        .map_err(|stop| stop.at("functions"))?;
    }
    for value in &top.prompted {
        input.add(Text::Span(position(body, value.get())));
    }
    input.check()?;
    Ok(input)
}
