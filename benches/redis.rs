//! What a call costs a fleet's store on Redis, beside what Redis can do at all.
//!
//! `cargo bench --bench redis` starts a `redis-server` of its own and prints, all in one run on one machine and with equally many
//! in flight: a bare `INCRBY`, an empty script, and whole calls (reserve and settle, four limits), of which one to four instances
//! keep the same limits. Rates are this machine's, which runs both sides; what Redis itself worked for each is beside them.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

use std::sync::Arc;
use std::time::Instant;

use redis::aio::ConnectionLike;
use tokio::task::JoinSet;
use tower_token_quota::store::RedisStore;
use tower_token_quota::store::redis::Connection;
use tower_token_quota::{Demand, Quota, Subject, Usage};

#[path = "support/chat.rs"]
mod chat;
#[path = "support/measure.rs"]
mod measure;
#[path = "../tests/redis_support/mod.rs"]
mod redis_support;
use chat::four_limits;
use measure::median;
use redis_support::server::{DEADLINE, Server};

/// How many are under way at once on each connection.
const IN_FLIGHT: usize = 64;
/// How many make a sample, and how many samples there are of each kind: their medians are shown.
const EACH: usize = 12_800;
const SAMPLES: usize = 7;
const USERS: usize = 1_000;

/// What is measured.
#[derive(Clone)]
enum Work {
    Increment(Connection),
    EmptyScript(Connection, Arc<str>),
    Calls(Vec<Quota>),
}

#[derive(Clone, Copy)]
struct Sample {
    each_second: f64,
    /// Microseconds of Redis' one thread for each.
    of_redis: f64,
}

fn quota(connection: &Connection) -> Quota {
    let store = RedisStore::new(connection.clone()).timeout(DEADLINE);
    Quota::new(four_limits().build().unwrap()).store(store)
}

impl Work {
    /// Does it once, as the `number`th.
    async fn once(&self, number: usize) {
        match self {
            Self::Increment(connection) => {
                let key = format!("counter:{}", number % USERS);
                ask(connection, redis::cmd("INCRBY").arg(key).arg(1)).await;
            }
            Self::EmptyScript(connection, hash) => {
                let key = format!("counter:{}", number % USERS);
                ask(
                    connection,
                    redis::cmd("EVALSHA").arg(&**hash).arg(1).arg(key),
                )
                .await;
            }
            Self::Calls(fleet) => {
                let subject = Subject::user(format!("user{}", number % USERS), "pro");
                let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
                let hold = fleet[number % fleet.len()].reserve(&subject, demand).await;
                let hold = hold.unwrap();
                assert!(hold.degraded().is_none(), "Redis decides");
                hold.settle(Usage::new(400, 3));
            }
        }
    }

    /// On how many connections.
    fn connections(&self) -> usize {
        match self {
            Self::Increment(_) | Self::EmptyScript(..) => 1,
            Self::Calls(fleet) => fleet.len(),
        }
    }

    /// What has been begun is over.
    async fn end(&self) {
        if let Self::Calls(fleet) = self {
            for quota in fleet {
                quota.drain().await;
            }
        }
    }

    async fn sample(&self, server: &Server) -> Sample {
        let (begun, worked) = (Instant::now(), worked(server));
        let mut tasks = JoinSet::new();
        let at_once = IN_FLIGHT * self.connections();
        for task in 0..at_once {
            let work = self.clone();
            tasks.spawn(async move {
                for number in (task..EACH).step_by(at_once) {
                    work.once(number).await;
                }
            });
        }
        tasks.join_all().await;
        self.end().await;
        Sample {
            each_second: EACH as f64 / begun.elapsed().as_secs_f64(),
            of_redis: (self::worked(server) - worked) * 1e6 / EACH as f64,
        }
    }
}

async fn ask(connection: &Connection, command: &redis::Cmd) {
    connection
        .clone()
        .req_packed_command(command)
        .await
        .unwrap();
}

/// For how many seconds Redis' one thread that runs commands has worked.
fn worked(server: &Server) -> f64 {
    let info: String = server.ask(&["INFO", "cpu"]);
    let seconds = |line: &str| {
        let (name, seconds) = line.split_once(':')?;
        let is_its = name.starts_with("used_cpu_") && name.ends_with("_main_thread");
        is_its.then(|| seconds.trim().parse::<f64>().unwrap())
    };
    info.lines().filter_map(seconds).sum()
}

#[tokio::main]
async fn main() {
    let server = Server::start();
    let connect = || Connection::to(&server.url(), DEADLINE).unwrap();
    let connection = connect();
    let hash: String = server.ask(&["SCRIPT", "LOAD", "return 0"]);
    let fleet = |instances: usize| (0..instances).map(|_| quota(&connect())).collect();
    let works = [
        ("a bare `INCRBY`", Work::Increment(connection.clone())),
        (
            "an empty script",
            Work::EmptyScript(connection.clone(), hash.into()),
        ),
        (
            "a call (two scripts), one instance",
            Work::Calls(vec![quota(&connection)]),
        ),
        ("a call, two instances", Work::Calls(fleet(2))),
        ("a call, four instances", Work::Calls(fleet(4))),
    ];
    // In turn, so that whatever else the machine does falls on all alike; the first of each is not counted.
    let mut samples = vec![Vec::new(); works.len()];
    for number in 0..=SAMPLES {
        for ((_, work), samples) in works.iter().zip(&mut samples) {
            let sample = work.sample(&server).await;
            if number > 0 {
                samples.push(sample);
            }
        }
    }
    println!("| | each second | of Redis' time | in times of the empty script |");
    println!("| --- | --- | --- | --- |");
    let of =
        |samples: &[Sample], what: fn(&Sample) -> f64| median(samples.iter().map(what)).unwrap();
    let empty = of(&samples[1], |sample| sample.of_redis);
    for ((name, _), samples) in works.iter().zip(&samples) {
        let (rate, time) = (
            of(samples, |sample| sample.each_second),
            of(samples, |sample| sample.of_redis),
        );
        println!(
            "| {name} | {rate:.0} | {time:.1} µs | {:.1} |",
            time / empty
        );
    }
}
