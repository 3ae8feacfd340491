//! One rule: a unit, an amount, a window, a scope, an enforcement.

use std::sync::Arc;
use std::time::Duration;

use super::glob::Globs;
use super::{Durability, Enforcement, OnExhausted, OnStoreFailure, Period, Scope, Unit, Window};
use crate::money::Usd;

/// One limit. Made by a constructor named after its unit and a method named after its window:
///
/// ```
/// use std::time::Duration;
/// use tower_token_quota::{Limit, Scope};
///
/// let daily = Limit::tokens(500_000).per_day().for_models(["gpt-4o", "gpt-4.1"]).then_downgrade();
/// let burst = Limit::tokens(10_000).refilled_by(100, Duration::from_secs(1)).id("pro-tpm");
/// let shared = Limit::requests(600).per_minute().scope(Scope::PROJECT);
/// let at_once = Limit::concurrent(8);
/// # let _ = (daily, burst, shared, at_once);
/// ```
///
/// Whether it makes sense is checked by [`PolicyBuilder::build`](super::PolicyBuilder::build).
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) unit: Unit,
    pub(crate) amount: u64,
    pub(crate) window: Option<Window>,
    pub(crate) scope: Option<Scope>,
    pub(crate) models: Option<Globs>,
    pub(crate) enforcement: Enforcement,
    pub(crate) on_exhausted: OnExhausted,
    /// In percent of the amount; `None` is the unit's and the window's default.
    pub(crate) alerts: Option<Vec<u8>>,
    /// `None` is on where it can be.
    pub(crate) pace: Option<bool>,
    /// `None` is the unit's default.
    pub(crate) on_store_failure: Option<OnStoreFailure>,
    /// `None` is the unit's default.
    pub(crate) durability: Option<Durability>,
}

impl Limit {
    fn new(unit: Unit, amount: u64) -> Self {
        Self {
            id: None,
            unit,
            amount,
            window: None,
            scope: None,
            models: None,
            enforcement: Enforcement::default(),
            on_exhausted: OnExhausted::default(),
            alerts: None,
            pace: None,
            on_store_failure: None,
            durability: None,
        }
    }

    /// At most this many calls in a window.
    #[must_use]
    pub fn requests(amount: u64) -> Self {
        Self::new(Unit::Requests, amount)
    }

    /// At most this many tokens, input and output together, in a window.
    #[must_use]
    pub fn tokens(amount: u64) -> Self {
        Self::new(Unit::Tokens, amount)
    }

    /// At most this many input tokens in a window.
    #[must_use]
    pub fn input_tokens(amount: u64) -> Self {
        Self::new(Unit::InputTokens, amount)
    }

    /// At most this many output tokens in a window.
    #[must_use]
    pub fn output_tokens(amount: u64) -> Self {
        Self::new(Unit::OutputTokens, amount)
    }

    /// At most so many dollars in a window. Calls are charged what their model's price makes of their tokens; a model that
    /// costs nothing is never stopped by it.
    ///
    /// ```
    /// use tower_token_quota::{Limit, Scope, Usd};
    ///
    /// let monthly = Limit::usd(Usd::dollars(500)).per_month().scope(Scope::PROJECT).alerts([50, 75, 90]);
    /// # let _ = monthly;
    /// ```
    #[must_use]
    pub fn usd(amount: Usd) -> Self {
        Self::new(Unit::Usd, amount.nanos())
    }

    /// At most this many calls under way at once. Needs no window.
    #[must_use]
    pub fn concurrent(amount: u64) -> Self {
        let mut limit = Self::new(Unit::Concurrent, amount);
        limit.window = Some(Window::Gauge);
        limit
    }

    /// A limit of any unit, as a configuration file names it.
    pub(crate) fn of(unit: Unit, amount: u64) -> Self {
        match unit {
            Unit::Concurrent => Self::concurrent(amount),
            other => Self::new(other, amount),
        }
    }

    /// A bucket that holds the amount and refills all of it each second.
    #[must_use]
    pub fn per_second(self) -> Self {
        let amount = self.amount;
        self.refilled_by(amount, Duration::from_secs(1))
    }

