//! One limit.

use std::sync::Arc;

use super::ids::{self, Ids, default_id};
use super::ladder::{self, CheckedLadder};
use crate::money::Usd;
use crate::policy::error::At;
use crate::policy::glob::Globs;
use crate::policy::{
    Durability, Enforcement, Limit, OnExhausted, OnStoreFailure, Period, PolicyError, Scope, Unit,
    Window,
};
use crate::store::KeyParts;
use crate::store::arithmetic::Percents;

/// A limit that makes sense. Its amount, and a bucket's refill and microseconds, are at least 1 and fit into an `i64`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CheckedLimit {
    /// Unique among the limits of a subject.
    pub(crate) id: Arc<str>,
    pub(crate) unit: Unit,
    /// In the unit.
    pub(crate) amount: u64,
    /// [`Window::Gauge`] for [`Unit::Concurrent`], and for no other.
    pub(crate) window: Window,
    pub(crate) scope: Scope,
    /// `None` binds every model.
    pub(crate) models: Option<Globs>,
    pub(crate) enforcement: Enforcement,
    /// Anything but [`OnExhausted::Refuse`] is of a hard limit.
    pub(crate) on_exhausted: OnExhausted,
    /// In percent of the amount; none where the window is no calendar period, or the limit a shadow.
    pub(crate) alerts: Percents,
    /// Whether days are told of on which it is spent too fast. Only of hard limits in dollars of a week or a month.
    pub(crate) pace: bool,
    pub(crate) on_store_failure: OnStoreFailure,
    pub(crate) durability: Durability,
    /// What the keys of all of its counters have behind the organization: its id, what it counts, and over which kind of time.
    pub(crate) key: KeyParts,
}

impl CheckedLimit {
    /// The largest number of its unit that it has.
    pub(crate) fn largest(&self) -> u64 {
        match self.window {
            Window::Bucket { refill, .. } => self.amount.max(refill),
            Window::Calendar(_) | Window::Gauge => self.amount,
        }
    }

    /// A complaint that it is larger than the store can count.
    pub(crate) fn too_large(&self, most: u64) -> PolicyError {
        let (id, unit) = (self.id.escape_debug(), self.unit);
        let written = |number| match unit {
            Unit::Usd => Usd::from_nanos(number).to_string(),
            _ => format!("{number} {}", unit.as_str()),
        };
        let (amount, most) = (written(self.largest()), written(most));
        let message =
            format!("limit `{id}`: {amount} is more than the {most} that the store counts exactly");
        PolicyError::new(None, message)
    }
}

/// Where limits stand: what their default ids begin with, and whom they count together.
#[derive(Debug)]
pub(super) struct Home {
    section: String,
    scope: Scope,
}

impl Home {
    pub(super) fn tier(name: &str) -> Self {
        Self {
            section: name.into(),
            scope: Scope::USER,
        }
    }

    pub(super) fn project(name: &str) -> Self {
        Self {
            section: format!("projects.{name}"),
            scope: Scope::PROJECT,
        }
    }

    pub(super) fn organization() -> Self {
        Self {
            section: "organization".into(),
            scope: Scope::ORGANIZATION,
        }
    }
}

/// A rule that a limit must obey, whatever the rest of the policy says.
type Rule = fn(&Limit) -> Result<(), String>;

const RULES: [Rule; 9] = [
    alerts_can_fire,
    pace_has_days,
    window_fits_unit,
    amount_counts,
    bucket_refills,
    models_are_named,
    only_hard_limits_act,
    reply_says_something,
    id_is_plain,
];

/// Checks a limit; `ladders` are those that a call it refuses may go down.
pub(super) fn check<'l, L>(
    home: &Home,
    written: &At<Limit>,
    ladders: L,
    ids: &mut Ids,
) -> Result<CheckedLimit, PolicyError>
where
    L: IntoIterator<Item = &'l CheckedLadder>,
    L::IntoIter: Clone,
{
    let limit = &written.it;
    let id = limit.id.clone();
    let id = id.unwrap_or_else(|| default_id(&home.section, limit));
    let complain = |message| {
        let id = id.escape_debug();
        written.error(format!("limit `{id}`: {message}"))
    };
    for rule in RULES {
        rule(limit).map_err(complain)?;
    }
    ladder::outside(limit, ladders).map_err(complain)?;
    ids.take(&id, limit.id.is_some()).map_err(complain)?;
    Ok(CheckedLimit {
        unit: limit.unit,
        amount: limit.amount,
        window: limit.window.unwrap_or(Window::Gauge),
        scope: limit.scope.unwrap_or(home.scope),
        models: limit.models.clone(),
        enforcement: limit.enforcement,
        on_exhausted: limit.on_exhausted.clone(),
        alerts: alerts(limit),
        pace: limit.pace.unwrap_or(true) && has_pace(limit),
        on_store_failure: limit.on_store_failure.unwrap_or(match limit.unit {
            Unit::Usd => OnStoreFailure::Closed,
            _ => OnStoreFailure::Local,
        }),
        durability: limit.durability.unwrap_or(match limit.unit {
            Unit::Usd => Durability::Reserve,
            _ => Durability::Settle,
        }),
        key: key(&id, limit),
        id,
    })
}

