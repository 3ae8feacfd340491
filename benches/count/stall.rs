//! Whether large calls keep small ones waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::calls::{quota, service};
use crate::chat::request;
use crate::texts::{self, LOWER, characters};

const CALLS: u64 = 8;
const SIZE: usize = 4 << 20;
const ROUNDS: usize = 5;
const TICK: Duration = Duration::from_millis(1);

pub(crate) fn table() {
    println!(
        "| eight calls of 4 MB on two threads | lateness of a tick each millisecond, 99.9th percentile | of the same while the counting thread spins |"
    );
    println!("| --- | --- | --- |");
    row("prose", |seed| texts::prose(SIZE, seed));
    row("random letters", |seed| characters(&LOWER, SIZE, seed));
}

fn row(kind: &str, text: fn(u64) -> String) {
    let bodies: Vec<Bytes> = (0..CALLS).map(|seed| body(&text(seed))).collect();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (mut busy, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (late, took) = counting(&runtime, &bodies);
        busy.extend(late);
        idle.extend(spinning(&runtime, took));
    }
    let (busy, idle) = (percentile(busy), percentile(idle));
    println!(
        "| {kind} | {busy:.2?} | {:.2} ({idle:.2?}) |",
        busy.as_secs_f64() / idle.as_secs_f64()
    );
}

fn body(text: &str) -> Bytes {
    let body =
        serde_json::json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]});
    Bytes::from(body.to_string())
}

/// How late ticks come while the calls are under way, and how long those take.
fn counting(runtime: &Runtime, bodies: &[Bytes]) -> (Vec<Duration>, Duration) {
    let quota = quota(1 << 20);
    runtime.block_on(async {
        let begin = Instant::now();
        let ticks = Ticks::begin();
        let calls = bodies.iter().map(|body| {
            let (service, request) = (service(quota.clone()), request(body.clone()));
            tokio::spawn(async move {
                let response = service.oneshot(request).await.unwrap();
                assert_eq!(response.status(), 200);
                drop(response.into_body().collect().await);
            })
        });
        for call in Vec::from_iter(calls) {
            call.await.unwrap();
        }
        let took = begin.elapsed();
        (ticks.end().await, took)
    })
}

/// How late ticks come while as many threads as count at once spin for as long.
fn spinning(runtime: &Runtime, time: Duration) -> Vec<Duration> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) / 2;
    runtime.block_on(async {
        let ticks = Ticks::begin();
        let spin = move || {
            let begin = Instant::now();
            while begin.elapsed() < time {
                std::hint::spin_loop();
            }
        };
        let spins: Vec<_> = (0..threads.max(1))
            .map(|_| tokio::task::spawn_blocking(spin))
            .collect();
        for spin in spins {
            spin.await.unwrap();
        }
        ticks.end().await
    })
}

/// A task that notes how late it is each millisecond.
struct Ticks {
    over: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Ticks {
    fn begin() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = over.clone();
        let task = tokio::spawn(async move {
            let mut late = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let due = Instant::now() + TICK;
                tokio::time::sleep_until(due.into()).await;
                late.push(due.elapsed());
            }
            late
        });
        Self { over, task }
    }

    async fn end(self) -> Vec<Duration> {
        self.over.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

fn percentile(mut late: Vec<Duration>) -> Duration {
    late.sort();
    late[late.len() * 999 / 1000]
}
