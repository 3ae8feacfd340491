//! The usage that Google reports.

use super::names::camel;
use crate::api::json::Value;
use crate::usage::{ServiceTier, Usage};

/// A `usageMetadata`, as far as it can be read. What is zero is left out of it.
#[derive(Default)]
pub(super) struct Reported {
    prompt: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    tool_use: Option<u64>,
    cached: Option<u64>,
    total: Option<u64>,
    audio_input: u64,
    audio_output: u64,
    /// The tier of service that it names.
    pub(super) tier: Option<ServiceTier>,
}

impl Reported {
    pub(super) fn of(value: Value<'_>) -> Self {
        let mut reported = Self::default();
        // What cannot be read is passed over, and the others still count.
        let _ = value.members(|key, value| {
            let number = || value.get().parse().ok();
            match &*camel(&key) {
                "promptTokenCount" => reported.prompt = number(),
                "candidatesTokenCount" | "responseTokenCount" => reported.candidates = number(),
                "thoughtsTokenCount" => reported.thoughts = number(),
                "toolUsePromptTokenCount" => reported.tool_use = number(),
                "cachedContentTokenCount" => reported.cached = number(),
                "totalTokenCount" => reported.total = number(),
                "promptTokensDetails" | "toolUsePromptTokensDetails" => {
                    reported.audio_input = reported.audio_input.saturating_add(audio(value));
                }
                "candidatesTokensDetails" | "responseTokensDetails" => {
                    reported.audio_output = audio(value);
                }
                "serviceTier" | "trafficType" => reported.tier = tier(value).or(reported.tier),
                _ => {}
            }
            Ok(())
        });
        reported
    }

    /// The usage, if there is one and it makes sense.
    ///
    /// The prompt includes what was cached, but not what tools put in; the candidates do not include what was thought. Some
    /// models count thoughts in the total only.
    pub(super) fn usage(&self) -> Option<Usage> {
        if self.prompt.is_none() && self.total.is_none() {
            return None;
        }
        let zero = |figure: Option<u64>| figure.unwrap_or(0);
        let tool_use = zero(self.tool_use);
        let told = zero(self.candidates).checked_add(zero(self.thoughts))?;
        let input = match (self.prompt, self.total) {
            (None, Some(total)) => total.saturating_sub(told),
            (prompt, _) => zero(prompt).checked_add(tool_use)?,
        };
        let output = told.max(zero(self.total).saturating_sub(input));
        input.checked_add(output)?;
        Some(Usage {
            input_tokens: input,
            output_tokens: output,
            cached_input_tokens: zero(self.cached).min(input),
            tool_use_input_tokens: tool_use.min(input),
            reasoning_tokens: zero(self.thoughts).min(output),
            audio_input_tokens: self.audio_input.min(input),
            audio_output_tokens: self.audio_output.min(output),
            ..Usage::default()
        })
    }
}

/// Tokens of sound in a list of tokens by modality.
fn audio(details: Value<'_>) -> u64 {
    let mut sum = 0u64;
    let _ = details.items(|detail| {
        let (mut is_audio, mut tokens) = (false, 0);
        let _ = detail.members(|key, value| {
            match &*camel(&key) {
                "modality" => is_audio = value.get() == "\"AUDIO\"",
                "tokenCount" => tokens = value.get().parse().unwrap_or(0),
                _ => {}
            }
            Ok(())
        });
        sum = sum.saturating_add(if is_audio { tokens } else { 0 });
        Ok(())
    });
    sum
}

/// The tier by `serviceTier`, or by Vertex's `trafficType`.
fn tier(value: Value<'_>) -> Option<ServiceTier> {
    let name = value.string().ok()?;
    let name = name.strip_prefix("SERVICE_TIER_").unwrap_or(&name);
    match name {
        "ON_DEMAND" => Some(ServiceTier::Default),
        "ON_DEMAND_PRIORITY" => Some(ServiceTier::Priority),
        "ON_DEMAND_FLEX" => Some(ServiceTier::Flex),
        name if name.to_ascii_lowercase().ends_with("unspecified") => None,
        name => ServiceTier::named(name),
    }
}
