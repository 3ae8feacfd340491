//! Which rules apply: tiers, limits, ladders, aliases; in code or as TOML.

mod builder;
mod candidates;
mod check;
mod durability;
mod enforcement;
mod error;
mod glob;
mod limit;
mod models;
mod scope;
mod store_failure;
mod tier;
mod toml;
mod unit;
mod unknown;
mod window;

pub use builder::{PolicyBuilder, UnknownCalls, Unpriced};
pub use durability::Durability;
pub use enforcement::{Enforcement, OnExhausted};
pub use error::PolicyError;
pub use limit::Limit;
pub use scope::Scope;
pub use store_failure::OnStoreFailure;
pub use tier::{OpaqueInput, OutputCap, ReserveOutput, Tier};
pub use unit::Unit;
pub use unknown::UnknownModel;
pub use window::{Period, Span, Window};

pub(crate) use builder::DEFAULT_RECORD_DAYS;
pub(crate) use candidates::Rung;
pub(crate) use check::{CheckedLimit, CheckedTier, budget};
pub(crate) use models::PricedModel;
pub(crate) use tier::DEFAULT_OUTPUT_TOKENS;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use jiff::tz::TimeZone;

use self::models::Models;
use crate::identify::ApiKeys;
use crate::prices::Prices;
use crate::subject::Subject;
use crate::usage::ServiceTier;

/// The rules, checked: nothing in it can turn out wrong later. Cheap to share, never changed.
///
/// ```
/// use tower_token_quota::{Limit, Policy, Tier};
///
/// let policy = Policy::new()
///     .tier(Tier::new("free").models(["gpt-4o-mini"]).limit(Limit::tokens(10_000).per_day()))
///     .build()?;
/// let same = Policy::from_toml(r#"
///     [tiers.free]
///     models = ["gpt-4o-mini"]
///     limits = [ { unit = "tokens", amount = 10_000, per = "day" } ]
/// "#)?;
/// # let _ = (policy, same);
/// # Ok::<(), tower_token_quota::policy::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct Policy {
    zone: TimeZone,
    unknown_calls: UnknownCalls,
    ask_stream_usage: bool,
    models: Models,
    organization: Vec<CheckedLimit>,
    organizations: BTreeMap<Arc<str>, Vec<CheckedLimit>>,
    projects: BTreeMap<Arc<str>, Vec<CheckedLimit>>,
    tiers: BTreeMap<Arc<str>, CheckedTier>,
    keys: ApiKeys,
    unpriced: Unpriced,
    service_tier: Option<ServiceTier>,
    instances: NonZeroU64,
    record_days: u32,
    written: AsWritten,
}

/// What the policy was made of. Two policies that say the same are the same, however they were written.
struct AsWritten(PolicyBuilder);

impl fmt::Debug for AsWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Policy {
    /// Begins a policy in code.
    #[allow(
        clippy::new_ret_no_self,
        reason = "`Policy::new()…build()?` reads as what it is; there is no policy that is not checked"
    )]
    #[must_use]
    pub fn new() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    /// The first thing that is wrong with it, be it the syntax, an unknown key or a rule that makes no sense, and
    /// the line it stands on.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        PolicyBuilder::from_toml(text)?.build()
    }

    /// The policy as it was written, to be changed and built again: what was left out is still left out.
    ///
    /// ```
    /// use tower_token_quota::{Limit, Policy, Tier};
    ///
    /// let policy = Policy::new().tier(Tier::new("free").limit(Limit::tokens(10_000).per_day())).build()?;
    /// let larger = policy.to_builder().tier(Tier::new("pro")).build()?;
    /// # let _ = larger;
    /// # Ok::<(), tower_token_quota::policy::PolicyError>(())
    /// ```
    ///
    /// To change the policy that is in force there is [`Quota::change_policy`](crate::Quota::change_policy), which loses no
    /// change that somebody else makes at the same time.
    #[must_use]
    pub fn to_builder(&self) -> PolicyBuilder {
        self.written.0.clone()
    }

    /// Who the policy's API keys belong to.
    #[must_use]
    pub fn keys(&self) -> &ApiKeys {
        &self.keys
    }

    /// The names of its tiers, in alphabetical order.
    pub fn tier_names(&self) -> impl Iterator<Item = &str> {
        self.tiers.keys().map(|name| &**name)
    }

    /// The names of the projects that it declares, in alphabetical order. Where there are none, any name is one.
    pub fn project_names(&self) -> impl Iterator<Item = &str> {
        self.projects.keys().map(|name| &**name)
    }

    /// The ids of the limits that bind a subject: its organization's, its project's, then its tier's. None where its tier or project is
    /// not in the policy.
    pub fn limit_ids(&self, subject: &Subject) -> impl Iterator<Item = &str> {
        let limits = self.all_limits(subject).unwrap_or_default();
        limits.into_iter().map(|limit| &*limit.id)
    }

    /// What to do with calls of APIs that we do not know.
    #[must_use]
    pub fn unknown_calls(&self) -> UnknownCalls {
        self.unknown_calls
    }

    /// What models cost.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        self.models.prices()
    }

    /// What to do with calls of models whose price nobody knows, where dollars are limited.
    #[must_use]
    pub fn unpriced(&self) -> Unpriced {
        self.unpriced
    }

    /// The tier of service of requests that name none; `None` where nobody said.
    #[must_use]
    pub fn service_tier(&self) -> Option<ServiceTier> {
        self.service_tier
    }

    /// How many instances share the store.
    #[must_use]
    pub fn instances(&self) -> NonZeroU64 {
        self.instances
    }

    /// For how many days the records of calls are kept.
    #[must_use]
    pub fn record_days(&self) -> u32 {
        self.record_days
    }

    /// Whether to ask for usage on streams on behalf of callers who did not.
    pub(crate) fn asks_stream_usage(&self) -> bool {
        self.ask_stream_usage
    }

    /// The time zone of calendar windows.
    pub(crate) fn timezone(&self) -> &TimeZone {
        &self.zone
    }

    /// The model that a name stands for.
    pub(crate) fn resolve(&self, name: &str) -> PricedModel {
        self.models.named(name)
    }

    /// The model behind a deployment's name, which says nothing unless it is an alias or `known` as a canonical name.
    pub(crate) fn resolve_deployment(
        &self,
        name: &str,
        known: impl FnOnce(&str) -> bool,
    ) -> PricedModel {
        self.models.deployed(name, known)
    }

    /// The limits of an organization: its own, or those of every one.
    pub(crate) fn organization_limits(&self, name: &str) -> &[CheckedLimit] {
        self.organizations.get(name).unwrap_or(&self.organization)
    }

    /// All limits of all sections.
    pub(crate) fn limits_of_all(&self) -> impl Iterator<Item = &CheckedLimit> {
        let organizations = self.organizations.values().flatten();
        let projects = self.projects.values().flatten();
        let tiers = self.tiers.values().flat_map(|tier| &tier.limits);
        self.organization
            .iter()
            .chain(organizations)
            .chain(projects)
            .chain(tiers)
    }

    /// The organizations that have limits of their own.
    pub(crate) fn organization_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.organizations.keys()
    }

    /// The declared projects, with their limits.
    pub(crate) fn projects(&self) -> &BTreeMap<Arc<str>, Vec<CheckedLimit>> {
        &self.projects
    }

    /// A tier's rules.
    pub(crate) fn tier(&self, name: &str) -> Option<&CheckedTier> {
        self.tiers.get(name)
    }
}
