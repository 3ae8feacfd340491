//! Walks one hot path so many times: `instructions PATH ROUNDS`. Without arguments it lists the paths.
//!
//! `scripts/instructions` runs it under callgrind, which counts what happens inside of [`measured`] and nothing else.
//! Texts and the time are the same in every run; what is left to chance are the keys of hash maps.

#[path = "../../support/chat.rs"]
mod chat;
#[path = "../../support/prose.rs"]
mod prose;

use std::env;
use std::hint::black_box;
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::runtime;
use tower::{Layer, Service, service_fn};
use tower_token_quota::api::openai_chat::OpenAiChat;
use tower_token_quota::api::{Api, Target};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::model::Encoding;
use tower_token_quota::{Demand, Quota, Subject, TokenQuotaLayer, Usage, count, identify};

use chat::{PATH, alice, answer, four_limits, request};
use prose::Prose;

const BODY: usize = 2 << 10;

/// Rounds before those that count: tables are built then, and caches filled.
const UNCOUNTED: usize = 10;

type HotPath = (&'static str, fn(usize));

const PATHS: [HotPath; 4] = [
    ("parse and estimate", parse_and_estimate),
    ("count, fresh text", count_fresh),
    ("reserve and settle, four limits in memory", decide),
    ("a call through the layer, known text", call_layer),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let asked = match &arguments[..] {
        [] => {
            PATHS.iter().for_each(|(name, _)| println!("{name}"));
            return ExitCode::SUCCESS;
        }
        [name, rounds] => PATHS
            .iter()
            .find(|(path, _)| path == name)
            .zip(rounds.parse().ok()),
        _ => None,
    };
    let Some(((_, walk), rounds)) = asked else {
        eprintln!("usage: instructions [PATH ROUNDS]");
        return ExitCode::FAILURE;
    };
    // The layer's deadlines need a runtime to be made, though none of them is ever waited for.
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let _inside = runtime.enter();
    walk(rounds);
    ExitCode::SUCCESS
}

/// What is counted. Callgrind knows it by its name.
#[inline(never)]
fn measured(rounds: usize, round: &mut dyn FnMut()) {
    for _ in 0..rounds {
        round();
    }
}

fn walk(rounds: usize, mut round: impl FnMut()) {
    for _ in 0..UNCOUNTED {
        round();
    }
    measured(rounds, &mut round);
}

fn parse_and_estimate(rounds: usize) {
    let body = Prose::new(1).chat(BODY);
    walk(rounds, || {
        black_box(estimate(&body));
    });
}

fn count_fresh(rounds: usize) {
    let mut prose = Prose::new(2);
    let texts: Vec<String> = (0..rounds + UNCOUNTED).map(|_| prose.text(BODY)).collect();
    let mut texts = texts.iter();
    let encoding = Encoding::O200k;
    walk(rounds, || {
        let text = texts.next().expect("a text for each round");
        black_box(count::count_text(encoding, text));
    });
}

fn decide(rounds: usize) {
    let quota = quota();
    let subject = alice();
    walk(rounds, || {
        let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
        let hold = at_once(quota.reserve(&subject, demand)).expect("room in every limit");
        hold.settle(Usage::new(400, 3));
    });
}

fn call_layer(rounds: usize) {
    // Else the layer has a thread do it, and what that does meanwhile is counted too.
    count::warm_up();
    let body = Bytes::from(Prose::new(3).chat(BODY));
    let layer = TokenQuotaLayer::new(quota(), identify::extension::<Subject>());
    let mut service = layer.layer(service_fn(answer));
    walk(rounds, || {
        let Ok(response) = at_once(service.call(request(body.clone())));
        assert!(response.status().is_success());
        black_box(at_once(response.into_body().collect()).is_ok());
    });
}

fn estimate(body: &str) -> u64 {
    let read = OpenAiChat.read(&Target::new(PATH, None), body);
    let read = read.expect("a request that can be read");
    let counted = count::input_tokens(&OpenAiChat, "gpt-4o", &read.input, body);
    counted.total()
}

fn quota() -> Quota {
    let policy = four_limits().build().expect("a policy");
    Quota::new(policy).clock(FakeClock::at("2026-11-21T09:00:00Z"))
}

/// What a future has to say that does not wait.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
