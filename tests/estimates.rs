//! What is reserved where a call's size is not known: what such calls usually take, learned from what comes back.
#![allow(clippy::unwrap_used)]

mod support;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use support::watch::Events;
use support::{Provider, Read, alice, call, generous, limit, metered, post, quota, status};
use tower::Layer;
use tower_token_quota::api::{
    Api, Call, Canned, Invalid, Medium, MediumKind, ModelSite, Tally, Target, Text, path_ends_with,
};
use tower_token_quota::count::media_tokens;
use tower_token_quota::policy::{OpaqueInput, OutputCap, Period, ReserveOutput, Unit, Window};
use tower_token_quota::reject::{Fields, LimitView};
use tower_token_quota::store::Balance;
use tower_token_quota::watch::Event;
use tower_token_quota::{Forecast, Limit, Quota, Tier, TokenQuotaLayer};

const RESPONSES: &str = "/v1/responses";

/// A tier with generous limits that reserves what is typical.
fn typical() -> Tier {
    generous()
        .reserve_output(ReserveOutput::Typical)
        .default_output_tokens(100)
}

/// A quota, and what happens to it.
fn watched(tier: Tier) -> (Quota, Events) {
    let events = Events::default();
    (quota(tier).observer(events.clone()), events)
}

/// Alice's call of a model with a cap on its output.
async fn ask(quota: &Quota, provider: &Provider, model: &str, cap: u64) -> Read {
    let body = json!({
        "model": model, "max_completion_tokens": cap, "messages": [{"role": "user", "content": "Hi"}],
    });
    send(quota, provider, support::PATH, &body).await
}

async fn send(quota: &Quota, provider: &Provider, path: &str, body: &Value) -> Read {
    call(&metered(quota, provider), post(path, body.to_string())).await
}

/// What the last admitted call reserved: input and output.
fn reserved(events: &Events) -> (u64, u64) {
    let admitted = events.take().into_iter().filter_map(|event| match event {
        Event::Admitted {
            input_tokens,
            output_tokens,
            ..
        } => Some((input_tokens, output_tokens)),
        _ => None,
    });
    admitted.last().expect("an admitted call")
}

/// An answer of OpenAI's Responses with this usage.
fn response(input: u64, output: u64) -> Provider {
    Provider::new(move |_| {
        let body = json!({
            "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4.1",
            "output": [], "usage": {
                "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
            },
        });
        Ok(support::provider::json_answer(200, &body))
    })
}

fn searching() -> Value {
    json!({"model": "gpt-4.1", "input": "Hi", "tools": [{"type": "web_search"}]})
}

#[tokio::test]
async fn a_cap_that_is_far_larger_than_what_is_typical_does_not_block_real_traffic() {
    let (quota, events) = watched(typical().limit(Limit::tokens(5_000).per_minute().id("tpm")));
    let provider = Provider::using(8, 300);
    // Nothing is learned yet: the tier's default stands in.
    for _ in 0..8 {
        let answer = ask(&quota, &provider, "gpt-4.1", 32_000).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(reserved(&events).1, 100);
    }
    assert_eq!(limit(&quota, "tokens").used, 8 * 308);
}

#[tokio::test]
async fn what_is_typical_is_learned_from_what_comes_back_and_the_rest_is_debt() {
    let (quota, events) = watched(typical());
    let usual = Provider::using(8, 300);
    for _ in 0..20 {
        ask(&quota, &usual, "gpt-4.1", 32_000).await;
    }
    ask(&quota, &usual, "gpt-4.1", 32_000).await;
    let (_, output) = reserved(&events);
    assert!((300..=357).contains(&output), "{output}");
    // Another model has another habit, and a cap that is near is kept.
    ask(&quota, &usual, "gpt-4o", 32_000).await;
    assert_eq!(reserved(&events).1, 100);
    ask(&quota, &usual, "gpt-4.1", 1_200).await;
    assert_eq!(reserved(&events).1, 1_200);
    let before = limit(&quota, "output").used;
    ask(&quota, &Provider::using(8, 9_000), "gpt-4.1", 32_000).await;
    assert_eq!(limit(&quota, "output").used, before + 9_000);
}

#[tokio::test]
async fn a_call_that_leaves_it_open_books_its_whole_bound_and_not_what_is_typical() {
    let quota = quota(typical());
    let silent = Provider::new(|_| Ok(support::provider::json_answer(504, &json!({}))));
    ask(&quota, &silent, "gpt-4.1", 16_000).await;
    assert_eq!(limit(&quota, "output").used, 16_000);
    assert_eq!(limit(&quota, "output").held, 0);
    assert_eq!(
        limit(&quota, "bucket").used,
        108,
        "a rate is not filled for hours"
    );
}

#[tokio::test]
async fn an_enforced_cap_is_written_whatever_is_typical() {
    let (quota, events) = watched(
        typical()
            .output_cap(OutputCap::Enforce)
            .max_output_tokens(4_000),
    );
    let provider = Provider::using(8, 10);
    ask(&quota, &provider, "gpt-4.1", 32_000).await;
    let body: Value = serde_json::from_slice(&provider.last().body).unwrap();
    assert_eq!(body["max_completion_tokens"], 4_000);
    assert_eq!(reserved(&events).1, 100);
}

