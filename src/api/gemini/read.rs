//! Reading a request.

use super::contents;
use super::names::camel;
use super::site::{Site, readable_answers_only};
use super::tools;
use crate::api::json::{Kind, Stop, Value, members, position};
use crate::api::path::segment_after;
use crate::api::read::keys::Seen;
use crate::api::read::permits;
use crate::api::read::value::{model_name, not_null, positive};
use crate::api::{Call, Detail, Input, Invalid, Opaque, OutputAsk, Sites, Target};
use crate::prices::{CacheWrites, Permits};
use crate::usage::ServiceTier;

/// Keys of which a request has one copy, in one of two spellings. The body's `model` is none of them: the path's counts.
const DECISIVE: [&str; 6] = [
    "contents",
    "systemInstruction",
    "tools",
    "generationConfig",
    "cachedContent",
    "serviceTier",
];

/// The same of `generationConfig`.
const DECISIVE_IN_CONFIG: [&str; 5] = [
    "maxOutputTokens",
    "candidateCount",
    "thinkingConfig",
    "responseSchema",
    "mediaResolution",
];

pub(super) fn read(target: &Target<'_>, body: &str) -> Result<Call, Invalid> {
    let unnamed = || Invalid::param("model", "the path must name a model");
    let site = Site::of(target.path).ok_or_else(unnamed)?;
    readable_answers_only(target.query)?;
    let top = Top::of(body)?;
    let config = Config::of(top.config)?;
    let mut call = Call::new(&model_name(site.model.into())?, site.model_site.clone());
    call.delivery = site.delivery(target.query);
    call.reasons = config.thinks;
    call.permits = Permits {
        service_tier: service_tier(target.path, top.service_tier),
        // What it caches by itself costs nothing to write.
        cache_writes: CacheWrites::None,
        audio_input: false,
        audio_output: config.speaks,
    };
    call.output = OutputAsk {
        cap: positive("maxOutputTokens", config.cap)?,
        answers: positive("candidateCount", config.answers)?.unwrap_or(1),
        ..OutputAsk::default()
    };
    let place = |value: Option<Value<'_>>| value.map(|value| position(body, value.get()));
    call.sites = Sites {
        cap: place(config.cap),
        config: place(top.config),
        ..Sites::of(body)
    };
    input(body, &top, &config, &mut call)?;
    Ok(call)
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    contents: Option<Value<'a>>,
    system: Option<Value<'a>>,
    tools: Option<Value<'a>>,
    config: Option<Value<'a>>,
    cache: Option<Value<'a>>,
    service_tier: Option<Value<'a>>,
}

impl<'a> Top<'a> {
    fn of(body: &'a str) -> Result<Self, Invalid> {
        let mut top = Self::default();
        let mut seen = Seen::of(&DECISIVE);
        members(body, |key, value| {
            let key = camel(&key);
            seen.note(&key)?;
            match &*key {
                "contents" => top.contents = Some(value).filter(not_null),
                "systemInstruction" => top.system = Some(value).filter(not_null),
                "tools" => top.tools = Some(value).filter(not_null),
                "generationConfig" => top.config = Some(value),
                "cachedContent" => top.cache = Some(value).filter(not_null),
                "serviceTier" => top.service_tier = Some(value).filter(not_null),
                _ => {}
            }
            Ok(())
        })
        .map_err(Stop::at_body)?;
        Ok(top)
    }
}

/// The members of `generationConfig` that matter to us.
#[derive(Default)]
struct Config<'a> {
    cap: Option<Value<'a>>,
    answers: Option<Value<'a>>,
    thinks: bool,
    /// The answer may be spoken.
    speaks: bool,
    schema: Option<Value<'a>>,
    detail: Detail,
}

