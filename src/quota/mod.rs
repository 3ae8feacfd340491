//! The engine, usable without HTTP: [`Quota`].

mod ask;
mod backend;
mod calendar;
mod charges;
mod demand;
mod engine;
mod follow;
mod forecast;
mod granted;
mod guard;
mod hold;
mod in_force;
mod input;
mod output;
mod pace;
mod plan;
mod policy;
mod prepared;
mod report;
mod reserve;
mod size;
mod status;
mod tell;
mod verdict;

pub use demand::Demand;
pub use forecast::Forecast;
pub use hold::Hold;
pub use reserve::Reserve;
pub use status::{LimitStatus, QuotaError};

pub(crate) use ask::Ask;
pub(crate) use engine::Engine;
pub(crate) use prepared::Prepared;
pub(crate) use reserve::Reserving;
pub(crate) use status::Figure;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::money::Usd;
use crate::policy::{Limit, Policy, PolicyBuilder, PolicyError, Tier, Unit};
use crate::store::{Adjustment, Store, StoreError};
use crate::subject::Subject;
use crate::watch::{Observer, OrganizationReport, Report};

/// Decides on calls and books what they used. Cheap to clone: all clones share the counters.
///
/// In memory by default. The setters come first: a clone taken before one of them shares policy and counters with the quota
/// that it returns, but not the setting.
///
/// ```
/// use tower_token_quota::{Demand, Limit, Policy, Quota, RejectionKind, Subject, Tier, Usage};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::new()
///     .tier(Tier::new("free").limit(Limit::tokens(1_000).per_day()))
///     .build()?;
/// let quota = Quota::new(policy);
/// let alice = Subject::user("alice", "free");
///
/// let hold = quota.reserve(&alice, Demand::new("gpt-4o-mini").input_tokens(300).output_tokens(500)).await?;
/// hold.settle(Usage::new(300, 120));
///
/// let refused = quota.reserve(&alice, Demand::new("gpt-4o-mini").input_tokens(900).output_tokens(50)).await;
/// assert_eq!(refused.unwrap_err().kind, RejectionKind::QuotaSpent);
/// assert_eq!(quota.status(&alice).await?[0].used, 420);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct Quota {
    engine: Arc<Engine>,
}

