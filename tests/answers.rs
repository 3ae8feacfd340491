//! P11, admitted calls: what the headers say of the limits is what they were at the decision, on streams too.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use support::provider::{completion, json_answer, streams, usual_stream};
use support::watch::Events;
use support::{
    NOON, Provider, Read, call, chat, hello, hello_call, limit, metered, policy, post, quota,
    quota_of, stream_call,
};
use tower::ServiceExt;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::UnknownCalls;
use tower_token_quota::store::Adjustment;
use tower_token_quota::{Limit, Quota, Tier};

/// Reserves 8 + 92 tokens a call.
fn tier() -> Tier {
    Tier::new("t").default_output_tokens(92)
}

async fn ask(quota: &Quota) -> Read {
    call(&metered(quota, &Provider::using(8, 2)), hello_call()).await
}

fn slot<'r>(read: &'r Read, unit: &str) -> [&'r str; 3] {
    ["limit", "remaining", "reset"].map(|what| read.header(&format!("x-ratelimit-{what}-{unit}")))
}

#[tokio::test]
async fn p11_openais_headers_describe_requests_and_tokens() {
    let tier = tier()
        .limit(Limit::requests(60).per_minute())
        .limit(Limit::tokens(10_000).per_day());
    let answer = ask(&quota(tier)).await;
    assert_eq!(slot(&answer, "requests"), ["60", "59", "1s"]);
    assert_eq!(slot(&answer, "tokens"), ["10000", "9900", "12h0m0s"]);
}

#[tokio::test]
async fn p11_a_slot_describes_the_limit_with_the_smallest_share_left() {
    let tier = tier()
        .limit(Limit::tokens(100_000).per_day())
        .limit(Limit::tokens(1_000).per_minute())
        .limit(Limit::tokens(200).per_hour().soft())
        .limit(Limit::tokens(50).per_month().shadow());
    let answer = ask(&quota(tier)).await;
    assert_eq!(slot(&answer, "tokens"), ["1000", "900", "6s"]);

    let tied = self::tier()
        .limit(Limit::tokens(1_000).per_minute())
        .limit(Limit::tokens(10_000).per_month())
        .limit(Limit::tokens(1_000).per_day());
    let answer = ask(&quota(tied)).await;
    assert_eq!(slot(&answer, "tokens")[..2], ["1000", "900"]);
    assert_eq!(
        slot(&answer, "tokens")[2],
        "12h0m0s",
        "the longer window on a tie"
    );
}

#[tokio::test]
async fn p11_no_limit_no_header() {
    let answer = ask(&quota(tier())).await;
    assert_eq!(slot(&answer, "requests"), [""; 3]);
    assert_eq!(answer.header("ratelimit"), "");
    assert_eq!(answer.header("ratelimit-policy"), "");
    assert_eq!(answer.header("x-quota-model"), "gpt-4o-mini");
}

#[tokio::test]
async fn p11_the_ietfs_headers_name_every_limit_that_can_refuse_or_warn() {
    let tier = tier()
        .limit(Limit::requests(60).per_minute().id("rpm"))
        .limit(
            Limit::tokens(500)
                .refilled_by(7, Duration::from_secs(1))
                .id("bucket"),
        )
        .limit(Limit::tokens(10_000).per_day().id("daily"))
        .limit(Limit::input_tokens(5_000).per_month().id("monthly"))
        .limit(Limit::output_tokens(50).per_week().id("soft").soft())
        .limit(Limit::tokens(5).per_day().id("shadow").shadow())
        .limit(Limit::concurrent(3).id("at-once"));
    let answer = ask(&quota(tier)).await;
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"rpm\";q=60;w=60;qu=\"requests\", \
         \"bucket\";q=500;w=72;qu=\"tokens\", \
         \"daily\";q=10000;w=86400;qu=\"tokens\", \
         \"monthly\";q=5000;w=2592000;qu=\"input_tokens\", \
         \"soft\";q=50;w=604800;qu=\"output_tokens\", \
         \"at-once\";q=3;qu=\"concurrent-requests\""
    );
    // Saturday noon: the week ends with Sunday, the month nine and a half days later.
    assert_eq!(
        answer.header("ratelimit"),
        "\"rpm\";r=59;t=1, \
         \"bucket\";r=400;t=15, \
         \"daily\";r=9900;t=43200, \
         \"monthly\";r=4992;t=820800, \
         \"soft\";r=0;t=129600, \
         \"at-once\";r=2"
    );
    assert_eq!(answer.header("x-quota-warning"), "soft");
    assert_eq!(answer.header("x-quota-shadow"), "shadow");
}

