//! What calls teach of one model of one API. Pure.

use std::collections::HashMap;

use super::typical::Typical;
use super::{Factor, Learnt, Lesson};
use crate::api::{Counted, Opaque};
use crate::usage::Usage;

/// What was learned of a model of an API.
#[derive(Debug, Default)]
pub(super) struct Entry {
    input: Factor,
    output: Typical,
    /// Most models see no opaque call; a search and a file hide different amounts.
    hidden: HashMap<Opaque, Typical>,
}

impl Entry {
    /// By how much to multiply the estimate of an input.
    pub(super) fn input(&self) -> Factor {
        self.input
    }

    /// Tokens of a typical answer.
    pub(super) fn output(&self) -> Option<u64> {
        self.output.get()
    }

    /// Tokens that calls opaque for this reason typically hide.
    pub(super) fn hidden(&self, reason: Opaque) -> Option<u64> {
        self.hidden.get(&reason)?.get()
    }

    /// Learns from a call, and tells what is expected otherwise.
    pub(super) fn learn(&mut self, lesson: &Lesson, usage: &Usage) -> Learnt {
        let mut learnt = Learnt::default();
        // No output is no answer: an embedding, or one that a filter took.
        if usage.output_tokens > 0 {
            let each = usage.output_tokens.div_ceil(lesson.answers.max(1));
            // One that ends at its cap would have been longer: it tells something only if it is long as it is.
            let is_cut = lesson.cap.is_some_and(|cap| each >= cap);
            if !is_cut || self.output.get().is_none_or(|typical| each > typical) {
                learnt.typical_output = self.output.learn(each);
            }
        }
        // There is no call without input: zero is what a provider says that does not tell.
        if usage.input_tokens == 0 {
            return learnt;
        }
        let Counted { known, estimated } = lesson.visible;
        if let Some(reason) = lesson.opaque {
            let hidden = usage.input_tokens.saturating_sub(lesson.visible.total());
            learnt.hidden_input = self.hidden.entry(reason).or_default().learn(hidden);
        } else if estimated >= known {
            // Where most is known, the bill says more of how well that is known.
            learnt.input = self.learn_factor(estimated, usage.input_tokens.saturating_sub(known));
        }
        learnt
    }

    fn learn_factor(&mut self, estimated: u64, billed: u64) -> Option<Factor> {
        let before = self.input.millionths();
        self.input.learn(estimated, billed);
        (self.input.millionths() != before).then_some(self.input)
    }
}

#[cfg(test)]
mod tests;