impl Quota {
    /// A quota that keeps its counters in memory.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            engine: Engine::new(policy).begin(),
        }
    }

    /// Keeps the counters in another store. Whether it can count what the policy allows [`check_policy`](Self::check_policy) tells.
    #[must_use]
    pub fn store(self, store: impl Store) -> Self {
        self.rebuilt(|engine| engine.use_store(Arc::new(store)))
    }

    /// Reads the time from another clock: in tests, a [`FakeClock`](crate::clock::FakeClock).
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        self.rebuilt(|engine| engine.use_clock(Arc::new(clock)))
    }

    /// Adds an observer.
    #[must_use]
    pub fn observer(self, observer: impl Observer) -> Self {
        self.rebuilt(|engine| engine.add_observer(Arc::new(observer)))
    }

    /// After which time a hold is given up that nobody settles or renews: those of an instance that was killed, in a store that outlives it.
    /// A day in memory, else an [hour](crate::store::DEFAULT_EXPIRY); a second at least.
    ///
    /// It has to be longer than a model takes to begin an answer: from then on the layer renews the hold. A call that
    /// settles later still is corrected to what it used, but what its expiry gave back others may have taken.
    #[must_use]
    pub fn hold_expiry(self, life: Duration) -> Self {
        self.rebuilt(|engine| engine.expire_holds_after(life))
    }

    /// How many bytes of requests may be buffered at once, over all calls; 256 MiB unless set.
    #[must_use]
    pub fn max_buffered(self, bytes: usize) -> Self {
        self.rebuilt(|engine| engine.limit_buffers(bytes))
    }

    /// How many bytes of memory the counts of texts may take, by which a text that was sent before is not counted again; 16 MiB
    /// unless set, which is enough for some 170,000 texts of up to 2 KiB. With 0, nothing is remembered.
    ///
    /// No text is kept, only a keyed hash of each. Every organization has counts of its own: by how fast a call is decided, none
    /// learns what another one has sent.
    #[must_use]
    pub fn count_cache(self, bytes: usize) -> Self {
        self.rebuilt(|engine| engine.limit_count_cache(bytes))
    }

    fn rebuilt(self, change: impl FnOnce(&mut Engine)) -> Self {
        let mut engine = (*self.engine).clone();
        change(&mut engine);
        Self {
            engine: engine.begin(),
        }
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.engine.policy()
    }

    /// Whether the store can count what a policy allows: to be asked at the start, with the policy in force, and before another one
    /// is [set](Self::set_policy). [`change_policy`](Self::change_policy) asks by itself. A limit that is larger than the store counts
    /// is as large as that.
    ///
    /// # Errors
    /// When a limit is larger: on Redis, than 2^53 - 1 of its unit, which is $9,007,199.254740991.
    pub fn check_policy(&self, policy: &Policy) -> Result<(), PolicyError> {
        self.engine.check(policy)
    }

    /// Puts another policy in force, at once and for all clones, and returns the one before. Usage is kept: it belongs to the
    /// limits' ids. Open holds settle the charges that they were granted.
    pub fn set_policy(&self, policy: impl Into<Arc<Policy>>) -> Arc<Policy> {
        self.engine.set_policy(policy.into())
    }

    /// Changes the policy in force, and returns the one before. Usage is kept, as with [`set_policy`](Self::set_policy); what is
    /// wrong changes nothing.
    ///
    /// Changes that are made at the same time are all made: where another one came first, `change` is called once more, with
    /// that one in it.
    ///
    /// ```
    /// use tower_token_quota::{Limit, Policy, Quota, Tier, Usd};
    ///
    /// let policy = Policy::new()
    ///     .tier(Tier::new("t"))
    ///     .organization_limit(Limit::usd(Usd::dollars(1_000)).per_month())
    ///     .project("api", [Limit::usd(Usd::dollars(500)).per_month()]);
    /// let quota = Quota::new(policy.build()?);
    /// quota.add_project("batch", [Limit::usd(Usd::dollars(300)).per_month()])?;
    /// let too_much = quota.add_project("web", [Limit::usd(Usd::dollars(300)).per_month()]);
    /// assert!(too_much.unwrap_err().to_string().contains("add up to $1100.00"));
    /// quota.change_policy(|policy| policy.alias("our-fast-one", "gpt-4o-mini"))?;
    /// # Ok::<(), tower_token_quota::policy::PolicyError>(())
    /// ```
    ///
    /// A policy that is read from a file again and [set](Self::set_policy) has what the file has: what was added here and does
    /// not stand there is gone.
    ///
    /// # Errors
    /// When the changed policy makes no sense, or the store cannot [count](Self::check_policy) what it allows. The one in force stays.
    pub fn change_policy(
        &self,
        change: impl Fn(PolicyBuilder) -> PolicyBuilder,
    ) -> Result<Arc<Policy>, PolicyError> {
        self.engine.change_policy(change)
    }

    /// Adds a project to the policy in force, with its limits: see [`change_policy`](Self::change_policy). Calls for it are admitted
    /// from now on. After the first project of a policy, calls for any that is not declared are refused.
    ///
    /// # Errors
    /// When there is such a project already, a limit makes no sense, or the projects' budgets would add up to more than the
    /// organization's.
    pub fn add_project(
        &self,
        name: impl Into<Arc<str>>,
        limits: impl IntoIterator<Item = Limit>,
    ) -> Result<Arc<Policy>, PolicyError> {
        let (name, limits) = (name.into(), Vec::from_iter(limits));
        self.change_policy(|policy| policy.project(name.clone(), limits.clone()))
    }

    /// Adds a tier to the policy in force: see [`change_policy`](Self::change_policy).
    ///
    /// # Errors
    /// When there is such a tier already, or it makes no sense.
    pub fn add_tier(&self, tier: Tier) -> Result<Arc<Policy>, PolicyError> {
        self.change_policy(|policy| policy.tier(tier.clone()))
    }

    /// Decides on a call, in one atomic step over all of its limits, and down the ladder where a limit says so.
    ///
    /// # Errors
    /// Why the call may not be made. Where a limit's rule is to reply in the model's place, the rejection has the text.
    pub fn reserve(&self, subject: &Subject, demand: Demand) -> Reserve {
        let ask = Ask::Demand(&demand);
        let prepared = self.engine.prepare(subject, ask);
        Reserve::told(self.engine.clone(), subject, demand, prepared)
    }

    /// All limits that bind a subject, as they stand. Limits with a counter for each model are listed for each model that the
    /// policy names: see [`status_with_models`](Self::status_with_models) for others.
    ///
    /// # Errors
    /// When the subject's tier or project is not in the policy, or the store does not answer.
    pub async fn status(&self, subject: &Subject) -> Result<Vec<LimitStatus>, QuotaError> {
        status::status(&self.engine, subject, &[]).await
    }

    /// All limits that bind a subject, as they stand, with the counters of these models too: a store does not tell of which
    /// models it has some, and a policy need not name them.
    ///
    /// Names are read as those in calls are, aliases and dated names too. A counter that is listed already is not listed
    /// again, and a limit that does not bind a model has none of it. A name that is too long for a call, of more than 256 bytes, has none.
    ///
    /// ```
    /// use tower_token_quota::{Demand, Limit, Policy, Quota, Scope, Subject, Tier, Usage};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let each = Limit::tokens(1_000).per_week().scope(Scope::USER.and(Scope::MODEL));
    /// let quota = Quota::new(Policy::new().tier(Tier::new("pro").limit(each)).build()?);
    /// let alice = Subject::user("alice", "pro");
    /// let hold = quota.reserve(&alice, Demand::new("gpt-4o-2024-08-06").output_tokens(50)).await?;
    /// hold.settle(Usage::new(300, 20));
    ///
    /// assert!(quota.status(&alice).await?.is_empty());
    /// let limits = quota.status_with_models(&alice, &["gpt-4o"]).await?;
    /// assert_eq!((limits[0].model.as_deref(), limits[0].used), (Some("gpt-4o"), 320));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    /// When the subject's tier or project is not in the policy, or the store does not answer.
    pub async fn status_with_models(
        &self,
        subject: &Subject,
        models: &[impl AsRef<str>],
    ) -> Result<Vec<LimitStatus>, QuotaError> {
        let models: Vec<&str> = models.iter().map(AsRef::as_ref).collect();
        status::status(&self.engine, subject, &models).await
    }

    /// What a limit of a subject counts: the unit of its amounts, in [`adjust`](Self::adjust) too.
    ///
    /// # Errors
    /// When the subject has no such limit.
    pub fn unit_of(&self, subject: &Subject, limit: &str) -> Result<Unit, QuotaError> {
        status::unit_of(&self.engine, subject, limit)
    }

    /// Corrects what a subject has used of a limit. `model` is needed only where the limit has a counter for each model.
    ///
    /// # Errors
    /// When the subject has no such limit, or the store does not answer.
    pub async fn adjust(
        &self,
        subject: &Subject,
        limit: &str,
        model: Option<&str>,
        adjustment: Adjustment,
    ) -> Result<LimitStatus, QuotaError> {
        status::adjust(&self.engine, subject, limit, model, adjustment).await
    }

    /// What the running month has cost and saved so far: every organization that the policy names or that has called, its
    /// budget, its projects and their budgets, and its models.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn report(&self) -> Result<Report, QuotaError> {
        report::report(&self.engine).await
    }

    /// The report of one organization.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn report_of(&self, organization: &str) -> Result<OrganizationReport, QuotaError> {
        report::of(&self.engine, organization).await
    }

    /// What each closed month has cost an organization, or one of its projects, as far as this process has seen it, or its journal
    /// has kept it: the oldest first, as `2026-11`, from the first month with a call on, and for three years at the most. Months
    /// without a call between them cost nothing. The running month is not in it: it is not over.
    ///
    /// ```
    /// # use tower_token_quota::{DEFAULT_ORGANIZATION, Policy, Quota, Tier, Usd};
    /// use tower_token_quota::watch::IncreaseRequest;
    ///
    /// # let quota = Quota::new(Policy::new().tier(Tier::new("t")).build()?);
    /// let months = quota.history(DEFAULT_ORGANIZATION, Some("api"));
    /// let costs: Vec<Usd> = months.into_iter().map(|(_, cost)| cost).collect();
    /// let request = IncreaseRequest::new("api", Usd::dollars(500), Usd::dollars(800), &costs);
    /// # let _ = request;
    /// # Ok::<(), tower_token_quota::policy::PolicyError>(())
    /// ```
    #[must_use]
    pub fn history(&self, organization: &str, project: Option<&str>) -> Vec<(String, Usd)> {
        report::history(&self.engine, organization, project)
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.engine.health().await
    }

    /// How many settlements of this process the store has not booked yet: over a network they are on their way, and while the store
    /// does not answer there are more and more. In memory there are none.
    #[must_use]
    pub fn waiting_settlements(&self) -> usize {
        self.engine.waiting_settlements()
    }

    /// Waits until every open hold of this process is settled and every settlement booked: before a shutdown, after the
    /// last call was accepted.
    pub async fn drain(&self) {
        self.engine.drain().await;
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quota")
            .field("engine", &self.engine)
            .finish()
    }
}
