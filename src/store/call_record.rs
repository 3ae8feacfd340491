//! What is told and kept of a call that is over. Stores carry it.

use std::sync::Arc;

use super::HoldId;
use crate::model;
use crate::money::Usd;
use crate::prices::{Cost, Part};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};
use crate::watch::Basis;

/// A call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// Who pays.
    pub subject: Subject,
    /// The API that was called; `None` for calls of unknown APIs and for those without HTTP.
    pub api: Option<&'static str>,
    /// When it was admitted, in microseconds since the Unix epoch.
    pub admitted_at: i64,
    /// The canonical name of the model that was asked for.
    pub asked: Arc<str>,
    /// The canonical name of the model that was called.
    pub model: Arc<str>,
    /// What had been reserved.
    pub reserved: Estimate,
    /// What was booked.
    pub usage: Usage,
    /// How the usage was found.
    pub basis: Basis,
    /// What the call cost, by the prices when it was admitted.
    pub cost: Cost,
    /// What the same usage would have cost of the model that was asked for, where another one was called, both have prices,
    /// and it is known what was used.
    pub asked_cost: Option<Usd>,
    /// What an earlier settlement has booked for the same call and this one corrects.
    pub corrects: Option<Replaced>,
}

/// The name of what is summed together.
pub(crate) const OTHER: &str = "other";

impl CallRecord {
    /// The model that its cost is summed up by. Callers invent names: of a model that nobody has heard of, that has no price, and
    /// that ran nothing, no sum is kept.
    pub(crate) fn summed_as(&self) -> Arc<str> {
        let ran = self.basis != Basis::NothingRan;
        let has_price = !self.cost.unpriced.contains(Part::Model);
        if ran || has_price || model::facts(&self.model).is_some() {
            self.model.clone()
        } else {
            OTHER.into()
        }
    }
}

/// What was booked for a call, and is no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// The id of the settlement that booked it.
    pub hold: HoldId,
    /// The usage.
    pub usage: Usage,
    /// The cost.
    pub cost: Usd,
}
