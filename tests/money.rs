//! Limits in dollars, end to end: charged at the most that a call can cost, booked at what it did, to the nano-dollar.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use support::{Provider, Read, alice, call, limit, metered, post};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::{OpaqueInput, OutputCap, PolicyBuilder, Unpriced};
use tower_token_quota::prices::Price;
use tower_token_quota::watch::Event;
use tower_token_quota::{
    Demand, Limit, Policy, Quota, RejectionKind, ServiceTier, Subject, Tier, Usage, Usd,
};

fn usd(amount: &str) -> Usd {
    amount.parse().unwrap()
}

/// Of the service's tiers only the default one: what a request may be billed at is then plain to see.
fn quota(policy: PolicyBuilder) -> Quota {
    let policy = policy
        .price(
            "gpt-4o",
            Price::per_million("2.50", "10")
                .unwrap()
                .cached("1.25")
                .unwrap(),
        )
        .price("gpt-4o-mini", Price::per_million("0.15", "0.60").unwrap());
    Quota::new(policy.build().unwrap()).clock(FakeClock::at(support::NOON))
}

/// A tier `t` with so many dollars a month for each user.
fn monthly(amount: &str) -> Tier {
    Tier::new("t").limit(Limit::usd(usd(amount)).per_month().id("budget"))
}

fn of(tier: Tier) -> Quota {
    quota(Policy::new().tier(tier))
}

async fn chat(quota: &Quota, provider: &Provider, model: &str, cap: u64) -> Read {
    let body = json!({
        "model": model, "max_completion_tokens": cap, "messages": [{"role": "user", "content": "Hi"}],
    });
    send(quota, provider, &body).await
}

async fn send(quota: &Quota, provider: &Provider, body: &Value) -> Read {
    call(
        &metered(quota, provider),
        post(support::PATH, body.to_string()),
    )
    .await
}

fn used(quota: &Quota) -> Usd {
    Usd::from_nanos(limit(quota, "budget").used)
}

#[tokio::test]
async fn a_call_is_booked_at_its_price_to_the_nano_dollar() {
    let quota = of(monthly("1"));
    let hold = quota.reserve(
        &alice(),
        Demand::new("gpt-4o").input_tokens(1_000).output_tokens(500),
    );
    let mut usage = Usage::new(1_000, 500);
    usage.cached_input_tokens = 400;
    hold.await.unwrap().settle(usage);
    assert_eq!(used(&quota), usd("0.007"));
    let demand = Demand::new("claude-sonnet-4-5")
        .input_tokens(6_000)
        .output_tokens(100);
    let mut usage = Usage::new(6_000, 100);
    usage.cache_write_tokens = 2_000;
    usage.cached_input_tokens = 3_000;
    quota.reserve(&alice(), demand).await.unwrap().settle(usage);
    assert_eq!(used(&quota), usd("0.0199"));
}

#[tokio::test]
async fn the_most_that_a_call_can_cost_is_held_while_it_is_under_way() {
    let quota = of(monthly("1"));
    let demand = Demand::new("gpt-4o")
        .input_tokens(1_000_000)
        .output_tokens(1);
    let refused = quota.reserve(&alice(), demand).await.unwrap_err();
    assert_eq!(refused.kind, RejectionKind::NeverFits);
    assert!(
        refused
            .message
            .contains("$1.00 allowed, $0.00 used, $0.00 held"),
        "{refused}"
    );
    let hold = quota.reserve(
        &alice(),
        Demand::new("gpt-4o").input_tokens(1_000).output_tokens(500),
    );
    let hold = hold.await.unwrap();
    let held = Usd::from_nanos(limit(&quota, "budget").held);
    assert!(held >= usd("0.0075"), "{held}");
    drop(hold);
    // Nobody knows what it used: all of it is booked.
    assert_eq!((used(&quota), limit(&quota, "budget").held), (held, 0));
}

