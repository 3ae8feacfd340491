//! Money adds up: what usage records say, what counters have booked, and what the report shows are one and the same.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Provider, call, metered, post, run};
use tokio::sync::mpsc::Receiver;
use tower_token_quota::clock::{Clock, FakeClock, Moment};
use tower_token_quota::model;
use tower_token_quota::policy::{Period, Unit, Unpriced};
use tower_token_quota::prices::{Part, Price};
use tower_token_quota::store::{
    Adjustment, Balance, BoxFuture, Charge, CounterKey, Decision, HoldId, LONGEST_RETRY,
    MemoryStore, Reports, Reservation, Rule, Settlement, Store, StoreError,
};
use tower_token_quota::watch::{Basis, Totals, UsageRecord, UsageRecords};
use tower_token_quota::{
    Demand, Hold, Limit, Outcome, Policy, Quota, Scope, Subject, Tier, Usage, Usd,
};

const START: &str = "2026-11-29T20:00:00Z";
const USERS: [&str; 2] = ["alice", "bob"];
const PROJECTS: [Option<&str>; 3] = [None, Some("api"), Some("batch")];
const ORGANIZATIONS: [&str; 2] = ["default", "acme"];
const MODELS: [&str; 6] = [
    "gpt-4o",
    "gpt-4o-mini",
    "claude-sonnet-4-5",
    "my-model",
    "my-free-model",
    "nobody-knows-its-price",
];

