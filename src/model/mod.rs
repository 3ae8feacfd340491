//! Which model is meant, whatever it is called.

mod aliases;
mod canonical;
mod catalog;

pub use catalog::{Encoding, Facts, Provider, facts, may_reason};

pub(crate) use catalog::context_of;

pub(crate) use aliases::Aliases;
pub(crate) use canonical::MAX_NAME;

use std::sync::Arc;

/// A model as the caller named it, and the canonical name that rules are matched with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Model {
    raw: Arc<str>,
    canonical: Arc<str>,
    resolved: bool,
}

impl Model {
    /// The model that a name stands for: by the policy's aliases first, then by what names are made of.
    pub(crate) fn resolve(raw: &str, aliases: &Aliases) -> Self {
        let canonical = aliases.canonical(raw);
        Self {
            raw: raw.into(),
            resolved: canonical.is_some(),
            canonical: canonical.unwrap_or_else(|| canonical::folded(raw).into()),
        }
    }

    /// The model behind a deployment, whose name its owner chose freely: only an alias, or a name that is `known` to
    /// be a model's, says which one it is.
    pub(crate) fn resolve_deployment(
        raw: &str,
        aliases: &Aliases,
        known: impl FnOnce(&str) -> bool,
    ) -> Self {
        let mut model = Self::resolve(raw, aliases);
        model.resolved = model.resolved && (aliases.has(raw) || known(&model.canonical));
        model
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

    /// Whether the canonical name says which model it is. Where it does not, as for a deployment without an alias,
    /// nobody can tell which of the limits on certain models bind.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.resolved
    }

    /// Whether the model may bill for reasoning that it does not show, as far as its name tells: as it was written too,
    /// since a canonical name has no `:thinking`. A model that nobody knows may.
    pub(crate) fn may_reason(&self) -> bool {
        let written = canonical::folded(&self.raw);
        !self.resolved
            || may_reason(&self.canonical)
            || *written != *self.canonical && may_reason(&written)
    }

    /// Whether the model does not reason where it is told not to: known of Claude.
    pub(crate) fn can_be_told_not_to_reason(&self) -> bool {
        Provider::of(&self.canonical) == Some(Provider::Anthropic)
    }
}

/// Whether two models are known to be of different providers: a call of one's API means nothing to the other.
pub(crate) fn of_other_provider(one: &Model, other: &Model) -> bool {
    let providers = (
        Provider::of(one.canonical()),
        Provider::of(other.canonical()),
    );
    matches!(providers, (Some(one), Some(other)) if one != other)
}
