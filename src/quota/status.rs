//! What a subject's limits look like, and corrections of them.

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::clock::Moment;
use crate::model::Model;
use crate::money::Usd;
use crate::policy::{CheckedLimit, Enforcement, Policy, Unit};
use crate::reject::rfc3339_text;
use crate::store::{Adjustment, Balance, Charge, StoreError};
use crate::subject::Subject;
use crate::watch::Event;

use super::charges::Charging;
use super::engine::Engine;

/// One limit of a subject, as it stands.
///
/// Amounts in dollars are nano-dollars here; in JSON they are dollars, as exact decimal numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStatus {
    /// The limit's id.
    pub id: Arc<str>,
    /// What it counts.
    pub unit: Unit,
    /// Which parts of the subject share the counter.
    pub scope: Vec<&'static str>,
    /// Whose counter it is, where each model has its own.
    pub model: Option<Arc<str>>,
    /// Whether it refuses, warns, or only counts what it would refuse.
    pub enforcement: Enforcement,
    /// How much there is.
    pub amount: u64,
    /// What is booked. Beyond the amount it is debt.
    pub used: u64,
    /// What open holds have reserved beside it.
    pub held: u64,
    /// What is left to reserve; debt shows as zero.
    pub remaining: u64,
    /// Calls that a shadow limit would have refused.
    pub would_block: u64,
    /// When the counter is whole again, in microseconds since the Unix epoch (in JSON as RFC 3339): a period's
    /// end, or when a bucket will have leaked dry. `None` for limits of what is under way.
    pub resets_at: Option<i64>,
}

/// Why limits could not be read or corrected.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// No limit of this id binds the subject.
    #[error("no limit `{0}` binds this subject")]
    UnknownLimit(String),
    /// The limit has a counter for each model, and none was named.
    #[error("limit `{0}` has a counter for each model: name one")]
    ModelNeeded(String),
    /// The limit has a counter for each user or project, and the subject names none: which of the two it is.
    #[error("limit `{0}` has a counter for each {1}: name one")]
    SubjectIncomplete(String, &'static str),
    /// The subject's tier or project is not in the policy.
    #[error("{0}")]
    UnknownSubject(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) async fn status(
    engine: &Engine,
    subject: &Subject,
    models: &[&str],
) -> Result<Vec<LimitStatus>, QuotaError> {
    let policy = engine.policy();
    let looking = Looking::new(engine, &policy, subject);
    let looked = looking.at_all(models)?;
    let charges = looked.iter().map(|one| one.charge.clone()).collect();
    let balances = engine.peek(charges, looking.now).await?;
    let with_balances = looked.iter().zip(balances);
    Ok(with_balances
        .map(|(one, balance)| one.status(balance, looking.now))
        .collect())
}

pub(super) fn unit_of(engine: &Engine, subject: &Subject, id: &str) -> Result<Unit, QuotaError> {
    let policy = engine.policy();
    let looking = Looking::new(engine, &policy, subject);
    looking.limit(id).map(|limit| limit.unit)
}

pub(super) async fn adjust(
    engine: &Engine,
    subject: &Subject,
    id: &str,
    model: Option<&str>,
    adjustment: Adjustment,
) -> Result<LimitStatus, QuotaError> {
    let policy = engine.policy();
    let looking = Looking::new(engine, &policy, subject);
    let limit = looking.limit(id)?;
    let model = model
        .filter(|_| limit.scope.model)
        .map(|model| Model::clone(&policy.resolve(model)));
    if limit.scope.model && model.is_none() {
        return Err(QuotaError::ModelNeeded(id.to_owned()));
    }
    let parts = [
        (limit.scope.user, subject.user_name(), "user"),
        (limit.scope.project, subject.project_name(), "project"),
    ];
    for (is_needed, name, part) in parts {
        if is_needed && name.is_none() {
            return Err(QuotaError::SubjectIncomplete(id.to_owned(), part));
        }
    }
    let looked = looking.at(limit, model);
    let balance = engine
        .adjust(looked.charge.clone(), adjustment, looking.now)
        .await?;
    engine.tell(|| Event::Adjusted {
        subject: subject.clone(),
        limit: limit.id.clone(),
        unit: limit.unit,
    });
    Ok(looked.status(balance, looking.now))
}

/// A look at a subject's counters.
pub(super) struct Looking<'a> {
    engine: &'a Engine,
    policy: &'a Policy,
    subject: &'a Subject,
    now: Moment,
}