    /// A bucket that holds the amount and refills all of it each minute, steadily.
    #[must_use]
    pub fn per_minute(self) -> Self {
        let amount = self.amount;
        self.refilled_by(amount, Duration::from_secs(60))
    }

    /// A bucket that holds the amount and refills all of it each hour, steadily.
    #[must_use]
    pub fn per_hour(self) -> Self {
        let amount = self.amount;
        self.refilled_by(amount, Duration::from_secs(3600))
    }

    /// A bucket that holds the amount and refills `refill` of it `every` so often, steadily.
    #[must_use]
    pub fn refilled_by(self, refill: u64, every: Duration) -> Self {
        self.window(Window::Bucket { refill, every })
    }

    /// A calendar day in the policy's time zone.
    #[must_use]
    pub fn per_day(self) -> Self {
        self.window(Window::Calendar(Period::Day))
    }

    /// A calendar week, Monday to Sunday, in the policy's time zone.
    #[must_use]
    pub fn per_week(self) -> Self {
        self.window(Window::Calendar(Period::Week))
    }

    /// A calendar month in the policy's time zone.
    #[must_use]
    pub fn per_month(self) -> Self {
        self.window(Window::Calendar(Period::Month))
    }

    pub(crate) fn window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// Names the limit. Usage belongs to the name: with the same id, another amount keeps it.
    /// Without one it is `{tier or section}/{unit}/{window}[/{models}]`.
    #[must_use]
    pub fn id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Which callers share one counter; left out: each user for itself.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Binds and charges only models that match one of these globs, by canonical or raw name.
    #[must_use]
    pub fn for_models<I>(mut self, models: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.models = Some(Globs::new(models));
        self
    }

    /// Alerts when what is used of a day, week or month reaches so many percent of the amount, from 1 to 100: once for each,
    /// counter and period; what was told of is not told of again when a credit or another amount has brought it below. Left out,
    /// dollars alert at 50, 75 and 90, a soft limit at 100, and others not at all. A shadow limit never does.
    #[must_use]
    pub fn alerts(mut self, percents: impl IntoIterator<Item = u8>) -> Self {
        self.alerts = Some(percents.into_iter().collect());
        self
    }

    /// Whether to warn of days on which a budget is spent too fast. On when left out, for hard limits in dollars of a week or a
    /// month; others have no pace.
    ///
    /// A day's budget is what is left of the period's at the day's beginning, divided by the days left, that day included. Calls
    /// that bring a day beyond 1.5 times of it pass, and are [warned of](crate::Hold::warnings).
    #[must_use]
    pub fn pace(mut self, watch: bool) -> Self {
        self.pace = Some(watch);
        self
    }

    /// What to do with calls while the store does not answer. Left out, dollars are [closed](OnStoreFailure::Closed) and all else
    /// is [local](OnStoreFailure::Local). Soft and shadow limits refuse nothing then either.
    #[must_use]
    pub fn on_store_failure(mut self, rule: OnStoreFailure) -> Self {
        self.on_store_failure = Some(rule);
        self
    }

    /// When a call's charge has to be on disk, where there is a journal. Left out, dollars are there
    /// [before the call is made](Durability::Reserve), and all else [after it](Durability::Settle).
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = Some(durability);
        self
    }

    /// Never refuses: what passes it is charged and warned of.
    #[must_use]
    pub fn soft(mut self) -> Self {
        self.enforcement = Enforcement::Soft;
        self
    }

    /// A dry run, with a counter of its own.
    #[must_use]
    pub fn shadow(mut self) -> Self {
        self.enforcement = Enforcement::Shadow;
        self
    }

    /// Sends a call that does not fit to the next model of the tier's ladder.
    #[must_use]
    pub fn then_downgrade(mut self) -> Self {
        self.on_exhausted = OnExhausted::Downgrade;
        self
    }

    /// Answers a call that does not fit with this text, as the called API's own answer.
    #[must_use]
    pub fn then_reply(mut self, text: impl Into<Arc<str>>) -> Self {
        self.on_exhausted = OnExhausted::Reply(text.into());
        self
    }
}
