//! A policy as it is written, before it is checked.

use std::sync::Arc;

use super::error::At;
use super::{Limit, Policy, PolicyError, Tier, check, toml};
use crate::identify::{ApiKeys, KeyHash};
use crate::prices::{Price, Prices};
use crate::{ServiceTier, Subject};

/// What to do with a call that has a side effect but is of no API we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownCalls {
    /// It passes, unmetered: the layer may stand before an application's own routes.
    #[default]
    Pass,
    /// It passes, and counts as one of `requests`.
    Count,
    /// It is refused with 403.
    Reject,
}

/// What to do with a call of a model whose price nobody knows, where a limit in dollars binds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unpriced {
    /// It is refused with 403: nobody can tell what it would cost.
    #[default]
    Reject,
    /// It passes and is booked at nothing; its record says that the price is missing.
    Count,
}

/// Collects the parts of a [`Policy`]. Made by [`Policy::new`], or of one in force by [`Policy::to_builder`].
#[derive(Debug, Clone)]
pub struct PolicyBuilder {
    pub(crate) timezone: At<String>,
    pub(crate) unknown_calls: Option<UnknownCalls>,
    pub(crate) ask_stream_usage: bool,
    pub(crate) aliases: Vec<At<(String, String)>>,
    pub(crate) organization: Vec<At<Limit>>,
    pub(crate) organizations: Vec<At<Section>>,
    pub(crate) projects: Vec<At<Section>>,
    pub(crate) tiers: Vec<At<Tier>>,
    pub(crate) keys: Vec<At<(KeyHash, Subject)>>,
    pub(crate) prices: Option<Prices>,
    pub(crate) given_prices: Vec<At<(String, Price)>>,
    pub(crate) unpriced: Unpriced,
    pub(crate) service_tier: Option<ServiceTier>,
    pub(crate) overcommit: bool,
    pub(crate) instances: At<u64>,
    pub(crate) record_days: At<u64>,
}

/// The limits of one project or of one organization.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: Arc<str>,
    pub(crate) limits: Vec<At<Limit>>,
}

impl Section {
    fn new(name: impl Into<Arc<str>>, limits: impl IntoIterator<Item = Limit>) -> Self {
        Self {
            name: name.into(),
            limits: limits.into_iter().map(At::from).collect(),
        }
    }
}

/// For how long records are kept unless somebody says otherwise.
pub(crate) const DEFAULT_RECORD_DAYS: u32 = 90;

impl Default for PolicyBuilder {
    fn default() -> Self {
        Self {
            timezone: String::from("UTC").into(),
            unknown_calls: None,
            ask_stream_usage: true,
            aliases: Vec::new(),
            organization: Vec::new(),
            organizations: Vec::new(),
            projects: Vec::new(),
            tiers: Vec::new(),
            keys: Vec::new(),
            prices: None,
            given_prices: Vec::new(),
            unpriced: Unpriced::default(),
            service_tier: None,
            overcommit: false,
            instances: 1.into(),
            record_days: u64::from(DEFAULT_RECORD_DAYS).into(),
        }
    }
}

