//! Reading a request.

use crate::api::json::{Stop, Value, members, position};
use crate::api::openai::model::{model, no_extra_body};
use crate::api::openai::prompt;
use crate::api::read::keys::Seen;
use crate::api::read::value::{no_other_models, not_null};
use crate::api::{Call, Invalid, OutputAsk, Sites, Text};
use crate::prices::{CacheWrites, Permits};

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 5] = ["model", "models", "fallbacks", "extra_body", "input"];

/// The end of the path.
const SUFFIX: [&str; 1] = ["embeddings"];

pub(super) fn read(path: &str, body: &str) -> Result<Call, Invalid> {
    let mut named = None;
    let mut input = None;
    // Not of OpenAI, but of servers that put these before what is embedded.
    let mut prompted: Vec<Value<'_>> = Vec::new();
    let mut seen = Seen::of(&DECISIVE);
    members(body, |key, value| {
        seen.note(&key)?;
        match &*key {
            "model" => named = Some(value),
            "models" => no_other_models("models", value)?,
            "fallbacks" => no_other_models("fallbacks", value)?,
            "extra_body" => no_extra_body(value)?,
            "input" => input = Some(value),
            "prompt" | "messages" | "instruction" => prompted.extend(Some(value).filter(not_null)),
            _ => {}
        }
        Ok(())
    })
    .map_err(Stop::at_body)?;
    let (model, model_site) = model(path, &SUFFIX, body, named)?;
    let mut call = Call::new(&model, model_site);
    // Vectors are neither cached nor heard.
    call.permits = Permits {
        cache_writes: CacheWrites::None,
        audio_input: false,
        audio_output: false,
        ..Permits::default()
    };
    call.output = OutputAsk::nothing();
    call.sites = Sites::of(body);
    let unnamed = || Invalid::param("input", "you must provide an input");
    prompt::read(body, input.ok_or_else(unnamed)?, "input", &mut call.input)?;
    for value in prompted {
        call.input.add(Text::Span(position(body, value.get())));
    }
    call.input.check()?;
    Ok(call)
}