/// A limit as this test knows it. All are so large that they refuse seldom, but for the smallest.
struct Known {
    id: &'static str,
    unit: Unit,
    period: Period,
    scope: Scope,
    amount: u64,
    model: Option<&'static str>,
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
const LIMITS: [Known; 8] = [
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
    fn limit(&self) -> Limit {
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
    fn key(&self, record: &UsageRecord) -> String {
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
    fn amount(&self, record: &UsageRecord) -> i128 {
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

    fn binds(&self, record: &UsageRecord) -> bool {
        self.model.is_none_or(|model| *record.model == *model)
    }
}

/// At one of two price lists: it changes while calls are under way.
fn policy(per_million: u64) -> Policy {
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

/// The memory store, and all charges that it was ever asked for.
#[derive(Debug, Clone)]
struct Spied {
    store: Arc<MemoryStore>,
    charges: Arc<Mutex<HashMap<CounterKey, Charge>>>,
    hold_life: Duration,
}

impl Store for Spied {
    fn reserve(&self, mut reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        reservation.expires_in = self.hold_life;
        let mut charges = self.charges.lock().unwrap();
        for charge in reservation.candidates.iter().flatten() {
            charges.insert(charge.key.clone(), charge.clone());
        }
        self.store.reserve(reservation)
    }

    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.store.report_to(reports);
    }

    fn settle(&self, settlement: Settlement) {
        self.store.settle(settlement.clone());
        // A settlement may be delivered twice.
        self.store.settle(settlement);
    }

    fn renew(&self, _: HoldId, _: &str, _: Moment, _: Duration) {}

    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        self.store.peek(charges, now)
    }

    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        self.store.adjust(charge, adjustment, now)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.health()
    }

    fn drain(&self) -> BoxFuture<'_, ()> {
        self.store.drain()
    }
}

#[derive(Debug, Clone)]
enum Op {
    Reserve {
        who: (usize, usize, usize),
        model: usize,
        input: u64,
        output: u64,
    },
    /// Settles one of the open holds by what it used.
    Settle(usize, How),
    /// An answer that is made in the background: booked whole, and corrected later.
    Background { user: usize, cap: u64 },
    /// Asks again for such an answer, which tells its usage.
    Follow(usize, u64, u64),
    /// Time passes, in minutes.
    Pass(u64),
    /// The price of a model changes.
    Reprice(u64),
}

#[derive(Debug, Clone)]
enum How {
    Reported {
        input: u64,
        output: u64,
        cached: u64,
        reasoning: u64,
    },
    Counted(u64, u64),
    NothingRan,
    /// The hold is dropped: nobody knows.
    Dropped,
}

fn op() -> impl Strategy<Value = Op> {
    let tokens = 0_u64..200_000;
    let who = (0..ORGANIZATIONS.len(), 0..PROJECTS.len(), 0..USERS.len());
    let reported = (tokens.clone(), tokens.clone(), 0_u64..1_000, 0_u64..1_000);
    let how = prop_oneof![
        4 => reported.prop_map(|(input, output, cached, reasoning)| How::Reported {
            input, output, cached: cached.min(input), reasoning: reasoning.min(output),
        }),
        1 => (tokens.clone(), tokens.clone()).prop_map(|(input, output)| How::Counted(input, output)),
        1 => Just(How::NothingRan),
        2 => Just(How::Dropped),
    ];
    prop_oneof![
        8 => (who, 0..MODELS.len(), tokens.clone(), tokens.clone()).prop_map(
            |(who, model, input, output)| Op::Reserve { who, model, input, output }
        ),
        7 => (0_usize..8, how).prop_map(|(hold, how)| Op::Settle(hold, how)),
        2 => (0..USERS.len(), 16_u64..10_000).prop_map(|(user, cap)| Op::Background { user, cap }),
        2 => (0_usize..4, tokens.clone(), tokens).prop_map(|(which, input, output)| Op::Follow(which, input, output)),
        2 => (0_u64..900).prop_map(Op::Pass),
        1 => (0_u64..9_000).prop_map(Op::Reprice),
    ]
}

struct World {
    quota: Quota,
    clock: FakeClock,
    spied: Spied,
    provider: Provider,
    /// What the provider says next, of an answer's usage.
    next: Arc<Mutex<Value>>,
    holds: Vec<(u64, Hold)>,
    background: Vec<(String, usize)>,
    asked: usize,
    receiver: Receiver<Arc<UsageRecord>>,
    records: Vec<Arc<UsageRecord>>,
}

impl World {
    fn new(hold_life: Duration) -> Self {
        let clock = FakeClock::at(START);
        let spied = Spied {
            store: Arc::default(),
            charges: Arc::default(),
            hold_life,
        };
        let records = UsageRecords::new(10_000);
        let receiver = records.subscribe();
        let next = Arc::new(Mutex::new(Value::Null));
        let told = next.clone();
        let provider = Provider::new(move |seen| {
            let mut body = told.lock().unwrap().clone();
            body["status"] = match seen.method {
                Method::POST => "queued".into(),
                _ => "completed".into(),
            };
            Ok(support::provider::json_answer(200, &body))
        });
        let quota = Quota::new(policy(3))
            .store(spied.clone())
            .clock(clock.clone())
            .observer(records);
        Self {
            quota,
            clock,
            spied,
            provider,
            next,
            holds: Vec::new(),
            background: Vec::new(),
            asked: 0,
            receiver,
            records: Vec::new(),
        }
    }

    async fn apply(&mut self, op: Op) {
        match op {
            Op::Reserve {
                who,
                model,
                input,
                output,
            } => {
                let demand = Demand::new(MODELS[model])
                    .input_tokens(input)
                    .output_tokens(output);
                if let Ok(hold) = self.quota.reserve(&subject(who), demand).await {
                    self.holds.push((self.clock.now().steady, hold));
                }
            }
            Op::Settle(which, how) if !self.holds.is_empty() => {
                let (_, hold) = self.holds.swap_remove(which % self.holds.len());
                settle(hold, how);
            }
            Op::Background { user, cap } => self.begin(user, cap).await,
            Op::Follow(which, input, output) if !self.background.is_empty() => {
                let which = which % self.background.len();
                let (id, user) = self.background.swap_remove(which);
                *self.next.lock().unwrap() = answer(&id, Some((input, output)));
                self.get(&id, user).await;
            }
            Op::Pass(minutes) => self.pass(Duration::from_secs(60 * minutes)),
            Op::Reprice(per_million) => drop(self.quota.set_policy(policy(per_million))),
            Op::Settle(..) | Op::Follow(..) => {}
        }
        while let Ok(record) = self.receiver.try_recv() {
            self.records.push(record);
        }
    }