#[tokio::test]
async fn a_tokenizer_that_is_not_public_is_corrected_by_what_comes_back() {
    let (quota, events) = watched(generous());
    let body = json!({
        "model": "llama-4-maverick", "max_completion_tokens": 10,
        "messages": [{"role": "user", "content": " hello".repeat(1_000)}],
    });
    send(&quota, &Provider::using(1_300, 5), support::PATH, &body).await;
    let (first, _) = reserved(&events);
    for _ in 0..40 {
        send(&quota, &Provider::using(1_300, 5), support::PATH, &body).await;
    }
    let (learned, _) = reserved(&events);
    assert!(
        first < 1_100 && (1_290..=1_330).contains(&learned),
        "{first} {learned}"
    );
    // A provider that bills without measure moves it to twice the estimate, and no further.
    for _ in 0..200 {
        send(&quota, &Provider::using(9_999, 5), support::PATH, &body).await;
    }
    let (most, _) = reserved(&events);
    assert!((19 * first / 10..=2 * first).contains(&most), "{most}");
}

#[tokio::test]
async fn openais_own_tokenizer_is_not_doubted() {
    let (quota, events) = watched(generous());
    let body = json!({
        "model": "gpt-4.1", "max_completion_tokens": 10,
        "messages": [{"role": "user", "content": " hello".repeat(1_000)}],
    });
    for _ in 0..40 {
        send(&quota, &Provider::using(1_900, 5), support::PATH, &body).await;
        assert_eq!(reserved(&events).0, 1_007);
    }
}

#[tokio::test]
async fn what_a_hosted_tool_hides_is_reserved_by_a_guess_and_then_by_what_was_learned() {
    let (quota, events) = watched(generous().opaque_input(OpaqueInput::Learned));
    send(
        &quota,
        &response(12, 30),
        RESPONSES,
        &json!({"model": "gpt-4.1", "input": "Hi"}),
    )
    .await;
    let (visible, _) = reserved(&events);
    send(&quota, &response(2_000, 30), RESPONSES, &searching()).await;
    let (guessed, _) = reserved(&events);
    assert!(guessed > visible + 8_000, "{guessed}");
    for _ in 0..21 {
        send(&quota, &response(2_000, 30), RESPONSES, &searching()).await;
    }
    let (learned, _) = reserved(&events);
    assert!((2_000..=2_400).contains(&learned), "{learned}");
    // Calls that hide nothing are reserved as before.
    send(
        &quota,
        &response(12, 30),
        RESPONSES,
        &json!({"model": "gpt-4.1", "input": "Hi"}),
    )
    .await;
    assert_eq!(reserved(&events).0, visible);
}

#[tokio::test]
async fn what_others_hid_locks_nobody_out_of_calls_that_could_fit() {
    let tier = generous().limit(Limit::tokens(100_000).per_day().id("small"));
    let (quota, events) = watched(tier);
    for _ in 0..30 {
        // Alice's own calls: each makes a debt, which is forgiven for the next.
        send(&quota, &response(700_000, 30), RESPONSES, &searching()).await;
        for id in ["small", "tokens", "input", "bucket"] {
            let reset = tower_token_quota::store::Adjustment::Reset;
            quota.adjust(&alice(), id, None, reset).await.unwrap();
        }
    }
    events.take();
    let answer = send(&quota, &response(900, 30), RESPONSES, &searching()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(reserved(&events).0 <= 100_000);
}

#[tokio::test]
async fn a_forecast_agrees_with_what_is_reserved() {
    let lines = [
        include_str!("fixtures/recorded/openai.jsonl"),
        include_str!("fixtures/recorded/anthropic.jsonl"),
        include_str!("fixtures/recorded/gemini.jsonl"),
    ];
    let mut compared = 0;
    for line in lines.iter().flat_map(|recorded| recorded.lines()) {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let (path, body) = (exchange["path"].as_str().unwrap(), &exchange["request"]);
        let Ok(forecast) = Forecast::of_request(path, &body.to_string()) else {
            continue;
        };
        let tier = Tier::new("t").limit(Limit::tokens(1 << 40).per_day().id("tokens"));
        let (quota, events) = watched(tier);
        send(&quota, &Provider::using(1, 1), path, body).await;
        let (input, output) = reserved(&events);
        assert_eq!(output, forecast.estimate.output_tokens, "{path}");
        if forecast.opaque.is_none() {
            compared += 1;
            assert_eq!(input, forecast.estimate.input_tokens, "{path}");
        }
    }
    assert!(compared > 200, "{compared}");
}

#[tokio::test]
async fn the_whole_context_is_reserved_for_an_opaque_call_where_the_tier_says_so() {
    let tier = Tier::new("t")
        .limit(Limit::tokens(2_000_000).per_day().id("tokens"))
        .opaque_input(OpaqueInput::ReserveContext);
    let (quota, events) = watched(tier);
    send(&quota, &response(2_000, 30), RESPONSES, &searching()).await;
    assert_eq!(reserved(&events).0, 1_047_576);
    assert_eq!(limit(&quota, "tokens").used, 2_030);
    // Of a model that nobody knows, the largest that any has.
    let body = json!({"model": "gpt-9", "input": "Hi", "previous_response_id": "resp_1"});
    send(&quota, &response(2_000, 30), RESPONSES, &body).await;
    assert!(reserved(&events).0 >= 1_047_576);
}

#[tokio::test]
async fn p2_an_opaque_call_is_refused_where_the_tier_says_so_and_nothing_is_charged() {
    let (quota, events) = watched(generous().opaque_input(OpaqueInput::Reject));
    let provider = response(2_000, 30);
    let refused = send(&quota, &provider, RESPONSES, &searching()).await;
    refused.is_refused(403, "opaque_input");
    assert!(refused.text().contains("the provider runs a tool"));
    assert_eq!(events.words(), ["refused opaque_input"]);
    assert!(status(&quota, &alice()).iter().all(|limit| limit.used == 0));
    let body = json!({"model": "gpt-4.1", "input": "Hi"});
    let answer = send(&quota, &provider, RESPONSES, &body).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// A call of Anthropic's that may ask another model for advice.
fn advised(by: &str) -> Value {
    json!({
        "model": "claude-haiku-4-5", "max_tokens": 10,
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"type": "advisor_20260301", "name": "advisor", "model": by}],
    })
}

