//! Limits of every unit, period and scope, as these tests know them.

use tower_token_quota::policy::{Period, Unit, Unpriced};
use tower_token_quota::prices::Price;
use tower_token_quota::store::CounterKey;
use tower_token_quota::watch::UsageRecord;
use tower_token_quota::{Limit, Policy, Scope, Tier, Usage, Usd};

/// A limit as this test knows it. All are so large that they refuse seldom, but for the smallest.
pub(crate) struct Known {
    pub(crate) id: &'static str,
    pub(crate) unit: Unit,
    pub(crate) period: Period,
    pub(crate) scope: Scope,
    pub(crate) amount: u64,
    pub(crate) model: Option<&'static str>,
}

const fn known(id: &'static str, unit: Unit, period: Period, scope: Scope, amount: u64) -> Known {
    Known {
        id,
        unit,
        period,
        scope,
        amount,
        model: None,
    }
}

const PER_USER_AND_MODEL: Scope = Scope::USER.and(Scope::MODEL);

pub(crate) const LIMITS: [Known; 8] = [
    known(
        "org",
        Unit::Usd,
        Period::Month,
        Scope::ORGANIZATION,
        50_000_000_000,
    ),
    known(
        "org-day",
        Unit::Usd,
        Period::Day,
        Scope::ORGANIZATION,
        10_000_000_000,
    ),
    known(
        "project",
        Unit::Usd,
        Period::Week,
        Scope::PROJECT,
        20_000_000_000,
    ),
    Known {
        model: Some("gpt-4o"),
        ..known(
            "gpt-4o",
            Unit::Usd,
            Period::Month,
            Scope::USER,
            1_000_000_000,
        )
    },
    known(
        "tokens",
        Unit::Tokens,
        Period::Day,
        PER_USER_AND_MODEL,
        5_000_000,
    ),
    known(
        "input",
        Unit::InputTokens,
        Period::Week,
        Scope::USER,
        9_000_000,
    ),
    known(
        "output",
        Unit::OutputTokens,
        Period::Month,
        Scope::MODEL,
        9_000_000,
    ),
    known(
        "requests",
        Unit::Requests,
        Period::Day,
        Scope::PROJECT,
        1_000,
    ),
];

impl Known {
    pub(crate) fn limit(&self) -> Limit {
        let limit = match self.unit {
            Unit::Usd => Limit::usd(Usd::from_nanos(self.amount)),
            Unit::Tokens => Limit::tokens(self.amount),
            Unit::InputTokens => Limit::input_tokens(self.amount),
            Unit::OutputTokens => Limit::output_tokens(self.amount),
            _ => Limit::requests(self.amount),
        };
        let limit = match self.period {
            Period::Day => limit.per_day(),
            Period::Week => limit.per_week(),
            Period::Month => limit.per_month(),
        };
        let limit = limit.scope(self.scope).id(self.id);
        match self.model {
            Some(model) => limit.for_models([model]).then_downgrade(),
            None => limit,
        }
    }

    /// The name of the counter that a record belongs to, put together anew.
    pub(crate) fn key(&self, record: &UsageRecord) -> String {
        let subject = &record.subject;
        let time = jiff::Timestamp::from_microsecond(record.admitted_at).unwrap();
        let day = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let first = match self.period {
            Period::Day => day,
            Period::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(jiff::ToSpan::days(since_monday))
            }
            Period::Month => day.first_of_month(),
        };
        let period = format!("{}:{first}", self.period.as_str());
        let mut parts = vec![
            ("limit", self.id),
            ("unit", self.unit.as_str()),
            ("period", &period),
        ];
        if self.scope.project {
            parts.push(("project", subject.project_name().unwrap_or("-")));
        }
        if self.scope.user {
            parts.push(("user", subject.user_name().unwrap()));
        }
        if self.scope.model {
            parts.push(("model", &record.model));
        }
        let key = CounterKey::new(subject.organization_name(), &parts);
        // The part of a project that is none has no value.
        key.as_str().replace("/project=-", "/project")
    }

    /// What a record adds to its counter, less what it replaces.
    pub(crate) fn amount(&self, record: &UsageRecord) -> i128 {
        let of = |usage: &Usage, cost: Usd| match self.unit {
            Unit::Usd => cost.nanos(),
            Unit::Tokens => usage.input_tokens + usage.output_tokens,
            Unit::InputTokens => usage.input_tokens,
            Unit::OutputTokens => usage.output_tokens,
            _ => 1,
        };
        let replaced = record.replaces.map_or(0, |was| of(&was.usage, was.cost));
        i128::from(of(&record.usage, record.cost)) - i128::from(replaced)
    }

    pub(crate) fn binds(&self, record: &UsageRecord) -> bool {
        self.model.is_none_or(|model| *record.model == *model)
    }
}

/// At one of two price lists: it changes while calls are under way.
pub(crate) fn policy(per_million: u64) -> Policy {
    let tier = Tier::new("t").ladder(["gpt-4o-mini"]);
    let tier = LIMITS[3..]
        .iter()
        .fold(tier, |tier, known| tier.limit(known.limit()));
    let price = Price::per_million(&per_million.to_string(), "7.333333").unwrap();
    LIMITS[..3]
        .iter()
        .fold(Policy::new().tier(tier), |policy, known| {
            policy.organization_limit(known.limit())
        })
        .price("my-model", price)
        .price("my-free-model", Price::free())
        .unpriced(Unpriced::Count)
        .build()
        .unwrap()
}
