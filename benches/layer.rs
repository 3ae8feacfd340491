//! What the layer costs a request, and what that cost is made of.
//!
//! `cargo bench --bench layer` prints, for chat requests of 2 KB and of 32 KB that nobody has sent before: the bare service, the
//! same service with the layer, and the layer's parts, each measured by itself in the same run, with what is left. What is measured is
//! the processor time of this process. Ratios within one run are what to compare; the nanoseconds are this machine's.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "support/chat.rs"]
mod chat;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/prose.rs"]
mod prose;

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_token_quota::api::openai_chat::OpenAiChat;
use tower_token_quota::api::{Api, Call, Edit, Target, splice};
use tower_token_quota::{Demand, Quota, Subject, TokenQuotaLayer, Usage, count, identify};

use chat::{PATH, alice, answer, four_limits, request};
use measure::time_of_call;
use prose::Prose;

const SAMPLES: usize = 61;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    count::warm_up();
    println!("| body | what | time | of the layer's cost |");
    println!("| --- | --- | --- | --- |");
    for bytes in [2 << 10, 32 << 10] {
        print(bytes).await;
    }
}

async fn print(bytes: usize) {
    let mut bodies = Bodies(Prose::new(1), bytes);
    let quota = Quota::new(four_limits().build().unwrap());
    let layer = TokenQuotaLayer::new(quota.clone(), identify::extension::<Subject>());
    let bare = bodies.call(service_fn(answer)).await;
    let layered = bodies.call(layer.layer(service_fn(answer))).await;
    let cost = layered.saturating_sub(bare);
    let parts = [
        ("parse", parse(&mut bodies).await),
        ("count", count(&mut bodies).await),
        (
            "decide and settle, four limits",
            decide(&mut bodies, &quota).await,
        ),
    ];
    let rest = cost.saturating_sub(parts.iter().map(|(_, time)| *time).sum());
    let downgrade = change(&mut bodies).await;
    let size = bytes >> 10;
    let share = |time: Duration| 100.0 * time.as_secs_f64() / cost.as_secs_f64();
    println!("| {size} KB | the bare service | {bare:.2?} | |");
    println!("| {size} KB | the service with the layer | {layered:.2?} | |");
    let others = [
        ("all else: remember counts, read the answer, …", rest),
        ("splice another model (downgrades only)", downgrade),
    ];
    for (what, time) in parts.into_iter().chain(others) {
        println!("| {size} KB | {what} | {time:.2?} | {:.1} % |", share(time));
    }
}

/// Bodies of so many bytes without end, of which no two are alike.
struct Bodies(Prose, usize);

impl Bodies {
    /// What is done with a body takes so long. What is made of the body beforehand does not count.
    async fn time<T>(&mut self, make: impl Fn(String) -> T, work: impl AsyncFnMut(T)) -> Duration {
        let Self(prose, bytes) = self;
        let calls = u32::try_from((64 << 10) / *bytes).unwrap();
        time_of_call(SAMPLES, calls, || make(prose.chat(*bytes)), work).await
    }

    /// A call through a service takes so long, its answer read to the end.
    async fn call<S, R>(&mut self, mut service: S) -> Duration
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>>,
        S::Error: Debug,
        R: BodyExt,
    {
        let call = async |body| {
            let ready = service.ready().await.unwrap();
            let response = ready.call(request(body)).await.unwrap();
            assert!(response.status().is_success());
            black_box(response.into_body().collect().await.is_ok());
        };
        self.time(Bytes::from, call).await
    }
}

fn read(body: &str) -> Call {
    OpenAiChat.read(&Target::new(PATH, None), body).unwrap()
}

async fn parse(bodies: &mut Bodies) -> Duration {
    let work = async |body: String| drop(black_box(read(&body)));
    bodies.time(|body| body, work).await
}

async fn count(bodies: &mut Bodies) -> Duration {
    let work = async |(call, body): (Call, String)| {
        black_box(count::input_tokens(
            &OpenAiChat,
            "gpt-4o",
            &call.input,
            &body,
        ));
    };
    bodies.time(|body| (read(&body), body), work).await
}

async fn decide(bodies: &mut Bodies, quota: &Quota) -> Duration {
    let work = async |subject| {
        let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
        let hold = quota.reserve(&subject, demand).await.unwrap();
        hold.settle(Usage::new(400, 3));
    };
    bodies.time(|_| alice(), work).await
}

async fn change(bodies: &mut Bodies) -> Duration {
    let mut edit = Edit::default();
    edit.model = Some("gpt-4o-mini");
    let work = async |(call, body): (Call, String)| {
        let splices = OpenAiChat.splices(&call, &body, &edit);
        drop(black_box(splice(&Bytes::from(body), splices)));
    };
    bodies.time(|body| (read(&body), body), work).await
}
