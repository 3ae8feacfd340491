//! What the layer costs a whole gateway: the example `axum_server` as its own process, with its quota and without it.
//!
//! `cargo bench --bench gateway` builds the gateway and prints a table. All gateways stand before the same upstream and
//! get the same requests from the same connections, one gateway after the other, round after round; what is compared are
//! requests per second within one round, and of these ratios the median. Clients, upstream and gateway share the machine,
//! so that what the clients and the upstream take dilutes this ratio: beside it stands the processor time that the
//! gateway alone took for each request, from `/proc`. How long a call takes is a client's time from one request to the next, with the
//! writing of its text.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "../support/chat.rs"]
mod chat;
mod compare;
mod load;
#[path = "../support/measure.rs"]
mod measure;
mod process;
#[path = "../support/prose.rs"]
mod prose;
mod upstream;

use std::fs;
use std::path::Path;

use compare::{Figures, compare};
use load::Texts;
use process::Executable;
use upstream::Upstream;

const CONNECTIONS: usize = 16;

/// The arguments of the gateway without a quota. It keeps nothing either, as a store it has all the same.
const BARE: [&str; 3] = ["--no-quota", "--store", "memory"];
const WITH_QUOTA: [&str; 2] = ["--store", "memory"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gateway");
    fs::create_dir_all(&directory).unwrap();
    let config = directory.join("quota.toml");
    fs::write(&config, policy()).unwrap();
    let upstream = Upstream::start();
    let executable = Executable::build();
    let start = |arguments: &[&str]| executable.start(&config, upstream.address, arguments);

    let (bare, with_quota) = (start(&BARE), start(&WITH_QUOTA));
    println!(
        "| text | calls at once | requests per second | of those without the layer | a call takes | longer than without | gateway's CPU per request | more than without |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for connections in [CONNECTIONS, 1] {
        for texts in [Texts::Known, Texts::Fresh] {
            let figures = compare([&bare, &with_quota], connections, texts).await;
            print(texts, connections, &figures);
        }
    }
}

/// Four limits that nobody reaches, and a caller for each connection.
fn policy() -> String {
    let limits = r#"
[tiers.bench]
limits = [
    { unit = "requests", amount = 1_000_000_000, per = "minute" },
    { unit = "tokens", amount = 1_000_000_000_000, per = "minute" },
    { id = "daily", unit = "tokens", amount = 1_000_000_000_000, per = "day" },
    { unit = "concurrent", amount = 1_000_000 },
]
[keys]
"#;
    limits.to_owned() + &load::callers(CONNECTIONS, r#"tier = "bench""#)
}

fn print(texts: Texts, connections: usize, [bare, with_quota]: &[Figures; 2]) {
    let (per_second, ratio) = (with_quota.per_second(), with_quota.ratio_to(bare));
    let takes = |figures: &Figures| connections as f64 / figures.per_second();
    let (a_call, processor) = (takes(with_quota), with_quota.processor_per_request());
    let longer = a_call - takes(bare);
    let more = processor - bare.processor_per_request();
    let micros = |seconds: f64| format!("{:.0} µs", seconds * 1e6);
    println!(
        "| {} | {connections} | {per_second:.0} | **{ratio:.2}** | {} | {} | {} | {} |",
        texts.name(),
        micros(a_call),
        micros(longer),
        micros(processor),
        micros(more),
    );
}