/// The number in one limit's item of a list.
fn item(header: &str, id: &str, key: &str) -> u64 {
    let item = header
        .split(", ")
        .find(|item| item.starts_with(&format!("\"{id}\";")))
        .unwrap();
    let value = item
        .split(';')
        .find_map(|part| part.strip_prefix(&format!("{key}=")))
        .unwrap();
    value.parse().unwrap()
}

#[tokio::test]
async fn p11_headers_are_true_at_the_decision_on_answers_and_streams() {
    let limits = || {
        tier()
            .limit(Limit::requests(1_000).per_day().id("requests"))
            .limit(Limit::tokens(9_000).per_day().id("daily"))
            .limit(
                Limit::tokens(5_000)
                    .refilled_by(3, Duration::from_millis(700))
                    .id("bucket"),
            )
            .limit(Limit::concurrent(5).id("at-once"))
    };
    for stream in [false, true] {
        let clock = FakeClock::at(NOON);
        let quota = quota_of(policy(limits()), &clock);
        let provider = if stream {
            streams(usual_stream(8, 2))
        } else {
            Provider::using(8, 2)
        };
        let service = metered(&quota, &provider);
        for round in 0..20u64 {
            let asked = if stream { stream_call() } else { hello_call() };
            let response = service.clone().oneshot(asked).await.unwrap();
            // The head is here and the body is not read: nothing has been settled, nobody else has called.
            let (head, body) = response.into_parts();
            let ietf = head.headers["ratelimit"].to_str().unwrap();
            for id in ["requests", "daily", "bucket", "at-once"] {
                let now = limit(&quota, id);
                assert_eq!(item(ietf, id, "r"), now.remaining, "{id} in round {round}");
                if let Some(resets_at) = now.resets_at {
                    let wall = tower_token_quota::clock::Clock::now(&clock).wall;
                    let seconds = u64::try_from(resets_at - wall).unwrap().div_ceil(1_000_000);
                    assert_eq!(item(ietf, id, "t"), seconds, "{id} in round {round}");
                }
            }
            let remaining = head.headers["x-ratelimit-remaining-requests"]
                .to_str()
                .unwrap();
            assert_eq!(remaining, (1_000 - round - 1).to_string());
            body.collect().await.unwrap();
            clock.advance(Duration::from_millis(1_234));
        }
    }
}

#[tokio::test]
async fn p11_the_providers_own_limits_are_replaced() {
    let provider = Provider::new(|_| {
        let mut answer = json_answer(200, &completion(8, 2));
        for (name, value) in [
            ("x-ratelimit-limit-requests", "30000"),
            ("x-ratelimit-remaining-tokens", "149999984"),
            ("x-ratelimit-reset-tokens", "0s"),
            ("x-ratelimit-limit-tokens-usage-based", "5"),
            ("ratelimit", "\"theirs\";r=1"),
            ("ratelimit-policy", "\"theirs\";q=1"),
            ("anthropic-ratelimit-requests-limit", "4"),
            ("x-request-id", "req_theirs"),
            ("openai-processing-ms", "12"),
        ] {
            answer.headers_mut().append(name, value.parse().unwrap());
        }
        Ok(answer)
    });
    let quota = quota(tier().limit(Limit::tokens(1_000).per_day().id("daily")));
    let answer = call(&metered(&quota, &provider), hello_call()).await;
    assert_eq!(slot(&answer, "tokens"), ["1000", "900", "12h0m0s"]);
    assert_eq!(slot(&answer, "requests"), [""; 3]);
    assert_eq!(answer.header("ratelimit"), "\"daily\";r=900;t=43200");
    assert_eq!(answer.header("anthropic-ratelimit-requests-limit"), "");
    assert_eq!(answer.header("x-ratelimit-limit-tokens-usage-based"), "");
    assert_eq!(answer.header("x-request-id"), "req_theirs");
    assert_eq!(answer.header("openai-processing-ms"), "12");
}

