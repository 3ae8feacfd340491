//! Which model is meant, whatever it is called.

mod aliases;
mod canonical;
mod catalog;
mod like;

pub use catalog::{Encoding, Facts, Provider, facts, may_reason};

pub(crate) use catalog::context_of;

pub(crate) use aliases::Aliases;
pub(crate) use canonical::MAX_NAME;
pub(crate) use like::most_like;

use std::sync::Arc;

/// A model as the caller named it, and the canonical name that rules are matched with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Model {
    raw: Arc<str>,
    canonical: Arc<str>,
    resolved: bool,
    facts: Option<&'static Facts>,
    encoding: Encoding,
    provider: Option<Provider>,
    /// Whether its name is one of a model that may reason.
    reasons: bool,
}

impl Model {
    /// The model that a name stands for: by the policy's aliases first, then by what names are made of.
    pub(crate) fn resolve(raw: &str, aliases: &Aliases) -> Self {
        let known = aliases.canonical(raw);
        let resolved = known.is_some();
        let canonical = known.unwrap_or_else(|| canonical::folded(raw).into());
        Self {
            raw: raw.into(),
            resolved,
            facts: facts(&canonical),
            encoding: Encoding::of(&canonical),
            provider: Provider::of(&canonical),
            reasons: reasons(raw, &canonical),
            canonical,
        }
    }

    /// The model behind a name that its owner chose freely, as deployments have: it does not say which one it is.
    pub(crate) fn unresolved(self) -> Self {
        Self {
            resolved: false,
            ..self
        }
    }

    /// The name as it was written.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    pub(crate) fn shared_canonical(&self) -> Arc<str> {
        self.canonical.clone()
    }

    /// The name that allow-lists, limits, ladders and tables know the model by, in lower case.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The sizes of the model, if they are known.
    #[must_use]
    pub fn facts(&self) -> Option<&'static Facts> {
        self.facts
    }

    /// How its texts are cut into tokens.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the canonical name says which model it is. Where it does not, as for a deployment without an alias,
    /// nobody can tell which of the limits on certain models bind.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.resolved
    }

    /// Whether the model may bill for reasoning that it does not show, as far as its name tells: as it was written too,
    /// since a canonical name has no `:thinking`. A model that nobody knows may.
    pub(crate) fn may_reason(&self) -> bool {
        !self.resolved || self.reasons
    }

    /// Whether the model does not reason where it is told not to: known of Claude.
    pub(crate) fn can_be_told_not_to_reason(&self) -> bool {
        self.provider == Some(Provider::Anthropic)
    }
}

fn reasons(raw: &str, canonical: &str) -> bool {
    let written = canonical::folded(raw);
    may_reason(canonical) || *written != *canonical && may_reason(&written)
}

/// Whether two models are known to be of different providers: a call of one's API means nothing to the other.
pub(crate) fn of_other_provider(one: &Model, other: &Model) -> bool {
    matches!((one.provider, other.provider), (Some(one), Some(other)) if one != other)
}