/// Usage belongs to what stands here: another amount, enforcement, model or ladder keeps it.
fn key(id: &str, limit: &Limit) -> KeyParts {
    let kind = match limit.window {
        Some(Window::Bucket { .. }) => "bucket",
        Some(Window::Calendar(_)) => "period",
        Some(Window::Gauge) | None => "gauge",
    };
    KeyParts::new(&[
        ("limit", Some(id)),
        ("unit", Some(limit.unit.as_str())),
        (kind, None),
    ])
}

/// The percents at which a limit alerts.
fn alerts(limit: &Limit) -> Percents {
    let percents = match (&limit.alerts, limit.unit, limit.enforcement) {
        // A dry run, whose usage is nobody's bill.
        (_, _, Enforcement::Shadow) => Vec::new(),
        (Some(alerts), ..) => alerts.clone(),
        _ if !is_calendar(limit) => Vec::new(),
        (None, _, Enforcement::Soft) => vec![100],
        (None, Unit::Usd, Enforcement::Hard) => vec![50, 75, 90],
        (None, ..) => Vec::new(),
    };
    percents.into()
}

fn is_calendar(limit: &Limit) -> bool {
    matches!(limit.window, Some(Window::Calendar(_)))
}

fn alerts_can_fire(limit: &Limit) -> Result<(), String> {
    let alerts = limit.alerts.as_deref().unwrap_or_default();
    if alerts.iter().any(|percent| !(1..=100).contains(percent)) {
        return Err("`alerts` are percents of the amount, from 1 to 100".into());
    }
    if !alerts.is_empty() && !is_calendar(limit) {
        return Err(
            "`alerts` tell how far a day, week or month is used up; a bucket refills all the time"
                .into(),
        );
    }
    Ok(())
}

/// Whether a limit is a budget of several days.
fn has_pace(limit: &Limit) -> bool {
    let has_days = matches!(
        limit.window,
        Some(Window::Calendar(Period::Week | Period::Month))
    );
    has_days && limit.unit == Unit::Usd && limit.enforcement == Enforcement::Hard
}

fn pace_has_days(limit: &Limit) -> Result<(), String> {
    if limit.pace == Some(true) && !has_pace(limit) {
        return Err("only a hard limit in dollars of a week or a month has a `pace`".into());
    }
    Ok(())
}

fn window_fits_unit(limit: &Limit) -> Result<(), String> {
    match (limit.unit, limit.window) {
        (Unit::Concurrent, Some(Window::Gauge)) => Ok(()),
        (Unit::Concurrent, _) => {
            Err("`concurrent` counts calls under way and has no window".into())
        }
        (_, Some(Window::Bucket { .. } | Window::Calendar(_))) => Ok(()),
        (_, None | Some(Window::Gauge)) => {
            Err("it has no window; say per which time, or give it a bucket".into())
        }
    }
}

fn amount_counts(limit: &Limit) -> Result<(), String> {
    counts("the amount", limit.amount)
}

fn bucket_refills(limit: &Limit) -> Result<(), String> {
    let Some(Window::Bucket { refill, every }) = limit.window else {
        return Ok(());
    };
    counts("the refill", refill)?;
    match i64::try_from(every.as_micros()) {
        Ok(1..) => Ok(()),
        Ok(_) => Err("a bucket refills every microsecond or less often, not in no time".into()),
        Err(_) => Err("a bucket refills at least every 292,000 years".into()),
    }
}

/// Counters are signed where they are kept.
fn counts(what: &str, amount: u64) -> Result<(), String> {
    match i64::try_from(amount) {
        Ok(0) => Err(format!(
            "{what} is zero; to forbid models, leave them out of the tier's `models`"
        )),
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{what} is more than {}", i64::MAX)),
    }
}

fn models_are_named(limit: &Limit) -> Result<(), String> {
    limit.models.as_ref().map_or(Ok(()), globs)
}

/// Globs that match something.
pub(super) fn globs(globs: &Globs) -> Result<(), String> {
    if globs.is_empty() {
        return Err("`models` is empty; leave it out to mean every model".into());
    }
    let wrong = |glob: &String| ids::name("model", glob).is_err();
    match globs.iter().find(wrong) {
        Some(glob) => Err(format!("`{}` matches no model's name", glob.escape_debug())),
        None => Ok(()),
    }
}

fn only_hard_limits_act(limit: &Limit) -> Result<(), String> {
    let acts = limit.on_exhausted != OnExhausted::Refuse;
    match limit.enforcement {
        Enforcement::Soft | Enforcement::Shadow if acts => Err(
            "a soft or shadow limit lets every call pass, so it can neither downgrade nor reply"
                .into(),
        ),
        _ => Ok(()),
    }
}

fn reply_says_something(limit: &Limit) -> Result<(), String> {
    match &limit.on_exhausted {
        OnExhausted::Reply(text) if text.trim().is_empty() => {
            Err("the reply is empty; write what the caller should read".into())
        }
        _ => Ok(()),
    }
}

fn id_is_plain(limit: &Limit) -> Result<(), String> {
    match &limit.id {
        Some(id) => ids::name("limit", id),
        None => Ok(()),
    }
}
