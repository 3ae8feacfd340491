//! The usage that OpenAI reports, in its two dialects: `prompt_tokens` and `completion_tokens`, or `input_tokens` and
//! `output_tokens`. Some servers report in both at once, and leave one of them at zero: the larger
//! figure counts. What is no figure is passed over, and the others still count.

use crate::api::json::Value;
use crate::usage::{ServiceTier, Usage};

/// The tier of service that an answer names.
pub(in crate::api) fn tier(value: Value<'_>) -> Option<ServiceTier> {
    ServiceTier::named(&value.string().ok()?)
}

/// The usage in a provider's words, if it makes sense. `prompt_tokens` includes what was cached.
pub(in crate::api) fn usage(value: Value<'_>) -> Option<Usage> {
    Reported::of(value).usage()
}

/// The same of an API that generates nothing: the input alone makes sense.
pub(in crate::api) fn input_usage(value: Value<'_>) -> Option<Usage> {
    let reported = Reported::of(value);
    let input = || Some(Usage::new(reported.prompt.or(reported.total)?, 0));
    reported.usage().or_else(input)
}

/// The figures of one report.
#[derive(Default)]
struct Reported {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
    input: Details,
    output: Details,
}

impl Reported {
    fn of(value: Value<'_>) -> Self {
        let mut reported = Self::default();
        // What is no object has no figures.
        let _ = value.members(|key, value| {
            let sum = match &*key {
                "prompt_tokens" | "input_tokens" => &mut reported.prompt,
                "completion_tokens" | "output_tokens" => &mut reported.completion,
                "total_tokens" => &mut reported.total,
                "prompt_tokens_details" | "input_tokens_details" => {
                    reported.input.add(value);
                    return Ok(());
                }
                "completion_tokens_details" | "output_tokens_details" => {
                    reported.output.add(value);
                    return Ok(());
                }
                _ => return Ok(()),
            };
            *sum = figure(value).max(*sum);
            Ok(())
        });
        reported
    }

    fn usage(&self) -> Option<Usage> {
        let (input_tokens, output_tokens) = sums(self.prompt, self.completion, self.total)?;
        let (input, output) = (&self.input, &self.output);
        // A part is never more than the whole.
        Some(Usage {
            input_tokens,
            output_tokens,
            cached_input_tokens: input.cached.min(input_tokens),
            cache_write_tokens: input.cache_write.min(input_tokens),
            reasoning_tokens: output.reasoning.min(output_tokens),
            audio_input_tokens: input.audio.min(input_tokens),
            audio_output_tokens: output.audio.min(output_tokens),
            accepted_prediction_tokens: output.accepted.min(output_tokens),
            rejected_prediction_tokens: output.rejected.min(output_tokens),
            ..Usage::default()
        })
    }
}

/// Input and output. Some compatible servers leave a zero out, and some leave reasoning out of `completion_tokens`;
/// the total has it.
fn sums(prompt: Option<u64>, completion: Option<u64>, total: Option<u64>) -> Option<(u64, u64)> {
    match (prompt, completion, total) {
        (Some(prompt), Some(completion), total) => {
            let beside = total.unwrap_or(0).saturating_sub(prompt);
            Some((prompt, completion.max(beside)))
        }
        (Some(prompt), None, Some(total)) => Some((prompt, total.saturating_sub(prompt))),
        (None, Some(completion), Some(total)) => {
            Some((total.saturating_sub(completion), completion))
        }
        _ => None,
    }
}

/// Parts of the input or the output.
#[derive(Default)]
struct Details {
    cached: u64,
    cache_write: u64,
    reasoning: u64,
    audio: u64,
    accepted: u64,
    rejected: u64,
}

impl Details {
    fn add(&mut self, value: Value<'_>) {
        let _ = value.members(|key, value| {
            let part = match &*key {
                "cached_tokens" => &mut self.cached,
                "cache_write_tokens" => &mut self.cache_write,
                "reasoning_tokens" => &mut self.reasoning,
                "audio_tokens" => &mut self.audio,
                "accepted_prediction_tokens" => &mut self.accepted,
                "rejected_prediction_tokens" => &mut self.rejected,
                _ => return Ok(()),
            };
            *part = figure(value).unwrap_or(0).max(*part);
            Ok(())
        });
    }
}

/// A whole number; some servers write it with a fraction of nothing, as in `500.0`.
fn figure(value: Value<'_>) -> Option<u64> {
    let whole = |text: &str| {
        let (whole, fraction) = text.split_once('.')?;
        let is_nothing = fraction.bytes().all(|digit| digit == b'0');
        is_nothing.then(|| whole.parse().ok())?
    };
    let text = value.get();
    text.parse().ok().or_else(|| whole(text))
}
