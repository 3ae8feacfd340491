//! The policy's own names for models.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::canonical::{canonical, folded};

/// Which model a name of the policy stands for. Aliases are one step: no target is an alias itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases {
    /// From folded names to canonical ones.
    targets: BTreeMap<String, Arc<str>>,
}

impl Aliases {
    /// Adds an alias; `false` when there is one of that name, or when the target says no model.
    pub(crate) fn insert(&mut self, name: &str, target: &str) -> bool {
        let Some(target) = canonical(target) else {
            return false;
        };
        let before = self
            .targets
            .insert(folded(name).into_owned(), target.into());
        before.is_none()
    }

    /// Whether a name says a model by itself, without aliases.
    pub(crate) fn is_model(name: &str) -> bool {
        canonical(name).is_some()
    }

    /// Whether a name is an alias, as it is written or in its canonical form.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.target(name).is_some()
    }

    /// Whether an alias stands for this canonical name.
    pub(crate) fn lead_to(&self, canonical: &str) -> bool {
        self.targets.values().any(|target| **target == *canonical)
    }

    /// Each alias and the canonical name that it stands for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let targets = self.targets.iter();
        targets.map(|(alias, target)| (alias.as_str(), &**target))
    }

    /// The canonical name behind a name; `None` when it says no model.
    pub(super) fn canonical(&self, name: &str) -> Option<Arc<str>> {
        match self.target(name) {
            Some(target) => Some(Arc::clone(target)),
            None => canonical(name).map(Arc::from),
        }
    }

    fn target(&self, name: &str) -> Option<&Arc<str>> {
        if self.targets.is_empty() {
            return None;
        }
        let written = self.targets.get(&*folded(name));
        written.or_else(|| self.targets.get(&canonical(name)?))
    }
}