    /// Lets time pass. A store forgets an expired hold some time, and then cannot tell what it has kept of it: who settles so
    /// late is booked twice, and never came in time to renew. So holds are given up before.
    fn pass(&mut self, time: Duration) {
        let then = self.clock.now().steady + u64::try_from(time.as_micros()).unwrap();
        let life = (self.spied.hold_life + LONGEST_RETRY).as_micros();
        self.holds
            .retain(|(since, _)| u128::from(then - since) < life);
        self.clock.advance(time);
    }

    async fn begin(&mut self, user: usize, cap: u64) {
        self.asked += 1;
        let id = format!("resp_{}", self.asked);
        *self.next.lock().unwrap() = answer(&id, None);
        let body =
            json!({"model": "gpt-5", "input": "Hi", "background": true, "max_output_tokens": cap});
        let mut request = post("/v1/responses", body.to_string());
        request
            .headers_mut()
            .insert("x-user", USERS[user].parse().unwrap());
        let answer = call(&metered(&self.quota, &self.provider), request).await;
        if answer.status == StatusCode::OK {
            self.background.push((id, user));
        }
    }

    async fn get(&self, id: &str, user: usize) {
        let request = Request::get(format!("/v1/responses/{id}"))
            .header("x-user", USERS[user])
            .body(Full::<Bytes>::default())
            .unwrap();
        call(&metered(&self.quota, &self.provider), request).await;
    }

    /// Whether there is a hold that the store has given up: what it keeps of it has no record until it is settled.
    fn has_expired_holds(&self) -> bool {
        let (now, life) = (self.clock.now().steady, self.spied.hold_life.as_micros());
        self.holds
            .iter()
            .any(|(since, _)| u128::from(now - since) >= life)
    }

    /// The sum of all records, on every counter that the store still has: a closed period's are kept for a day.
    fn check_counters(&self) -> Result<(), TestCaseError> {
        let mut sums: HashMap<String, i128> = HashMap::new();
        for record in &self.records {
            for limit in LIMITS.iter().filter(|limit| limit.binds(record)) {
                *sums.entry(limit.key(record)).or_default() += limit.amount(record);
            }
        }
        let (charges, now) = (self.spied.charges.lock().unwrap(), self.clock.now());
        for (key, charge) in charges.iter() {
            let Rule::Budget { ends_at, .. } = charge.rule else {
                continue;
            };
            // The day beside a budget is no limit of its own: `tests/pace.rs` has it.
            if key.as_str().split('/').any(|part| part == "pace") {
                continue;
            }
            if now.wall < ends_at + 24 * 3600 * 1_000_000 {
                let used = self.spied.store.peek_now(std::slice::from_ref(charge), now)[0].used;
                let sum = sums.get(key.as_str()).copied().unwrap_or(0);
                prop_assert_eq!(i128::from(used), sum, "{:?}", key);
            }
        }
        for (key, sum) in sums {
            let is_counter = charges.keys().any(|known| known.as_str() == key);
            prop_assert!(sum == 0 || is_counter, "{} is no counter", key);
        }
        Ok(())
    }

