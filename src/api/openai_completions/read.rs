//! Reading a request.

use crate::api::json::{Kind, Stop, Value, members, position};
use crate::api::openai::model::{model, no_extra_body};
use crate::api::openai::{prompt, stream};
use crate::api::read::keys::Seen;
use crate::api::read::permits;
use crate::api::read::value::{no_other_models, not_null, positive};
use crate::api::{Call, Invalid, OutputAsk, Sites};

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 11] = [
    "model",
    "models",
    "fallbacks",
    "extra_body",
    "prompt",
    "max_tokens",
    "n",
    "best_of",
    "stream",
    "stream_options",
    "service_tier",
];

/// The end of the path.
const SUFFIX: [&str; 1] = ["completions"];

/// What a prompt that is left out stands for: the end of a text.
const NO_PROMPT: u64 = 1;

pub(super) fn read(path: &str, body: &str) -> Result<Call, Invalid> {
    let top = Top::of(body)?;
    let (model, model_site) = model(path, &SUFFIX, body, top.model)?;
    let mut call = Call::new(&model, model_site);
    call.permits = permits::openai(body, top.service_tier, &[]);
    call.output = OutputAsk {
        cap: cap(top.max_tokens)?,
        // The best of several are as many as are made, whatever is shown of them.
        answers: positive("n", top.n)?
            .max(positive("best_of", top.best_of)?)
            .unwrap_or(1),
        ..OutputAsk::default()
    };
    call.sites = Sites {
        legacy_cap: top.max_tokens.map(|value| position(body, value.get())),
        ..Sites::of(body)
    };
    stream::read(body, top.stream, top.stream_options, &mut call)?;
    input(body, &top, &mut call)?;
    Ok(call)
}

/// A whole number from 0 on: with `echo` one asks for the prompt alone.
fn cap(value: Option<Value<'_>>) -> Result<Option<u64>, Invalid> {
    const PARAM: &str = "max_tokens";
    match value.filter(not_null) {
        Some(value) if value.get() == "0" => Ok(Some(0)),
        value => positive(PARAM, value).map_err(|_| {
            let message = format!("{PARAM} must be a whole number from 0 to {}", u64::MAX);
            Invalid::param(PARAM, message)
        }),
    }
}

fn input(body: &str, top: &Top<'_>, call: &mut Call) -> Result<(), Invalid> {
    let input = &mut call.input;
    let prompt = top
        .prompt
        .ok_or_else(|| Invalid::param("prompt", "you must provide a prompt"))?;
    if not_null(&prompt) {
        call.output.prompts = prompt::read(body, prompt, "prompt", input)?;
    } else {
        input.overhead += NO_PROMPT;
    }
    if let Some(suffix) = top.suffix.filter(not_null) {
        if suffix.kind() != Kind::String {
            return Err(Invalid::param("suffix", "suffix must be a string"));
        }
        let broken = |error| Invalid::param("suffix", format!("suffix is broken: {error}"));
        input.add(suffix.text(body).map_err(broken)?);
    }
    input.check()
}

/// The members of a request that matter to us.
#[derive(Default)]
struct Top<'a> {
    model: Option<Value<'a>>,
    prompt: Option<Value<'a>>,
    suffix: Option<Value<'a>>,
    max_tokens: Option<Value<'a>>,
    n: Option<Value<'a>>,
    best_of: Option<Value<'a>>,
    stream: Option<Value<'a>>,
    stream_options: Option<Value<'a>>,
    service_tier: Option<Value<'a>>,
}

impl<'a> Top<'a> {
    fn of(body: &'a str) -> Result<Self, Invalid> {
        let mut top = Self::default();
        let mut seen = Seen::of(&DECISIVE);
        members(body, |key, value| {
            seen.note(&key)?;
            match &*key {
                "model" => top.model = Some(value),
                "models" => no_other_models("models", value)?,
                "fallbacks" => no_other_models("fallbacks", value)?,
                "extra_body" => no_extra_body(value)?,
                "prompt" => top.prompt = Some(value),
                "suffix" => top.suffix = Some(value),
                "max_tokens" => top.max_tokens = Some(value),
                "n" => top.n = Some(value),
                "best_of" => top.best_of = Some(value),
                "stream" => top.stream = Some(value),
                "stream_options" => top.stream_options = Some(value),
                "service_tier" => top.service_tier = Some(value),
                _ => {}
            }
            Ok(())
        })
        .map_err(Stop::at_body)?;
        Ok(top)
    }
}
