//! What a call is expected to use, before it is made. Pure.

use crate::policy::{CheckedLimit, CheckedTier, Enforcement, OutputCap, Unit};

/// What a call is expected to use: exact input, bounded output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// The most tokens that the answers may have, together.
    pub output_tokens: u64,
}

impl Estimate {
    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// The bound of a call's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutputBound {
    /// To reserve, for all answers together.
    pub(super) reserved: u64,
    /// To write into the request, per answer, if that is the tier's rule.
    pub(super) enforced: Option<u64>,
}

/// What bounds a call's output.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutputQuestion<'a> {
    /// The caller's cap for one answer.
    pub(super) cap: Option<u64>,
    /// How many answers.
    pub(super) answers: u64,
    pub(super) input_tokens: u64,
    /// The model's own maximum for one answer, if it is known.
    pub(super) model_max: Option<u64>,
    pub(super) tier: &'a CheckedTier,
    pub(super) limits: &'a [&'a CheckedLimit],
}

impl OutputQuestion<'_> {
    /// The caller's cap, or the tier's default, bounded by the model's maximum. Where caps are enforced, also by the tier's
    /// maximum and by what could ever fit the limits: an SDK's habitual 16,384 is lowered, not refused.
    pub(super) fn bound(&self) -> OutputBound {
        let answers = self.answers.max(1);
        let asked = self.cap.unwrap_or(self.tier.default_output_tokens);
        let possible = asked.min(self.model_max.unwrap_or(u64::MAX));
        if self.tier.output_cap == OutputCap::Reserve {
            return OutputBound {
                reserved: possible.saturating_mul(answers),
                enforced: None,
            };
        }
        let tier_max = self.tier.max_output_tokens.unwrap_or(u64::MAX);
        let fitting = self.ever_fits().map_or(u64::MAX, |all| all / answers);
        // An answer of no tokens is none: below one the limit refuses the call.
        let one = possible.min(tier_max).min(fitting).max(1);
        OutputBound {
            reserved: one.saturating_mul(answers),
            enforced: Some(one),
        }
    }

    /// The most output that all hard limits together could ever admit with this input.
    fn ever_fits(&self) -> Option<u64> {
        let hard = self
            .limits
            .iter()
            .filter(|limit| limit.enforcement == Enforcement::Hard);
        hard.filter_map(|limit| match limit.unit {
            Unit::Tokens => Some(limit.amount.saturating_sub(self.input_tokens)),
            Unit::OutputTokens => Some(limit.amount),
            Unit::Requests | Unit::InputTokens | Unit::Concurrent => None,
        })
        .min()
    }
}