    /// The report of the running month is the sum of its records.
    async fn check_report(&self) -> Result<(), TestCaseError> {
        let report = self.quota.report().await.unwrap();
        let of_the_month = |record: &&Arc<UsageRecord>| {
            let time = jiff::Timestamp::from_microsecond(record.admitted_at).unwrap();
            time.to_string().starts_with(&report.month)
        };
        let records: Vec<_> = self.records.iter().filter(of_the_month).collect();
        for organization in &report.organizations {
            let name = &*organization.organization;
            let own: Vec<_> = records
                .iter()
                .filter(|record| record.subject.organization_name() == name)
                .collect();
            prop_assert_eq!(
                facts(&organization.totals),
                sum(own.iter().copied().copied())
            );
            if !self.has_expired_holds() {
                prop_assert_eq!(organization.budget.used, organization.totals.cost);
            }
            for project in &organization.projects {
                let of = own
                    .iter()
                    .copied()
                    .copied()
                    .filter(|record| record.subject.project_name() == Some(&*project.project));
                prop_assert_eq!(facts(&project.totals), sum(of));
            }
            for model in &organization.models {
                let of = own
                    .iter()
                    .copied()
                    .copied()
                    .filter(|record| row(record) == &*model.model);
                prop_assert_eq!(facts(&model.totals), sum(of));
            }
        }
        Ok(())
    }
}

fn subject((organization, project, user): (usize, usize, usize)) -> Subject {
    let subject = Subject::user(USERS[user], "t").organization(ORGANIZATIONS[organization]);
    match PROJECTS[project] {
        Some(project) => subject.project(project),
        None => subject,
    }
}

fn settle(hold: Hold, how: How) {
    match how {
        How::Reported {
            input,
            output,
            cached,
            reasoning,
        } => {
            let mut usage = Usage::new(input, output);
            usage.cached_input_tokens = cached;
            usage.reasoning_tokens = reasoning;
            hold.settle(usage);
        }
        How::Counted(input, output) => hold.settle_as(Outcome::Counted(Usage::new(input, output))),
        How::NothingRan => hold.release(),
        How::Dropped => drop(hold),
    }
}

fn answer(id: &str, usage: Option<(u64, u64)>) -> Value {
    let usage = usage.map(|(input, output)| {
        json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
    });
    json!({
        "id": id, "object": "response", "background": true, "model": "gpt-5", "output": [], "usage": usage,
    })
}

/// The row of the report that a record is summed in: invented names that ran nothing have none of their own.
fn row(record: &UsageRecord) -> &str {
    let is_invented =
        record.unpriced.contains(Part::Model) && model::facts(&record.model).is_none();
    if is_invented && record.basis == Basis::NothingRan {
        "other"
    } else {
        &record.model
    }
}

/// Calls, input, output, cost, unreconciled.
type Facts = [i128; 5];

fn facts(totals: &Totals) -> Facts {
    [
        totals.calls,
        totals.input_tokens,
        totals.output_tokens,
        totals.cost.nanos(),
        totals.unreconciled.nanos(),
    ]
    .map(i128::from)
}

fn sum<'a>(records: impl Iterator<Item = &'a Arc<UsageRecord>>) -> Facts {
    let mut sum = [0; 5];
    for record in records {
        let cost = record.cost.nanos();
        let unreconciled = if record.basis == Basis::Unreconciled {
            cost
        } else {
            0
        };
        let (usage, calls) = (&record.usage, u64::from(record.replaces.is_none()));
        let added = [
            calls,
            usage.input_tokens,
            usage.output_tokens,
            cost,
            unreconciled,
        ];
        let replaced = record.replaces.map_or([0; 5], |was| {
            let cost = was.cost.nanos();
            [
                0,
                was.usage.input_tokens,
                was.usage.output_tokens,
                cost,
                cost,
            ]
        });
        for ((sum, added), replaced) in sum.iter_mut().zip(added).zip(replaced) {
            *sum += i128::from(added) - i128::from(replaced);
        }
    }
    sum
}

fn play(ops: Vec<Op>, hold_life: Duration) -> Result<(), TestCaseError> {
    run(async {
        let mut world = World::new(hold_life);
        for op in ops {
            world.apply(op).await;
            if !world.has_expired_holds() {
                world.check_counters()?;
            }
            world.check_report().await?;
        }
        // Whatever is still open: nobody knows what it used.
        while !world.holds.is_empty() {
            world.apply(Op::Settle(0, How::Dropped)).await;
        }
        world.check_counters()?;
        world.check_report().await
    })
}

proptest! {
    #![proptest_config(support::cases(96))]

    #[test]
    fn usage_records_add_up_to_what_is_used_on_every_counter(ops in prop::collection::vec(op(), 1..60)) {
        play(ops, Duration::from_secs(30 * 24 * 3600))?;
    }

    #[test]
    fn they_do_where_holds_expire_before_they_are_settled(ops in prop::collection::vec(op(), 1..60)) {
        play(ops, Duration::from_secs(3600))?;
    }
}
