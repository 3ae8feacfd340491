//! What the journal costs a whole gateway: the example `axum_server` with its usage in a journal on disk, and in memory.
//!
//! `cargo bench --bench journal` compares the two as `benches/gateway` does, with 64 calls under way, each of which dollars bind: it is on disk
//! before the provider is called, which here answers at once. The journal is in the target directory, and so on its disk.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "../support/chat.rs"]
mod chat;
#[path = "../gateway/compare.rs"]
mod compare;
#[path = "../gateway/load.rs"]
mod load;
#[path = "../support/measure.rs"]
mod measure;
#[path = "../gateway/process.rs"]
mod process;
#[path = "../support/prose.rs"]
mod prose;
#[path = "../gateway/upstream.rs"]
mod upstream;

use std::fs;
use std::path::Path;

use compare::{Figures, compare};
use load::Texts;
use process::Executable;
use upstream::Upstream;

const CONNECTIONS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journal");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let config = directory.join("quota.toml");
    fs::write(&config, policy()).unwrap();
    let upstream = Upstream::start();
    let executable = Executable::build();
    let start = |store: &str| executable.start(&config, upstream.address, &["--store", store]);

    let in_memory = start("memory");
    let on_disk = start(&format!("sqlite:{}", directory.join("quota.db").display()));
    println!(
        "| text | in memory, requests per second | with the journal | ratio | gateway's CPU per request | with the journal |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for texts in [Texts::Known, Texts::Fresh] {
        print(
            texts,
            &compare([&in_memory, &on_disk], CONNECTIONS, texts).await,
        );
    }
}

/// Limits that nobody reaches: a budget for all, one for the project, and others for each caller.
fn policy() -> String {
    let limits = r#"
[organization]
budget = { usd = "1000000000" }
[projects.web]
budget = { usd = "500000000" }
[tiers.bench]
limits = [
    { unit = "requests", amount = 1_000_000_000, per = "minute" },
    { unit = "tokens", amount = 1_000_000_000_000, per = "day" },
    { unit = "concurrent", amount = 1_000_000 },
]
[keys]
"#;
    limits.to_owned() + &load::callers(CONNECTIONS, r#"project = "web", tier = "bench""#)
}

fn print(texts: Texts, [in_memory, on_disk]: &[Figures; 2]) {
    let ratio = on_disk.ratio_to(in_memory);
    let processor = |figures: &Figures| figures.processor_per_request() * 1e6;
    println!(
        "| {} | {:.0} | {:.0} | **{ratio:.2}** | {:.0} µs | {:.0} µs |",
        texts.name(),
        in_memory.per_second(),
        on_disk.per_second(),
        processor(in_memory),
        processor(on_disk),
    );
}