#[tokio::test]
async fn a_call_is_checked_against_its_projects_and_its_organizations_budget_in_one_step() {
    let policy = Policy::new()
        .tier(Tier::new("t"))
        .organization_limit(Limit::usd(usd("1000")).per_month().id("org"))
        .project("api", [Limit::usd(usd("500")).per_month().id("api")])
        .project("batch", [Limit::usd(usd("300")).per_month().id("batch")])
        .price("m", Price::per_million("1000000", "1000000").unwrap());
    let quota = quota(policy);
    let spend = async |project: &str, dollars: u64| {
        let subject = Subject::user("alice", "t").project(project);
        let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
        let hold = quota.reserve(&subject, demand).await?;
        hold.settle(Usage::new(dollars, 0));
        Ok::<(), tower_token_quota::Rejection>(())
    };
    spend("api", 50).await.unwrap();
    let status = async |project: &str, id: &str| {
        let subject = Subject::user("alice", "t").project(project);
        let limits = quota.status(&subject).await.unwrap();
        let limit = limits.into_iter().find(|limit| &*limit.id == id).unwrap();
        Usd::from_nanos(limit.remaining)
    };
    assert_eq!(status("api", "api").await, Usd::dollars(450));
    assert_eq!(status("api", "org").await, Usd::dollars(950));
    let refused = spend("api", 451).await.unwrap_err();
    assert_eq!(refused.limit_ids(), [Arc::from("api")]);
    assert_eq!(
        status("api", "org").await,
        Usd::dollars(950),
        "nothing was charged"
    );
    let unknown = spend("other", 1).await.unwrap_err();
    assert_eq!(unknown.kind, RejectionKind::UnknownSubject);
}