#[tokio::test]
async fn p11_debt_shows_as_nothing_left() {
    let quota = quota(tier().limit(Limit::tokens(1_000).per_day().id("daily").soft()));
    let debit = Adjustment::Debit(5_000);
    quota
        .adjust(&support::alice(), "daily", None, debit)
        .await
        .unwrap();
    let answer = ask(&quota).await;
    assert_eq!(answer.header("ratelimit"), "\"daily\";r=0;t=43200");
    assert_eq!(answer.header("x-quota-warning"), "daily");
    assert_eq!(
        limit(&quota, "daily").used,
        5_010,
        "what passes a soft limit is charged"
    );
}

#[tokio::test]
async fn p11_a_soft_limit_warns_when_it_is_passed_and_not_before() {
    let events = Events::default();
    let tier = tier().limit(Limit::requests(2).per_day().id("soft").soft());
    let quota = quota(tier).observer(events.clone());
    for passed in [false, false, true, true] {
        let answer = ask(&quota).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("x-quota-warning"),
            if passed { "soft" } else { "" }
        );
        let told = events.words().contains(&"soft passed soft".to_owned());
        assert_eq!(told, passed);
    }
}

#[tokio::test]
async fn p11_a_shadow_limit_tells_what_it_would_have_refused() {
    let events = Events::default();
    let tier = tier()
        .limit(Limit::requests(1).per_day().id("dry-run").shadow())
        .limit(Limit::requests(100).per_day().id("hard"));
    let quota = quota(tier).observer(events.clone());
    for round in 0..3 {
        let answer = ask(&quota).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("x-quota-shadow"),
            if round > 0 { "dry-run" } else { "" }
        );
        let dry_run = limit(&quota, "dry-run");
        assert_eq!((dry_run.used, dry_run.would_block), (1, round));
        let told = events.words().contains(&"would block dry-run".to_owned());
        assert_eq!(told, round > 0);
    }
    assert_eq!(limit(&quota, "hard").used, 3);
}

#[tokio::test]
async fn p11_an_error_of_the_provider_carries_our_limits_too() {
    let error = serde_json::json!({"error": {"message": "slow down"}});
    let provider = Provider::new(move |_| Ok(json_answer(429, &error)));
    let quota = quota(tier().limit(Limit::tokens(1_000).per_day().id("daily")));
    let answer = call(&metered(&quota, &provider), hello_call()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("ratelimit"), "\"daily\";r=900;t=43200");
    assert_eq!(limit(&quota, "daily").used, 0);
}

fn speech() -> Request<http_body_util::Full<bytes::Bytes>> {
    post("/v1/audio/speech", "{}")
}

#[tokio::test]
async fn p11_a_call_that_is_only_counted_shows_its_limits_and_no_model() {
    let tier = tier()
        .limit(Limit::requests(2).per_day().id("requests"))
        .limit(Limit::tokens(10).per_day().id("tokens"))
        .limit(Limit::concurrent(1).id("at-once"));
    let policy = policy(tier).unknown_calls(UnknownCalls::Count);
    let quota = quota_of(policy, &FakeClock::at(NOON));
    let service = metered(&quota, &Provider::using(8, 2));
    let counted = call(&service, speech()).await;
    assert_eq!(counted.header("x-quota-model"), "");
    assert_eq!(
        counted.header("ratelimit"),
        "\"requests\";r=1;t=43200, \"at-once\";r=0"
    );
    assert_eq!(call(&service, speech()).await.status, 200);
    call(&service, speech())
        .await
        .is_refused(429, "insufficient_quota");
    assert_eq!(
        (limit(&quota, "requests").used, limit(&quota, "tokens").used),
        (2, 0)
    );
    assert_eq!(limit(&quota, "at-once").held, 0);
}

#[tokio::test]
async fn p11_a_model_whose_name_no_header_can_hold_is_not_named() {
    let service = metered(&quota(tier()), &Provider::using(8, 2));
    let evil = r#""evil\r\nx-injected: 1""#;
    let body = hello("x").to_string().replace("\"x\"", evil);
    let answer = call(&service, chat(body)).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key("x-quota-model"));
    assert!(!answer.headers.contains_key("x-injected"));
    let named = call(&service, chat(hello("my/model:1").to_string())).await;
    assert_eq!(named.header("x-quota-model"), "my/model:1");
}
