//! Which model a name stands for, and what it costs: found out once for each name.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::hashing::{SecretHasher, secret_hasher};
use crate::model::{Aliases, MAX_NAME, Model, most_like};
use crate::prices::{Cost, Price, Prices};
use crate::usage::Usage;

/// Names come from clients. Of more than this, those are forgotten that are seldom asked for.
const MOST: usize = 1024;

/// A model, with its price under a policy. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PricedModel(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    model: Model,
    /// `None` if nobody knows it, which does not mean that it is free.
    price: Option<Arc<Price>>,
}

impl PricedModel {
    pub(crate) fn price(&self) -> Option<&Price> {
        self.0.price.as_deref()
    }

    /// What a call of it cost.
    pub(crate) fn cost(&self, usage: &Usage) -> Cost {
        Cost::by(self.price(), usage)
    }
}

impl Deref for PricedModel {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0.model
    }
}

/// What a policy says of models: other names for them, and prices.
#[derive(Debug)]
pub(super) struct Models {
    aliases: Aliases,
    prices: Prices,
    seen: Cache<Box<str>, PricedModel, UnitWeighter, SecretHasher>,
}

impl Models {
    pub(super) fn new(aliases: Aliases, prices: Prices) -> Self {
        Self {
            aliases,
            prices,
            seen: Cache::with(
                MOST,
                MOST as u64,
                UnitWeighter,
                secret_hasher(),
                DefaultLifecycle::default(),
            ),
        }
    }

    pub(super) fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Each alias and the model that it stands for.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter()
    }

    /// The model that a name stands for.
    pub(super) fn named(&self, name: &str) -> PricedModel {
        if let Some(model) = self.seen.get(name) {
            return model;
        }
        let model = self.priced(Model::resolve(name, &self.aliases));
        if name.len() <= MAX_NAME {
            self.seen.insert(name.into(), model.clone());
        }
        model
    }

    /// The model behind a deployment's name, which says nothing unless it is an alias or `known` as a canonical name.
    pub(super) fn deployed(&self, name: &str, known: impl FnOnce(&str) -> bool) -> PricedModel {
        let model = self.named(name);
        let says_which = self.aliases.has(name) || known(model.canonical());
        if says_which || !model.is_resolved() {
            return model;
        }
        self.priced(Model::clone(&model).unresolved())
    }

    /// The canonical names of rows that give no price.
    pub(super) fn skipped(&self) -> HashSet<Arc<str>> {
        let rows = self.prices.skipped().iter();
        let models = rows.map(|row| Model::resolve(&row.model, &self.aliases));
        models.map(|model| model.canonical().into()).collect()
    }

    /// Whether anything is known of what a name stands for, given the [rows without a price](Self::skipped). If not, the model that
    /// may be meant: then neither an alias for the name nor a glob's price says that it is right.
    pub(super) fn look_up(&self, name: &str, skipped: &HashSet<Arc<str>>) -> Known {
        let model = self.named(name);
        let canonical = model.canonical();
        let is_listed = || self.prices.name(&model) || skipped.contains(canonical);
        if self.aliases.has(name) || model.facts().is_some() || is_listed() {
            return Known::Yes;
        }
        match most_like(canonical) {
            None if self.aliases.lead_to(canonical) || model.price().is_some() => Known::Yes,
            like => Known::No { like },
        }
    }

    fn priced(&self, model: Model) -> PricedModel {
        PricedModel(Arc::new(Inner {
            price: self.prices.shared(&model),
            model,
        }))
    }
}

/// Whether anything is known of a model.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    Yes,
    No {
        /// A known one that is written nearly so.
        like: Option<&'static str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Models {
        let mut aliases = Aliases::default();
        assert!(aliases.insert("ours", "gpt-4o"));
        Models::new(aliases, Prices::built_in())
    }

    #[test]
    fn a_name_that_was_seen_is_what_it_was() {
        let models = models();
        for name in ["gpt-4o", " OpenAI/GPT-4o ", "ours", "nobody-knows", ""] {
            let fresh = Model::resolve(name, &models.aliases);
            let price = models.prices.of(&fresh).cloned();
            for _ in 0..2 {
                let known = models.named(name);
                assert_eq!((&*known, known.price()), (&fresh, price.as_ref()), "{name}");
            }
        }
    }

    #[test]
    fn a_deployment_called_like_a_model_is_not_taken_for_it() {
        let models = models();
        assert!(models.named("gpt-4o").price().is_some());
        let deployed = models.deployed("gpt-4o", |_| false);
        assert!(!deployed.is_resolved() && deployed.price().is_none());
        assert!(models.named("gpt-4o").is_resolved());
        assert!(models.deployed("gpt-4o", |_| true).is_resolved());
        assert!(models.deployed("ours", |_| false).is_resolved());
    }

    #[test]
    fn a_name_longer_than_any_models_is_not_remembered() {
        let models = models();
        let long = "x".repeat(MAX_NAME + 1);
        models.named(&long);
        models.named(&long[1..]);
        assert_eq!(models.seen.len(), 1);
    }
}