#[tokio::test]
async fn p1_a_thousand_parallel_calls_do_not_pass_a_dollar() {
    let tier = monthly("1")
        .output_cap(OutputCap::Enforce)
        .opaque_input(OpaqueInput::Reject);
    let quota = of(tier);
    // It puts out all that it may.
    let provider = Provider::new(|seen| {
        let body: Value = serde_json::from_slice(&seen.body).unwrap();
        let cap = body["max_completion_tokens"].as_u64().unwrap();
        Ok(support::provider::json_answer(
            200,
            &support::provider::completion(8, cap),
        ))
    });
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (quota, provider) = (quota.clone(), provider.clone());
            tokio::spawn(async move { chat(&quota, &provider, "gpt-4o", 4_000).await.status })
        })
        .collect();
    let mut admitted = 0;
    for call in calls {
        match call.await.unwrap() {
            StatusCode::OK => admitted += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    // 8 tokens of input and 4,000 of output cost $0.04002.
    assert_eq!(admitted, 24);
    assert_eq!(used(&quota), usd("0.96048"));
    assert_eq!(limit(&quota, "budget").held, 0);
}

#[tokio::test]
async fn an_enforced_cap_is_lowered_to_what_the_budget_can_pay_for() {
    let quota = of(monthly("0.01").output_cap(OutputCap::Enforce));
    let provider = Provider::using(8, 10);
    let answer = chat(&quota, &provider, "gpt-4o", 16_384).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: Value = serde_json::from_slice(&provider.last().body).unwrap();
    // $0.01 less 8 tokens of input at $2.50 a million, at $10 a million.
    assert_eq!(body["max_completion_tokens"], 998);
}

#[tokio::test]
async fn rungs_are_priced_one_by_one_and_one_that_costs_nothing_is_never_stopped() {
    let tier = Tier::new("t")
        .limit(
            Limit::usd(usd("0.02"))
                .per_month()
                .id("budget")
                .then_downgrade(),
        )
        .ladder(["gpt-4o-mini", "gpt-free"]);
    let policy = Policy::new().tier(tier).price("gpt-free", Price::free());
    let quota = quota(policy);
    let model = |answer: &Read| answer.header("x-quota-model").to_owned();
    // gpt-4o at $10 a million of output: 1,900 fit, 2,100 do not.
    let dear = chat(&quota, &Provider::using(8, 1_900), "gpt-4o", 1_900).await;
    assert_eq!(model(&dear), "gpt-4o");
    assert_eq!(used(&quota), usd("0.01902"));
    let cheaper = chat(&quota, &Provider::using(8, 1_500), "gpt-4o", 1_500).await;
    assert_eq!(model(&cheaper), "gpt-4o-mini");
    assert_eq!(used(&quota), usd("0.0199212"));
    let free = chat(&quota, &Provider::using(8, 1_500), "gpt-4o", 1_500).await;
    assert_eq!(model(&free), "gpt-free");
    let asked = chat(&quota, &Provider::using(8, 1_500), "gpt-free", 1_500).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_eq!(used(&quota), usd("0.0199212"));
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_where_dollars_are_limited_or_counted_as_such() {
    let provider = Provider::using(8, 10);
    let refused = chat(&of(monthly("1")), &provider, "my-own-model", 10).await;
    refused.is_refused(403, "model_not_allowed");
    assert!(
        refused
            .text()
            .contains("The price of `my-own-model` is not known")
    );
    let missing = Arc::new(Mutex::new(Vec::new()));
    let noted = missing.clone();
    let policy = Policy::new().tier(monthly("1")).unpriced(Unpriced::Count);
    let counted = quota(policy).observer(move |event: &Event| {
        if let Event::Settled { cost, .. } = event {
            let parts = cost.unpriced.iter().map(|part| part.name());
            noted.lock().unwrap().extend(parts);
        }
    });
    assert_eq!(
        chat(&counted, &provider, "my-own-model", 10).await.status,
        StatusCode::OK
    );
    assert_eq!(used(&counted), Usd::ZERO);
    assert_eq!(*missing.lock().unwrap(), ["model"]);
    // A rung whose price is known is no reason to call it: no limit has refused.
    let tier = monthly("1").ladder(["gpt-4o-mini"]);
    let refused = chat(&of(tier), &provider, "my-own-model", 10).await;
    refused.is_refused(403, "model_not_allowed");
    // A dry run refuses nobody, and neither does a warning.
    for limit in [Limit::usd(usd("1")).shadow(), Limit::usd(usd("1")).soft()] {
        let dry = of(Tier::new("t").limit(limit.per_month().id("budget")));
        assert_eq!(
            chat(&dry, &provider, "my-own-model", 10).await.status,
            StatusCode::OK
        );
    }
    // Without a limit in dollars nobody asks what it costs.
    let free = of(Tier::new("t").limit(Limit::tokens(1_000).per_day().id("tokens")));
    assert_eq!(
        chat(&free, &provider, "my-own-model", 10).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_same_policy_as_a_file() {
    let policy = Policy::from_toml(
        r#"
        [organization]
        budget = { usd = "2000", per = "month" }
        [projects.web-app]
        budget = { usd = "1000", per = "month", soft = "800" }
        [projects.mobile-app]
        budget = { usd = "500", per = "month" }
        [tiers.enterprise]
        limits = [ { unit = "usd", amount = "5000", per = "month", scope = ["project"], alerts = [50, 75, 90, 100],
                     on_exhausted = { reply = "Usage limits reached; please try again later." } } ]
        [prices]
        "our-model" = { input = "0.10", output = "0.40", cached_input = "0.05" }
        "#,
    );
    let quota = Quota::new(policy.unwrap());
    let subject = Subject::user("alice", "enterprise").project("web-app");
    let limits = quota.status(&subject).await.unwrap();
    let ids: Vec<_> = limits
        .iter()
        .map(|limit| (&*limit.id, limit.scope[0]))
        .collect();
    assert_eq!(
        ids,
        [
            ("organization/usd/month", "organization"),
            ("projects.web-app/usd/month", "project"),
            ("projects.web-app/usd/month/soft", "project"),
            ("enterprise/usd/month", "project"),
        ]
    );
    let json = serde_json::to_string(&limits[2]).unwrap();
    assert!(
        json.contains(r#""unit":"usd""#) && json.contains(r#""amount":800,"#),
        "{json}"
    );
    let hold = quota.reserve(
        &subject,
        Demand::new("our-model").input_tokens(3).output_tokens(7),
    );
    hold.await.unwrap().settle(Usage::new(3, 7));
    let json = serde_json::to_string(&quota.status(&subject).await.unwrap()[0]).unwrap();
    assert!(json.contains(r#""used":0.0000031,"#), "{json}");
}

#[tokio::test]
async fn headers_tell_whole_micro_dollars() {
    let quota = of(monthly("0.5"));
    let answer = chat(&quota, &Provider::using(8, 10), "gpt-4o-mini", 10).await;
    let policy = answer.header("ratelimit-policy");
    assert!(
        policy.contains(r#""budget";q=500000;"#) && policy.contains(r#"qu="micro-usd""#),
        "{policy}"
    );
    assert!(
        answer
            .header("ratelimit")
            .starts_with(r#""budget";r=49999"#)
    );
}

/// What a call would reserve, as the refusal of one that can never fit tells it.
async fn reserved(policy: &str, path: &str, body: &Value) -> Usd {
    let policy = format!(
        "{policy}\n[tiers.t]\nlimits = [ {{ unit = 'usd', amount = '0.000000001', per = 'month' }} ]"
    );
    let quota = Quota::new(Policy::from_toml(&policy).unwrap());
    let layer = metered(&quota, &Provider::using(8, 10));
    let refused = call(&layer, post(path, body.to_string())).await;
    let (before, _) = refused.text().split_once(" asked").unwrap();
    usd(before.rsplit_once('$').unwrap().1)
}

#[tokio::test]
async fn the_service_tier_that_the_request_or_the_policy_names_is_reserved_for_and_else_the_dearest()
 {
    let call = |tier: Value| {
        json!({
            "model": "gpt-4o", "max_completion_tokens": 100, "service_tier": tier,
            "messages": [{"role": "user", "content": "Hi"}],
        })
    };
    let reserved =
        async |policy: &str, tier: Value| reserved(policy, support::PATH, &call(tier)).await;
    // 8 tokens of input and 100 of output, at $2.50 and $10 a million, or with priority at $4.25 and $17.
    let (usual, dearest) = (usd("0.00102"), usd("0.001734"));
    for unsaid in [json!(null), json!("auto")] {
        assert_eq!(reserved("", unsaid.clone()).await, dearest);
        assert_eq!(
            reserved("service_tier = 'default'", unsaid.clone()).await,
            usual
        );
        assert_eq!(
            reserved("service_tier = 'flex'", unsaid.clone()).await,
            usual
        );
        assert_eq!(reserved("service_tier = 'priority'", unsaid).await, dearest);
    }
    for policy in ["", "service_tier = 'default'", "service_tier = 'priority'"] {
        assert_eq!(reserved(policy, json!("default")).await, usual);
        assert_eq!(reserved(policy, json!("priority")).await, dearest);
        assert_eq!(reserved(policy, json!("a tier of tomorrow")).await, dearest);
    }
    let wrong = Policy::from_toml("service_tier = 'gold'\n[tiers.t]").unwrap_err();
    assert_eq!(wrong.line(), Some(1));
}

#[tokio::test]
async fn a_demand_that_names_no_service_tier_has_the_policys() {
    let tier = Tier::new("t").limit(Limit::usd(usd("0.000000001")).per_month());
    let asked = async |policy: PolicyBuilder| {
        let quota = Quota::new(policy.tier(tier.clone()).build().unwrap());
        let demand = Demand::new("gpt-4o")
            .input_tokens(1_000_000)
            .output_tokens(0);
        let refused = quota.reserve(&alice(), demand).await.unwrap_err();
        Usd::from_nanos(refused.limits[0].asked)
    };
    assert_eq!(asked(Policy::new()).await, usd("4.25"));
    let usual = Policy::new().service_tier(ServiceTier::Default);
    assert_eq!(asked(usual).await, usd("2.50"));
}

#[tokio::test]
async fn writing_to_a_cache_is_reserved_for_where_the_request_marks_it() {
    let call = |mark: Value| {
        let mut text = json!({"type": "text", "text": "You are a cat."});
        if !mark.is_null() {
            text["cache_control"] = mark;
        }
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 0, "system": [text],
            "messages": [{"role": "user", "content": "Hi"}],
        })
    };
    let reserved = async |mark: Value| reserved("", "/v1/messages", &call(mark)).await.nanos();
    // A million tokens are $3; written to the cache $3.75, and $6 for an hour.
    let plain = reserved(json!(null)).await;
    let tokens = plain / 3_000;
    assert!(tokens > 0 && plain == tokens * 3_000);
    assert_eq!(reserved(json!({"type": "ephemeral"})).await, tokens * 3_750);
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(reserved(hour).await, tokens * 6_000);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_billed_in_the_tier_that_was_asked_for() {
    let policy = Policy::new().tier(monthly("1"));
    // With the prices that come with the crate, which know tiers.
    let quota = Quota::new(policy.build().unwrap()).clock(FakeClock::at(support::NOON));
    let says = support::provider::streams_then(
        vec![support::provider::says("Hello")],
        support::body::Step::Break("gone"),
    );
    let body = json!({
        "model": "gpt-4o", "stream": true, "service_tier": "priority",
        "messages": [{"role": "user", "content": "Hi"}],
    });
    let service = metered(&quota, &says);
    let request = post(support::PATH, body.to_string());
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();
    let _broken = http_body_util::BodyExt::collect(response.into_body()).await;
    // 8 tokens at $4.25 and 1 at $17 a million.
    assert_eq!(used(&quota), usd("0.000051"));
}
