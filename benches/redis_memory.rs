//! What usage takes of Redis' memory, and how long one server is busy with a call.
//!
//! `cargo bench --bench redis_memory` starts a `redis-server` and prints the bytes of counters and holds, of many of them at once,
//! of what settled calls leave, and the time that the server itself says it has spent on a call: its inverse is the ceiling of one
//! organization, whose keys stand on one server, which runs one script at a time. The microseconds are this machine's.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

use std::collections::BTreeMap;

use tower_token_quota::store::RedisStore;
use tower_token_quota::{Demand, Hold, Limit, Policy, Quota, Subject, Tier, Usage, Usd};

#[path = "../tests/redis_support/mod.rs"]
mod redis_support;
use redis_support::server::{DEADLINE, Server};

const USERS: usize = 100;
/// As many as 1,000 calls a second of 10 seconds each.
const OPEN: usize = 10_000;
const BATCHES: usize = 21;
const BATCH: usize = 500;

/// Calls, tokens and dollars of a user, and calls under way: buckets, periods and a gauge, with alerts and names of usual length.
fn quota(server: &Server) -> Quota {
    let tier = Tier::new("pro")
        .limit(Limit::requests(1 << 40).per_minute())
        .limit(Limit::tokens(1 << 50).per_day())
        .limit(Limit::usd(Usd::dollars(1_000_000)).per_month().pace(false))
        .limit(Limit::concurrent(1 << 20));
    let policy = Policy::new().tier(tier).build().unwrap();
    Quota::new(policy).store(RedisStore::connect_within(&server.url(), DEADLINE).unwrap())
}

async fn reserve(quota: &Quota, number: usize) -> Hold {
    let user = format!("user-{:05}", number % USERS);
    let demand = Demand::new("gpt-4o").input_tokens(1_000).output_tokens(500);
    quota
        .reserve(&Subject::user(user, "pro"), demand)
        .await
        .unwrap()
}

/// The bytes that a server's keys take, as it says itself, and their number: by what they are for.
fn by_kind(server: &Server) -> BTreeMap<&'static str, (usize, u64)> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let mut kinds = BTreeMap::new();
    for key in keys {
        let kind = [
            (":h:", "an open hold of 4 limits"),
            (":d:", "ids of 1,024 settled holds"),
            (":due", "when holds are due"),
            (":epoch", "the epoch"),
            ("unit=requests", "a counter of calls (bucket)"),
            ("unit=tokens", "a counter of tokens (day)"),
            ("unit=usd", "a counter of dollars (month)"),
            ("unit=concurrent", "a counter of calls under way"),
        ];
        let kind = kind
            .iter()
            .find(|(part, _)| key.contains(part))
            .map_or("others", |kind| kind.1);
        let bytes: u64 = server.ask(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]);
        let sum = kinds.entry(kind).or_insert((0, 0));
        *sum = (sum.0 + 1, sum.1 + bytes);
    }
    kinds
}

fn used_memory(server: &Server) -> u64 {
    let info: String = server.ask(&["INFO", "memory"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}

/// The microseconds that the server has worked by now, and those of them that its scripts have taken.
fn work(server: &Server) -> (f64, f64) {
    let cpu: String = server.ask(&["INFO", "cpu"]);
    let seconds = |name: &str| -> f64 {
        let line = cpu.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    };
    let all = seconds("used_cpu_user:") + seconds("used_cpu_sys:");
    let commands: String = server.ask(&["INFO", "commandstats"]);
    let line = commands
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_evalsha:"));
    let usec = line
        .unwrap()
        .split(',')
        .find_map(|field| field.strip_prefix("usec="));
    (all * 1e6, usec.unwrap().parse().unwrap())
}

fn print(server: &Server) {
    for (kind, (keys, bytes)) in by_kind(server) {
        println!(
            "  {kind:<32} {keys:>6} keys, {:>8.0} bytes each",
            bytes as f64 / keys as f64
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start();
    let quota = quota(&server);
    // The scripts are known, and so is every user.
    for number in 0..USERS {
        reserve(&quota, number).await.settle(Usage::new(1_000, 100));
    }
    quota.drain().await;

    let before = used_memory(&server);
    let mut open = Vec::new();
    for number in 0..OPEN {
        open.push(reserve(&quota, number).await);
    }
    println!("{OPEN} open holds of {USERS} users:");
    print(&server);
    let bytes = used_memory(&server) - before;
    println!(
        "  in all {:.1} MB: {:.0} bytes each",
        bytes as f64 / 1e6,
        bytes as f64 / OPEN as f64
    );

    for hold in open {
        hold.settle(Usage::new(1_000, 100));
    }
    quota.drain().await;
    println!("all of them settled:");
    print(&server);
    let bytes = used_memory(&server).saturating_sub(before);
    println!("  in all {:.1} MB more than before", bytes as f64 / 1e6);

    let mut batches = Vec::new();
    for _ in 0..BATCHES {
        let before = work(&server);
        for number in 0..BATCH {
            reserve(&quota, number).await.settle(Usage::new(1_000, 100));
        }
        quota.drain().await;
        let after = work(&server);
        let each = |before: f64, after: f64| (after - before) / BATCH as f64;
        batches.push((each(before.0, after.0), each(before.1, after.1)));
    }
    batches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (all, scripts) = batches[BATCHES / 2];
    println!("a call that is reserved and settled, the median of {BATCHES} times {BATCH}:");
    println!("  {all:.1} µs of the server's processor, {scripts:.1} µs in its scripts");
    println!(
        "  so at most {:.0} calls a second of one organization",
        1e6 / all
    );
}
