//! What a call may become: the asked model, then the ladder; each with the limits that bind it.

use smallvec::SmallVec;

use crate::model::{MAX_NAME, Model};
use crate::{Rejection, RejectionKind, Subject};

use super::glob::{Globs, has_wildcard};
use super::{CheckedLimit, CheckedTier, Enforcement, Policy, PricedModel};

/// Limits that bind a call: seldom more than there is room for without memory of their own.
pub(crate) type Limits<'p> = SmallVec<[&'p CheckedLimit; 8]>;

/// A model that a call may be sent to, with the limits that bind it there.
#[derive(Debug, Clone)]
pub(crate) struct Rung<'p> {
    /// As the caller wrote it, or, below the asked one, as the ladder does.
    pub(crate) model: PricedModel,
    /// The organization's, then the project's, then the tier's.
    pub(crate) limits: Limits<'p>,
}

impl Policy {
    /// The models to try for a call, in order: there is at least one.
    ///
    /// # Errors
    /// When the subject's tier or project is not in the policy, or its tier does not allow the model.
    pub(crate) fn candidates(
        &self,
        subject: &Subject,
        asked: &PricedModel,
    ) -> Result<Vec<Rung<'_>>, Rejection> {
        let tier = self.tier_of(subject)?;
        let limits = self.limits_of(subject, tier)?;
        certain(asked, limits.clone())?;
        let (itself, below) = tier.ways_from(asked);
        let itself = itself.then(|| asked.clone());
        let below = below.iter().map(|rung| self.resolve(rung.raw()));
        let rung = |model: PricedModel| Rung {
            limits: limits.clone().filter(|limit| limit.binds(&model)).collect(),
            model,
        };
        let rungs: Vec<_> = itself.into_iter().chain(below).map(rung).collect();
        if rungs.is_empty() {
            return Err(not_allowed(asked, subject, tier));
        }
        Ok(rungs)
    }

    /// Whether a subject's tier allows the models that a call may run beside its own. No ladder leads down from these.
    ///
    /// # Errors
    /// When it does not, or is not in the policy.
    pub(crate) fn check_others(
        &self,
        subject: &Subject,
        names: &[Box<str>],
    ) -> Result<(), Rejection> {
        if names.is_empty() {
            return Ok(());
        }
        let tier = self.tier_of(subject)?;
        let mut models = names.iter().map(|name| self.resolve(name));
        match models.find(|model| !tier.allows(model)) {
            Some(model) => Err(not_allowed(&model, subject, tier)),
            None => Ok(()),
        }
    }

    /// All limits that a subject stands under, whatever the model.
    ///
    /// # Errors
    /// When the subject's tier or project is not in the policy.
    pub(crate) fn all_limits(&self, subject: &Subject) -> Result<Vec<&CheckedLimit>, Rejection> {
        let limits = self.limits_of(subject, self.tier_of(subject)?)?;
        Ok(limits.collect())
    }

    /// The models that a limit with a counter for each of them is known to have: those that the limit, the
    /// subject's tier and its ladders name without wildcards. Then those of these `others` that it binds; each once.
    pub(crate) fn models_of(
        &self,
        subject: &Subject,
        limit: &CheckedLimit,
        others: &[&str],
    ) -> Vec<Model> {
        let tier = self.tier(subject.tier_name());
        let tiers = tier.and_then(|tier| tier.models.as_ref());
        let rungs = tier
            .into_iter()
            .flat_map(|tier| &tier.ladders)
            .flat_map(|ladder| &ladder.rungs);
        let globs = limit.models.iter().chain(tiers).flat_map(Globs::iter);
        let names = globs.filter(|glob| !has_wildcard(glob));
        let mut models: Vec<Model> = Vec::new();
        let named = names.map(|name| Model::clone(&self.resolve(&name)));
        let others = others.iter().filter(|name| name.len() <= MAX_NAME);
        let others = others.map(|name| Model::clone(&self.resolve(name)));
        for model in named.chain(rungs.cloned()).chain(others) {
            let is_new = models
                .iter()
                .all(|known| known.canonical() != model.canonical());
            if is_new && limit.binds(&model) {
                models.push(model);
            }
        }
        models
    }

    /// The rules of a subject's tier.
    pub(crate) fn tier_of(&self, subject: &Subject) -> Result<&CheckedTier, Rejection> {
        let name = subject.tier_name();
        self.tier(name).ok_or_else(|| unknown("tier", name))
    }

    /// All limits that a subject stands under, whatever the model.
    fn limits_of<'p>(
        &'p self,
        subject: &Subject,
        tier: &'p CheckedTier,
    ) -> Result<impl Iterator<Item = &'p CheckedLimit> + Clone, Rejection> {
        let organization = self.organization_limits(subject.organization_name());
        let project = self.project_limits(subject)?;
        Ok(organization.iter().chain(project).chain(&tier.limits))
    }

    fn project_limits(&self, subject: &Subject) -> Result<&[CheckedLimit], Rejection> {
        match subject.project_name() {
            Some(name) if !self.projects.is_empty() => {
                let limits = self.projects.get(name).map(Vec::as_slice);
                limits.ok_or_else(|| unknown("project", name))
            }
            _ => Ok(&[]),
        }
    }
}

