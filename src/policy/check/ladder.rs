//! Ladders, and the limits that send calls down them.

use crate::model::{Aliases, Model};
use crate::policy::error::At;
use crate::policy::glob::{Globs, has_wildcard};
use crate::policy::tier::Ladder;
use crate::policy::{Limit, OnExhausted, PolicyError, Unit};

use super::limit;

/// A ladder whose rungs are models of its tier.
#[derive(Debug, Clone)]
pub(crate) struct CheckedLadder {
    /// From which models it leads down; `None` is from every one.
    pub(crate) models: Option<Globs>,
    pub(crate) rungs: Vec<Model>,
}

impl CheckedLadder {
    /// Whether it leads down from a model.
    pub(crate) fn is_for(&self, model: &Model) -> bool {
        self.models
            .as_ref()
            .is_none_or(|models| models.matches(model))
    }
}

/// Checks a tier's ladders against the models that it allows.
pub(super) fn check(
    ladders: &[At<Ladder>],
    allowed: Option<&Globs>,
    aliases: &Aliases,
) -> Result<Vec<CheckedLadder>, PolicyError> {
    let mut checked: Vec<CheckedLadder> = Vec::with_capacity(ladders.len());
    for ladder in ladders {
        if checked.iter().any(|before| before.models.is_none()) {
            return Err(ladder
                .error("a ladder for every model stands before this one, which can never apply"));
        }
        if let Some(models) = &ladder.it.models {
            limit::globs(models).map_err(|message| ladder.error(format!("ladder: {message}")))?;
        }
        if ladder.it.rungs.is_empty() {
            return Err(ladder.error("a ladder without rungs; leave it out"));
        }
        checked.push(CheckedLadder {
            models: ladder.it.models.clone(),
            rungs: rungs(&ladder.it, allowed, aliases)?,
        });
    }
    Ok(checked)
}

fn rungs(
    ladder: &Ladder,
    allowed: Option<&Globs>,
    aliases: &Aliases,
) -> Result<Vec<Model>, PolicyError> {
    let mut models: Vec<Model> = Vec::with_capacity(ladder.rungs.len());
    for rung in &ladder.rungs {
        let model = Model::resolve(&rung.it, aliases);
        let complain =
            |reason: &str| Err(rung.error(format!("rung `{}` {reason}", rung.it.escape_debug())));
        if !model.is_resolved() || has_wildcard(&rung.it) {
            return complain("is no model's name; a rung names one model");
        }
        if allowed.is_some_and(|allowed| !allowed.matches(&model)) {
            return complain("is not in the tier's `models`");
        }
        if models
            .iter()
            .any(|above| above.canonical() == model.canonical())
        {
            return complain("stands in this ladder twice");
        }
        models.push(model);
    }
    Ok(models)
}

/// A limit that sends calls down must not bind where they arrive, or it would refuse them there again.
pub(super) fn outside<'l, L>(limit: &Limit, ladders: L) -> Result<(), String>
where
    L: IntoIterator<Item = &'l CheckedLadder>,
    L::IntoIter: Clone,
{
    if limit.on_exhausted != OnExhausted::Downgrade {
        return Ok(());
    }
    if limit.unit == Unit::Usd {
        // It binds every rung, at that rung's price: a cheaper one may fit.
        return match ladders.into_iter().next() {
            Some(_) => Ok(()),
            None => Err("it downgrades, but there is no ladder to go down".into()),
        };
    }
    let Some(models) = &limit.models else {
        let message =
            "it downgrades, so it needs `models`, with the ladder's rungs outside of them";
        return Err(message.into());
    };
    let ladders = ladders.into_iter();
    leads_down(models, ladders.clone())?;
    let mut rungs = ladders.flat_map(|ladder| &ladder.rungs);
    match rungs.find(|rung| models.matches(rung)) {
        Some(rung) => Err(format!(
            "it downgrades, but its `models` take in the rung `{}`",
            rung.raw()
        )),
        None => Ok(()),
    }
}

/// Whether there is a ladder, and one for each model that is written out.
fn leads_down<'l>(
    models: &Globs,
    ladders: impl Iterator<Item = &'l CheckedLadder> + Clone,
) -> Result<(), String> {
    if ladders.clone().next().is_none() {
        return Err("it downgrades, but there is no ladder to go down".into());
    }
    let stuck = |name: &String| {
        let model = Model::resolve(name, &Aliases::default());
        !has_wildcard(name) && !ladders.clone().any(|ladder| ladder.is_for(&model))
    };
    match models.iter().find(stuck) {
        Some(name) => Err(format!("it downgrades, but no ladder is for `{name}`")),
        None => Ok(()),
    }
}