impl<'a> Config<'a> {
    fn of(config: Option<Value<'a>>) -> Result<Self, Invalid> {
        let mut read = Self::default();
        let Some(config) = config.filter(not_null) else {
            return Ok(read);
        };
        let mut seen = Seen::of(&DECISIVE_IN_CONFIG);
        config
            .members(|key, value| {
                let key = camel(&key);
                seen.note(&key)?;
                match &*key {
                    "maxOutputTokens" => read.cap = Some(value),
                    "candidateCount" => read.answers = Some(value),
                    "thinkingConfig" => read.thinks = thinks(value)?,
                    "responseModalities" => read.speaks |= permits::is_heard(value),
                    "speechConfig" => read.speaks |= not_null(&value),
                    "mediaResolution" => read.detail = contents::resolution(value),
                    // Google's own local tokenizer counts this one. `responseJsonSchema` is not billed: measured, in six calls of
                    // three generations.
                    "responseSchema" => read.schema = Some(value).filter(not_null),
                    _ => {}
                }
                Ok(())
            })
            .map_err(|stop| stop.at("generationConfig"))?;
        Ok(read)
    }
}

/// The tier of service that is asked for. One who asks for none gets the default one, but on Vertex, where a header may ask.
fn service_tier(path: &str, value: Option<Value<'_>>) -> Option<ServiceTier> {
    const PREFIX: &str = "SERVICE_TIER_";
    let is_vertex =
        || segment_after(path, "projects").is_some() || segment_after(path, "publishers").is_some();
    let unasked = || (!is_vertex()).then_some(ServiceTier::Default);
    let Some(value) = value else {
        return unasked();
    };
    let Ok(name) = value.string() else {
        return Some(ServiceTier::Other);
    };
    match name.to_ascii_uppercase().trim_start_matches(PREFIX) {
        "UNSPECIFIED" => unasked(),
        name => ServiceTier::named(name).or_else(unasked),
    }
}

/// Whether the model is told to think: unless it is given no budget for that.
fn thinks(config: Value<'_>) -> Result<bool, Invalid> {
    if config.kind() == Kind::Null {
        return Ok(false);
    }
    let mut thinks = false;
    config
        .members(|key, value| {
            thinks |= match &*camel(&key) {
                "thinkingBudget" => !matches!(value.get(), "0" | "null"),
                "includeThoughts" => value.get() == "true",
                _ => not_null(&value),
            };
            Ok(())
        })
        .map_err(|stop| stop.at("thinkingConfig"))?;
    Ok(thinks)
}

fn input(body: &str, top: &Top<'_>, config: &Config<'_>, call: &mut Call) -> Result<(), Invalid> {
    let unnamed = || Invalid::param("contents", "you must provide contents");
    contents::read(
        "contents",
        body,
        top.contents.ok_or_else(unnamed)?,
        config.detail,
        call,
    )?;
    if call.input.messages == 0 {
        return Err(Invalid::param("contents", "contents must not be empty"));
    }
    if let Some(system) = top.system {
        contents::read("systemInstruction", body, system, config.detail, call)?;
    }
    if let Some(tools) = top.tools {
        tools::read(body, tools, call)?;
    }
    if let Some(schema) = config.schema {
        tools::schema(body, schema, &mut call.input)?;
    }
    if top.cache.is_some_and(names_something) {
        call.hides(Opaque::Cache);
    }
    permits::note_audio(call);
    call.input.check()?;
    split_digits(body, &mut call.input);
    Ok(())
}

/// Whether a value is more than the empty name, by which Google leaves things out.
fn names_something(value: Value<'_>) -> bool {
    !value.string().is_ok_and(|name| name.is_empty())
}

/// Gemini's tokenizer makes a token of each digit (as Gemma's does, which Google's SDK counts with); the one that we count with
/// makes one of up to three. The difference is added.
fn split_digits(body: &str, input: &mut Input) {
    let mut more = 0;
    for text in &input.texts {
        let digits = text
            .of(body)
            .as_bytes()
            .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
        let runs = digits.filter(|run| run[0].is_ascii_digit());
        more += runs
            .map(|run| run.len() - run.len().div_ceil(3))
            .sum::<usize>() as u64;
    }
    input.overhead = input.overhead.saturating_add(more);
}