impl CheckedLimit {
    /// Whether calls of a model are charged to this limit.
    pub(crate) fn binds(&self, model: &Model) -> bool {
        self.models
            .as_ref()
            .is_none_or(|models| models.matches(model))
    }
}

impl CheckedTier {
    fn allows(&self, model: &Model) -> bool {
        self.models
            .as_ref()
            .is_none_or(|models| models.matches(model))
    }

    /// Whether a call for a model may be one of it, and what else it may become, in order; neither if the tier has neither the
    /// model nor a way down from it.
    fn ways_from(&self, asked: &Model) -> (bool, &[Model]) {
        let ladder = self.ladder_of(asked).unwrap_or_default();
        match (self.allows(asked), self.downgrade_when_not_allowed) {
            (true, _) => (true, &ladder[place_below(asked, ladder)..]),
            (false, true) => (false, ladder),
            (false, false) => (false, &[]),
        }
    }
}

/// Where the rungs after a model's place begin: at the top if it has none.
fn place_below(model: &Model, ladder: &[Model]) -> usize {
    let same = |rung: &Model| rung.canonical() == model.canonical();
    ladder.iter().position(same).map_or(0, |place| place + 1)
}

/// Refuses a model of which nobody can tell whether the limits on certain models bind it.
fn certain<'p>(
    model: &Model,
    mut limits: impl Iterator<Item = &'p CheckedLimit>,
) -> Result<(), Rejection> {
    let too_long = model.raw().len() > MAX_NAME;
    let picky =
        |limit: &CheckedLimit| limit.enforcement == Enforcement::Hard && limit.models.is_some();
    if too_long || (!model.is_resolved() && limits.any(picky)) {
        let message = format!(
            "It cannot be told which model `{}` is, and limits depend on it; an alias for it in the policy would say.",
            shown(model)
        );
        return Err(refused(message));
    }
    Ok(())
}

fn not_allowed(model: &Model, subject: &Subject, tier: &CheckedTier) -> Rejection {
    let models = tier.models.as_ref().map(ToString::to_string);
    refused(format!(
        "The model `{}` is not in the tier `{}`, which has {}.",
        shown(model),
        subject.tier_name(),
        models.unwrap_or_default()
    ))
}

fn refused(message: String) -> Rejection {
    Rejection::new(RejectionKind::ModelNotAllowed, message).about("model")
}

fn unknown(part: &str, name: &str) -> Rejection {
    let message = format!("The {part} `{name}` is not in the policy.");
    Rejection::new(RejectionKind::UnknownSubject, message)
}

/// The name as written, as far as it is a name's length.
fn shown(model: &Model) -> String {
    model.raw().chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests;
