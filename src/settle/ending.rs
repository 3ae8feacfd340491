//! What to book for an answer, by how it ended and what was seen of it.

use crate::api::Tally;
use crate::usage::{Estimate, Usage};

use super::{ByStatus, Outcome};

/// How an answer ended, whichever way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) by_status: ByStatus,
    /// Whether the body came to its own end; else it broke off, or the caller left.
    pub(crate) complete: bool,
    /// Whether it came as a stream of events.
    pub(crate) is_stream: bool,
    /// Whether a part of it was too large to be looked into, or not understood.
    pub(crate) unseen: bool,
    /// Whether the model may have reasoned without showing it.
    pub(crate) may_reason: bool,
}

impl Ending {
    /// What to book. `delivered` counts the output tokens that were delivered, and is asked only where it matters.
    pub(crate) fn outcome(
        self,
        seen: &Tally,
        reserved: Estimate,
        delivered: impl FnOnce() -> u64,
    ) -> Outcome {
        match self.by_status {
            ByStatus::Answer => self
                .of_answer(seen, reserved, delivered)
                .in_tier(seen.service_tier),
            ByStatus::NothingIfError if seen.error => Outcome::NothingRan,
            other => other.outcome().unwrap_or(Outcome::Unreconciled),
        }
    }

    fn of_answer(
        self,
        seen: &Tally,
        reserved: Estimate,
        delivered: impl FnOnce() -> u64,
    ) -> Outcome {
        match seen.usage {
            // What is still being made has figures that still grow.
            _ if seen.pending => Outcome::Unreconciled,
            Some(usage) if self.tells_all(seen) => Outcome::Reported(usage),
            usage if self.may_hide(seen) => {
                unreconciled(reserved, usage.unwrap_or_default(), delivered())
            }
            usage => {
                let usage = usage.unwrap_or(Usage::new(reserved.input_tokens, 0));
                Outcome::Counted(Usage {
                    output_tokens: usage.output_tokens.max(delivered()),
                    ..usage
                })
            }
        }
    }

    /// Whether the usage that was seen is that of the whole call.
    fn tells_all(self, seen: &Tally) -> bool {
        // With a first figure alone it broke off before it said what it cost; and events that were not looked into may have
        // said more than those that were.
        let is_partial = seen.provisional || (self.is_stream && self.unseen);
        seen.is_final || (self.complete && !seen.error && !is_partial)
    }

    /// Whether more may have run than what was delivered shows.
    fn may_hide(self, seen: &Tally) -> bool {
        self.may_reason || !seen.understood || (self.unseen && seen.usage.is_none())
    }
}

/// The whole reservation, but no less than what was seen or delivered.
fn unreconciled(reserved: Estimate, seen: Usage, delivered: u64) -> Outcome {
    let least = Usage {
        input_tokens: seen.input_tokens.max(reserved.input_tokens),
        output_tokens: seen
            .output_tokens
            .max(delivered)
            .max(reserved.output_tokens),
        ..seen
    };
    let is_more = least.total() > reserved.total();
    if is_more {
        Outcome::AtLeast(least)
    } else {
        Outcome::Unreconciled
    }
}

#[cfg(test)]
mod tests;