#[tokio::test]
async fn p2_a_model_that_a_tool_asks_has_to_be_in_the_tier() {
    let quota = quota(generous().models(["claude-haiku-*"]));
    let provider = Provider::new(|_| {
        let body = json!({
            "type": "message", "content": [], "usage": {"input_tokens": 20, "output_tokens": 3},
        });
        Ok(support::provider::json_answer(200, &body))
    });
    let refused = send(&quota, &provider, "/v1/messages", &advised("claude-opus-5")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused
            .text()
            .contains("`claude-opus-5` is not in the tier")
    );
    assert!(status(&quota, &alice()).iter().all(|limit| limit.used == 0));
    let allowed = advised("claude-haiku-5-5");
    let answer = send(&quota, &provider, "/v1/messages", &allowed).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(limit(&quota, "tokens").used, 23);
}

/// An API into whose requests nobody can write a cap: `POST /ask` with a bare text.
#[derive(Debug)]
struct Bare;

impl Api for Bare {
    fn name(&self) -> &'static str {
        "bare"
    }

    fn recognises(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && path_ends_with(path, &["ask"])
    }

    fn read(&self, _target: &Target<'_>, body: &str) -> Result<Call, Invalid> {
        let mut call = Call::new("gpt-4.1", ModelSite::Nowhere);
        call.input.texts.push(Text::Owned(body.into()));
        call.output.cap = Some(9_000);
        Ok(call)
    }

    fn tally(&self, _document: &str, _tally: &mut Tally) {}
}

#[tokio::test]
async fn nothing_is_enforced_where_an_api_can_write_no_cap_and_the_whole_bound_is_reserved() {
    let tier = generous()
        .output_cap(OutputCap::Enforce)
        .max_output_tokens(500);
    let (quota, events) = watched(tier);
    let provider = Provider::using(8, 10);
    let layer = TokenQuotaLayer::new(quota.clone(), support::by_header()).api(Bare);
    let answer = call(&layer.layer(provider.clone()), post("/Ask", "Hi")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(provider.last().body, "Hi");
    assert_eq!(reserved(&events).1, 9_000);
    // OpenAI's compaction takes no cap either.
    let body = json!({"model": "gpt-4.1", "input": "Hi", "max_output_tokens": 16});
    send(&quota, &provider, "/v1/responses/compact", &body).await;
    assert_eq!(provider.last().json(), body);
    assert_eq!(reserved(&events).1, 500);
}

#[test]
fn an_api_of_ones_own_can_be_tested_without_the_layer() {
    let asked = Bare.read(&Target::new("/ask", None), "Hi").unwrap();
    assert!(!Bare.writes_cap(&asked));
    let canned = Canned::new("Later.", "id", 0);
    assert_eq!(Bare.canned(&asked, "gpt-4.1", &canned).1, "Later.");
    let balance = Balance {
        used: 1,
        amount: 10,
        ..Balance::default()
    };
    let day = Window::Calendar(Period::Day);
    let limits = [LimitView::new("daily", Unit::Tokens, day, balance, 0)];
    let (mut fields, mut headers) = (Fields::default(), HeaderMap::new());
    Bare.limit_headers(&limits, &mut fields);
    fields.insert_into(&mut headers);
    assert_eq!(headers["x-ratelimit-remaining-tokens"], "9");
    let image = Medium::unknown(MediumKind::Image);
    assert_eq!(media_tokens("gpt-4o", &[image]), 1_445);
}
