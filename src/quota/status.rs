//! What a subject's limits look like, and corrections of them.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::clock::Moment;
use crate::model::Model;
use crate::policy::{CheckedLimit, Enforcement, Policy, Unit};
use crate::reject::rfc3339_text;
use crate::store::{Adjustment, Balance, Charge, StoreError};
use crate::subject::Subject;
use crate::watch::Event;

use super::charges;
use super::engine::Engine;

/// One limit of a subject, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitStatus {
    /// The limit's id.
    pub id: Arc<str>,
    /// What it counts.
    #[serde(serialize_with = "unit_name")]
    pub unit: Unit,
    /// Which parts of the subject share the counter.
    pub scope: Vec<&'static str>,
    /// Whose counter it is, where each model has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// Whether it refuses, warns, or only counts what it would refuse.
    #[serde(serialize_with = "enforcement_name")]
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
    #[serde(skip_serializing_if = "is_zero")]
    pub would_block: u64,
    /// When the counter is whole again, in microseconds since the Unix epoch (in JSON as RFC 3339): a period's
    /// end, or when a bucket will have leaked dry. `None` for limits of what is under way.
    #[serde(serialize_with = "rfc3339")]
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
) -> Result<Vec<LimitStatus>, QuotaError> {
    let policy = engine.policy();
    let looking = Looking::new(engine, &policy, subject);
    let looked = looking.at_all()?;
    let charges = looked.iter().map(|one| one.charge.clone()).collect();
    let balances = engine.peek(charges, looking.now).await?;
    let with_balances = looked.iter().zip(balances);
    Ok(with_balances
        .map(|(one, balance)| one.status(balance, looking.now))
        .collect())
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
    let limit = looking.limits()?.into_iter().find(|limit| &*limit.id == id);
    let limit = limit.ok_or_else(|| QuotaError::UnknownLimit(id.to_owned()))?;
    let model = model
        .filter(|_| limit.scope.model)
        .map(|model| policy.resolve(model));
    if limit.scope.model && model.is_none() {
        return Err(QuotaError::ModelNeeded(id.to_owned()));
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
struct Looking<'a> {
    engine: &'a Engine,
    policy: &'a Policy,
    subject: &'a Subject,
    now: Moment,
}

/// A counter to look at.
struct Looked<'a> {
    limit: &'a CheckedLimit,
    model: Option<Model>,
    charge: Charge,
}

impl<'a> Looking<'a> {
    fn new(engine: &'a Engine, policy: &'a Policy, subject: &'a Subject) -> Self {
        Self {
            engine,
            policy,
            subject,
            now: engine.now(),
        }
    }

    fn limits(&self) -> Result<Vec<&'a CheckedLimit>, QuotaError> {
        let limits = self.policy.all_limits(self.subject);
        limits.map_err(|rejection| QuotaError::UnknownSubject(rejection.message))
    }

    /// All counters of the subject that the policy names.
    fn at_all(&self) -> Result<Vec<Looked<'a>>, QuotaError> {
        let each = self.limits()?.into_iter().flat_map(|limit| {
            let models = if limit.scope.model {
                let models = self.policy.named_models(self.subject, limit);
                models.into_iter().map(Some).collect()
            } else {
                vec![None]
            };
            models.into_iter().map(move |model| (limit, model))
        });
        Ok(each.map(|(limit, model)| self.at(limit, model)).collect())
    }

    fn at(&self, limit: &'a CheckedLimit, model: Option<Model>) -> Looked<'a> {
        let span = |period| self.engine.span(period, self.now, self.policy);
        let charge = charges::charge(limit, self.subject, model.as_ref(), 0, span);
        Looked {
            limit,
            model,
            charge,
        }
    }
}

impl Looked<'_> {
    fn status(&self, balance: Balance, now: Moment) -> LimitStatus {
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

fn unit_name<S: Serializer>(unit: &Unit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(unit.as_str())
}

fn enforcement_name<S: Serializer>(
    enforcement: &Enforcement,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(enforcement.as_str())
}

fn rfc3339<S: Serializer>(micros: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    micros.map(rfc3339_text).serialize(serializer)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