/// A counter to look at.
pub(super) struct Looked<'a> {
    limit: &'a CheckedLimit,
    model: Option<Model>,
    pub(super) charge: Charge,
}

impl<'a> Looking<'a> {
    fn new(engine: &'a Engine, policy: &'a Policy, subject: &'a Subject) -> Self {
        Self::at_time(engine, policy, subject, engine.now())
    }

    pub(super) fn at_time(
        engine: &'a Engine,
        policy: &'a Policy,
        subject: &'a Subject,
        now: Moment,
    ) -> Self {
        Self {
            engine,
            policy,
            subject,
            now,
        }
    }

    fn limits(&self) -> Result<Vec<&'a CheckedLimit>, QuotaError> {
        let limits = self.policy.all_limits(self.subject);
        limits.map_err(|rejection| QuotaError::UnknownSubject(rejection.message))
    }

    fn limit(&self, id: &str) -> Result<&'a CheckedLimit, QuotaError> {
        let limit = self.limits()?.into_iter().find(|limit| &*limit.id == id);
        limit.ok_or_else(|| QuotaError::UnknownLimit(id.to_owned()))
    }

    /// All counters of the subject that the policy names, and those of models beside these.
    fn at_all(&self, models: &[&str]) -> Result<Vec<Looked<'a>>, QuotaError> {
        let each = self.limits()?.into_iter().flat_map(|limit| {
            let models = if limit.scope.model {
                let models = self.policy.models_of(self.subject, limit, models);
                models.into_iter().map(Some).collect()
            } else {
                vec![None]
            };
            models.into_iter().map(move |model| (limit, model))
        });
        Ok(each.map(|(limit, model)| self.at(limit, model)).collect())
    }

    pub(super) fn at(&self, limit: &'a CheckedLimit, model: Option<Model>) -> Looked<'a> {
        let span = |period| self.engine.span(period, self.now, self.policy);
        let charge = Charging::new(self.subject, model.as_ref()).charge(limit, 0, span);
        Looked {
            limit,
            model,
            charge,
        }
    }
}

impl Looked<'_> {
    pub(super) fn status(&self, balance: Balance, now: Moment) -> LimitStatus {
        LimitStatus {
            id: self.limit.id.clone(),
            unit: self.limit.unit,
            scope: self.limit.scope.names(),
            model: self.model.as_ref().map(|model| model.canonical().into()),
            enforcement: self.limit.enforcement,
            amount: balance.amount,
            used: balance.used,
            held: balance.held,
            remaining: balance.remaining(),
            would_block: balance.would_block,
            resets_at: balance
                .resets_in
                .map(|micros| now.wall.saturating_add_unsigned(micros)),
        }
    }
}

impl Serialize for LimitStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figure = |amount| Figure(self.unit, amount);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("unit", self.unit.as_str())?;
        map.serialize_entry("scope", &self.scope)?;
        if let Some(model) = &self.model {
            map.serialize_entry("model", model)?;
        }
        map.serialize_entry("enforcement", self.enforcement.as_str())?;
        map.serialize_entry("amount", &figure(self.amount))?;
        map.serialize_entry("used", &figure(self.used))?;
        map.serialize_entry("held", &figure(self.held))?;
        map.serialize_entry("remaining", &figure(self.remaining))?;
        if self.would_block > 0 {
            map.serialize_entry("would_block", &self.would_block)?;
        }
        map.serialize_entry("resets_at", &self.resets_at.map(rfc3339_text))?;
        map.end()
    }
}

/// An amount in a limit's unit, as a number.
pub(crate) struct Figure(pub(crate) Unit, pub(crate) u64);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Unit::Usd => Usd::from_nanos(self.1).serialize(serializer),
            _ => serializer.serialize_u64(self.1),
        }
    }
}
