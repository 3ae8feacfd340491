//! The usage that Anthropic reports: `input_tokens` is what was neither read from the cache nor written to it.

use crate::api::Tally;
use crate::api::json::Value;
use crate::usage::{ServiceTier, Usage};

/// The figures of one report. What it leaves out, or what makes no sense, is not there.
#[derive(Debug, Default)]
struct Reported {
    fresh: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    written_5m: Option<u64>,
    written_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    searches: Option<u64>,
    tier: Option<ServiceTier>,
}

/// Puts what a report says in the place of what was reported before; what it leaves out stays. A figure of the input never
/// falls: some servers end a stream with a zero for what they told of at its beginning. Says whether it named the output.
pub(super) fn report(value: Value<'_>, tally: &mut Tally) -> bool {
    let reported = Reported::of(value);
    tally.service_tier = reported.tier.or(tally.service_tier);
    let before = tally.usage;
    if before.is_none() && (reported.fresh.is_none() || reported.output.is_none()) {
        return false;
    }
    tally.usage = Some(reported.over(before.unwrap_or_default()));
    reported.output.is_some()
}

impl Reported {
    fn of(value: Value<'_>) -> Self {
        let mut reported = Self::default();
        let number = |value: Value<'_>| value.get().parse().ok();
        let _ = value.members(|key, value| {
            match &*key {
                "input_tokens" => reported.fresh = number(value),
                "cache_read_input_tokens" => reported.read = number(value),
                "cache_creation_input_tokens" => reported.written = number(value),
                "output_tokens" => reported.output = number(value),
                "service_tier" if reported.tier != Some(ServiceTier::Other) => {
                    reported.tier = value
                        .string()
                        .ok()
                        .and_then(|name| ServiceTier::named(&name));
                }
                // A faster answer costs several times as much, and its price is not known: that is told, not passed over.
                "speed" if value.string().is_ok_and(|speed| speed != "standard") => {
                    reported.tier = Some(ServiceTier::Other);
                }
                "cache_creation" | "output_tokens_details" | "server_tool_use" => {
                    // What is no object has no figures.
                    let _ = value.members(|key, value| {
                        match &*key {
                            "ephemeral_5m_input_tokens" => reported.written_5m = number(value),
                            "ephemeral_1h_input_tokens" => reported.written_1h = number(value),
                            "thinking_tokens" => reported.thinking = number(value),
                            "web_search_requests" => reported.searches = number(value),
                            _ => {}
                        }
                        Ok(())
                    });
                }
                _ => {}
            }
            Ok(())
        });
        reported
    }

    fn over(&self, before: Usage) -> Usage {
        let cached_before = before
            .cached_input_tokens
            .saturating_add(before.cache_write_tokens);
        let fresh_before = before.input_tokens.saturating_sub(cached_before);
        let fresh = self.fresh.unwrap_or(0).max(fresh_before);
        let read = self.read.unwrap_or(0).max(before.cached_input_tokens);
        let parts = match (self.written_5m, self.written_1h) {
            (None, None) => None,
            (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
        };
        let written = self.written.or(parts).unwrap_or(0);
        let written = written.max(before.cache_write_tokens);
        let written_1h = self.written_1h.unwrap_or(0);
        let written_1h = written_1h.max(before.cache_write_1h_tokens);
        let output = self.output.unwrap_or(before.output_tokens);
        // A part is never more than the whole.
        let part = |part: Option<u64>, before: u64, whole: u64| part.unwrap_or(before).min(whole);
        Usage {
            input_tokens: fresh.saturating_add(read).saturating_add(written),
            output_tokens: output,
            cached_input_tokens: read,
            cache_write_tokens: written,
            cache_write_1h_tokens: written_1h.min(written),
            reasoning_tokens: part(self.thinking, before.reasoning_tokens, output),
            web_searches: self.searches.unwrap_or(before.web_searches),
            ..before
        }
    }
}
