//! The prices that all others of a model go by.

use super::part::Part;
use super::rate::Rate;
use super::tariff::Known;

/// The prices of the default tier, whatever the input's size. Without one for plain input there are none: it cannot be free
/// by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    input: Rate,
    /// The others. Output has none where a model generates nothing, as those for embeddings.
    others: Known,
}

impl First {
    pub(super) fn new(input: Rate, output: Rate) -> Self {
        let others = [None; Part::PRICED];
        Self { input, others }.with(Part::Output, output)
    }

    /// Of what is known. `None` without a price for plain input.
    pub(super) fn of(known: Known) -> Option<Self> {
        let input = known[Part::Input.index()]?;
        Some(Self {
            input,
            others: known,
        })
    }

    pub(super) fn with(mut self, part: Part, rate: Rate) -> Self {
        match part {
            Part::Input => self.input = rate,
            other => self.others[other.index()] = Some(rate),
        }
        self
    }

    pub(super) fn input(&self) -> Rate {
        self.input
    }

    pub(super) fn known(&self) -> Known {
        let mut known = self.others;
        known[Part::Input.index()] = Some(self.input);
        known
    }
}