impl PolicyBuilder {
    /// Reads the parts of a policy from TOML, for code to add to them. [`Policy::from_toml`] is the same without anything added.
    ///
    /// # Errors
    /// When the text is no policy's: what is wrong with its form, and the line. Whether it makes sense is checked by
    /// [`build`](Self::build).
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        toml::policy(text, &[])
    }

    /// Reads the parts of a policy from a file that has sections of somebody else too: these, by their names at the top level,
    /// are passed over.
    ///
    /// ```
    /// use tower_token_quota::policy::PolicyBuilder;
    ///
    /// let file = "[tiers.free]\n[alerts]\nwebhook = 'https://example.org/alerts'";
    /// let policy = PolicyBuilder::from_toml_beside(file, &["alerts"])?.build()?;
    /// assert!(PolicyBuilder::from_toml(file).is_err());
    /// # let _ = policy;
    /// # Ok::<(), tower_token_quota::policy::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml). Of a section that is nobody's it says what is known, theirs included.
    pub fn from_toml_beside(text: &str, others: &[&str]) -> Result<Self, PolicyError> {
        toml::policy(text, others)
    }

    /// Adds a tier. A policy has at least one.
    #[must_use]
    pub fn tier(mut self, tier: Tier) -> Self {
        self.tiers.push(tier.into());
        self
    }

    /// The IANA time zone of calendar windows, such as `Europe/Berlin`; UTC when left out.
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        self.timezone = name.into().into();
        self
    }

    /// Says which model is meant by a name of your own, such as an Azure deployment's.
    /// It serves to match rules and prices; requests keep the name they were written with.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>, model: impl Into<String>) -> Self {
        self.aliases.push((name.into(), model.into()).into());
        self
    }

    /// Adds a limit to every organization, each for itself; it counts the whole organization unless it has a scope.
    #[must_use]
    pub fn organization_limit(mut self, limit: Limit) -> Self {
        self.organization.push(limit.into());
        self
    }

    /// The limits of one organization, in place of those of every organization.
    #[must_use]
    pub fn organization(
        mut self,
        name: impl Into<Arc<str>>,
        limits: impl IntoIterator<Item = Limit>,
    ) -> Self {
        self.organizations.push(Section::new(name, limits).into());
        self
    }

    /// Declares a project, with its limits; they count the whole project unless they have a scope.
    /// Once one project is declared, calls for any other are refused.
    #[must_use]
    pub fn project(
        mut self,
        name: impl Into<Arc<str>>,
        limits: impl IntoIterator<Item = Limit>,
    ) -> Self {
        self.projects.push(Section::new(name, limits).into());
        self
    }

    /// Says whom an API key belongs to. Only its hash is kept.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>, subject: Subject) -> Self {
        self.keys.push((KeyHash::of(key), subject).into());
        self
    }

    /// Adds all keys of a list.
    #[must_use]
    pub fn keys(mut self, keys: ApiKeys) -> Self {
        self.keys.extend(keys.into_iter().map(At::from));
        self
    }

    /// What to do with calls of APIs that we do not know; they pass when left out.
    #[must_use]
    pub fn unknown_calls(mut self, rule: UnknownCalls) -> Self {
        self.unknown_calls = Some(rule);
        self
    }

    /// The rule for calls of APIs that we do not know where neither code nor file has one, in place of letting them pass.
    #[must_use]
    pub fn default_unknown_calls(mut self, rule: UnknownCalls) -> Self {
        self.unknown_calls.get_or_insert(rule);
        self
    }

    /// Whether to ask for usage at the end of a stream on behalf of a caller who did not, and to keep the extra
    /// chunk from him. On when left out: without it such streams are counted and not reported.
    #[must_use]
    pub fn ask_stream_usage(mut self, ask: bool) -> Self {
        self.ask_stream_usage = ask;
        self
    }

    /// What models cost, in place of the prices that come with this crate.
    #[must_use]
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = Some(prices);
        self
    }

    /// What a model costs, by its name or by a glob of names; it counts for more than any list.
    #[must_use]
    pub fn price(mut self, model: impl Into<String>, price: Price) -> Self {
        self.given_prices.push((model.into(), price).into());
        self
    }

    /// What to do with calls of models whose price nobody knows, where dollars are limited. They are refused when left out.
    #[must_use]
    pub fn unpriced(mut self, rule: Unpriced) -> Self {
        self.unpriced = rule;
        self
    }

    /// The tier of service that our accounts with the providers give to requests that name none, or `auto`.
    ///
    /// When left out, such a request may be served in any tier, and dollars are reserved for the dearest: of some models that is
    /// twice the usual price. What is booked is the price of the tier that the answer names, whatever was said here; so what is
    /// said here has to be true for limits in dollars to be kept.
    #[must_use]
    pub fn service_tier(mut self, tier: ServiceTier) -> Self {
        self.service_tier = Some(tier);
        self
    }

    /// Lets the projects' monthly budgets add up to more than the organization's. That is refused when left out.
    #[must_use]
    pub fn overcommit(mut self, overcommit: bool) -> Self {
        self.overcommit = overcommit;
        self
    }

    /// How many instances share the store; 1 when left out. While the store does not answer, each of them admits this share of
    /// what was left of its [local](super::OnStoreFailure::Local) limits: with too small a number, they admit more together than
    /// there is.
    #[must_use]
    pub fn instances(mut self, instances: u64) -> Self {
        self.instances = instances.into();
        self
    }

    /// For how many days a store that keeps the records of calls keeps them; 90 when left out. Totals are kept for ever.
    #[must_use]
    pub fn record_days(mut self, days: u32) -> Self {
        self.record_days = u64::from(days).into();
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong: an amount of zero, a limit without a window, two limits of one id, a rung
    /// outside of its tier's models, an unknown time zone, …
    pub fn build(self) -> Result<Policy, PolicyError> {
        check::policy(self)
    }
}
