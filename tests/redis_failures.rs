//! Redis fails, really: each limit's rule holds, nobody waits for long, and what was used is booked in the end.
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderName;
use tokio::time::{sleep, timeout};
use tower::Layer;
use tower_token_quota::clock::{Clock, Moment, SystemClock};
use tower_token_quota::policy::OnStoreFailure::{self, Closed, Local, Open};
use tower_token_quota::store::RedisStore;
use tower_token_quota::{
    Demand, Hold, Limit, Policy, Quota, RejectionKind, Subject, Tier, TokenQuota, TokenQuotaLayer,
    Usage, identify,
};

mod redis_support;
mod support;
use redis_support::cluster::Cluster;
use redis_support::line::Line;
use redis_support::noon;
use redis_support::server::{DEADLINE, Server};
use redis_support::silent::Silent;
use support::watch::Events;
use support::{Provider, Read};

/// What has not ended by then hangs: many times the longest timeout of a store.
const HANGS: Duration = DEADLINE;

/// Where Redis fails on purpose three calls wait for so long, and then the store is left alone.
const SHORT: Duration = Duration::from_secs(1);

/// Where it does not, a slow machine is no failure.
const LONG: Duration = Duration::from_secs(20);

const RULES: [OnStoreFailure; 3] = [Closed, Open, Local];
const INSTANCES: u64 = 2;
const AMOUNT: u64 = 1_000;
/// What each call uses, of twice as much that is reserved.
const TOKENS: u64 = 10;

/// The system's clock, which can be hurried: so that no test waits until a store is asked again that was left alone.
#[derive(Debug, Clone, Default)]
struct Hurried {
    clock: SystemClock,
    by: Arc<AtomicU64>,
}

impl Clock for Hurried {
    fn now(&self) -> Moment {
        let now = self.clock.now();
        let steady = now.steady + self.by.load(Ordering::SeqCst);
        Moment { steady, ..now }
    }
}

/// An instance with a tier for each rule, named after it, and what its calls have used.
struct Instance {
    quota: Quota,
    service: TokenQuota<Provider>,
    clock: Hurried,
    events: Events,
    used: [u64; 3],
}

fn instance(store: RedisStore) -> Instance {
    let tier = |rule: OnStoreFailure| {
        let limit = Limit::tokens(AMOUNT).per_day().id(rule.as_str());
        Tier::new(rule.as_str())
            .limit(limit.on_store_failure(rule))
            .default_output_tokens(12)
    };
    let policy = Policy::new().timezone(noon()).instances(INSTANCES);
    let policy = RULES
        .into_iter()
        .map(tier)
        .fold(policy, |policy, tier| policy.tier(tier));
    let (clock, events) = (Hurried::default(), Events::default());
    let quota = Quota::new(policy.build().unwrap())
        .clock(clock.clone())
        .store(store)
        .observer(events.clone());
    let by_rule = identify::trusted_header(HeaderName::from_static("x-user"), |rule| {
        Some(Subject::user(rule, rule))
    });
    let service = TokenQuotaLayer::new(quota.clone(), by_rule).layer(Provider::using(8, 2));
    Instance {
        quota,
        service,
        clock,
        events,
        used: [0; 3],
    }
}

fn position(rule: OnStoreFailure) -> usize {
    RULES.iter().position(|&other| other == rule).unwrap()
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(HANGS, future).await.expect("it does not hang")
}

impl Instance {
    /// One call under a rule, by a store that is asked again if it was left alone.
    async fn call(&mut self, rule: OnStoreFailure) -> Read {
        let mut request = support::hello_call();
        request
            .headers_mut()
            .insert("x-user", rule.as_str().parse().unwrap());
        let answer = in_time(support::call(&self.service, request)).await;
        if answer.status == 200 {
            self.used[position(rule)] += TOKENS;
        }
        answer
    }

    /// Calls that are decided by the store, as soon as it can be asked.
    async fn is_well(&mut self) {
        in_time(async {
            for rule in RULES {
                while self
                    .call(rule)
                    .await
                    .headers
                    .contains_key("x-quota-degraded")
                {
                    self.hurry().await;
                }
            }
        })
        .await;
    }

    /// Lets the time pass for which a store is left alone.
    async fn hurry(&self) {
        self.clock.by.fetch_add(1_000_000, Ordering::SeqCst);
        sleep(Duration::from_millis(10)).await;
    }

    /// Calls that are decided without the store, by each rule, and no more of them than it admits.
    async fn obeys_the_rules(&mut self) {
        for _ in 0..4 {
            let refused = self.call(Closed).await;
            assert_eq!(
                (refused.status.as_u16(), refused.header("x-quota-degraded")),
                (503, "closed")
            );
        }
        for _ in 0..4 {
            let served = self.call(Open).await;
            assert_eq!(
                (served.status.as_u16(), served.header("x-quota-degraded")),
                (200, "open")
            );
        }
        let left = AMOUNT - self.used[position(Local)];
        let mut admitted = 0;
        let refused = loop {
            let answer = self.call(Local).await;
            assert_eq!(answer.header("x-quota-degraded"), "local");
            if answer.status != 200 {
                break answer;
            }
            admitted += TOKENS;
        };
        assert_eq!(refused.status, 429);
        assert!(
            admitted > 0 && admitted <= left / INSTANCES,
            "{admitted} of {left}"
        );
    }

    /// Calls that the store decides, or the rules.
    async fn calls_by_whoever_answers(&mut self) {
        for rule in RULES {
            let answer = self.call(rule).await;
            match answer.header("x-quota-degraded") {
                "" => assert_eq!(answer.status, 200),
                "closed" => assert_eq!((answer.status.as_u16(), rule), (503, Closed)),
                said => assert_eq!((answer.status.as_u16(), said), (200, rule.as_str())),
            }
        }
    }

    /// A call under way, which the store has decided as soon as it can be asked.
    async fn hold(&self, rule: OnStoreFailure) -> Hold {
        let demand = Demand::new("gpt-4o-mini").input_tokens(8).output_tokens(12);
        let subject = Subject::user(rule.as_str(), rule.as_str());
        in_time(async {
            loop {
                match self.quota.reserve(&subject, demand.clone()).await {
                    Ok(hold) if hold.degraded().is_none() => return hold,
                    Ok(hold) => hold.release(),
                    Err(refused) => assert_eq!(refused.kind, RejectionKind::StoreUnavailable),
                }
                self.hurry().await;
            }
        })
        .await
    }

    /// Its call is over.
    fn settle(&mut self, rule: OnStoreFailure, hold: Hold) {
        hold.settle(Usage::new(8, 2));
        self.used[position(rule)] += TOKENS;
    }

    /// All that was used stands in Redis, as another instance sees it, and nothing else.
    async fn is_booked(&self, there: &str) {
        in_time(self.quota.drain()).await;
        let other = instance(RedisStore::connect_within(there, LONG).unwrap());
        for rule in RULES {
            let subject = Subject::user(rule.as_str(), rule.as_str());
            let limits = in_time(other.quota.status(&subject)).await.unwrap();
            let figures = (limits[0].used, limits[0].held);
            assert_eq!(figures, (self.used[position(rule)], 0), "{}", rule.as_str());
        }
    }

    fn was_emptied(&self) -> bool {
        self.events
            .words()
            .iter()
            .any(|word| word.starts_with("StoreEmptied"))
    }
}

/// One of Redis' failures: calls before, during and after it, of which some are under way when it begins.
async fn outlives(server: &mut Server, breaks: fn(&mut Server), mends: fn(&mut Server)) {
    let url = server.url();
    let mut it = instance(RedisStore::connect_within(&url, SHORT).unwrap());
    it.is_well().await;
    let (during, after) = (it.hold(Closed).await, it.hold(Local).await);
    breaks(server);
    it.obeys_the_rules().await;
    it.settle(Closed, during);
    mends(server);
    it.is_well().await;
    it.settle(Local, after);
    it.is_booked(&url).await;
    assert!(!it.was_emptied());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still() {
    outlives(
        &mut Server::start(),
        |server| server.freeze(),
        |server| server.thaw(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_clients_are_paused() {
    let pause = |server: &mut Server| {
        let _: String = server.ask(&["CLIENT", "PAUSE", "3600000", "WRITE"]);
    };
    let go_on = |server: &mut Server| {
        let _: String = server.ask(&["CLIENT", "UNPAUSE"]);
    };
    outlives(&mut Server::start(), pause, go_on).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_memory() {
    let full = |server: &mut Server| {
        let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    };
    let roomy = |server: &mut Server| {
        let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    };
    outlives(
        &mut Server::with(&["--maxmemory-policy", "noeviction"]),
        full,
        roomy,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_empty() {
    let mut server = Server::start();
    let url = server.url();
    let mut it = instance(RedisStore::connect_within(&url, SHORT).unwrap());
    it.is_well().await;
    in_time(it.quota.drain()).await;
    let (during, after) = (it.hold(Closed).await, it.hold(Local).await);
    server.kill();
    it.used = [0; 3];
    it.obeys_the_rules().await;
    it.settle(Closed, during);
    server.start_again();
    it.is_well().await;
    it.settle(Local, after);
    it.is_booked(&url).await;
    assert!(it.was_emptied());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_at_the_start() {
    let mut server = Server::absent(&[]);
    let mut it = instance(RedisStore::connect_within(&server.url(), SHORT).unwrap());
    it.obeys_the_rules().await;
    server.start_again();
    it.is_well().await;
    it.is_booked(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_never_answers() {
    let mut server = Server::absent(&[]);
    let silent = Silent::on(server.port);
    let mut it = instance(RedisStore::connect_within(&server.url(), SHORT).unwrap());
    it.obeys_the_rules().await;
    drop(silent);
    server.start_again();
    it.is_well().await;
    it.is_booked(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_goes_dead_while_the_server_is_well() {
    let server = Server::start();
    let line = Line::to(&server);
    let mut it = instance(RedisStore::connect_within(&line.url(), SHORT).unwrap());
    it.is_well().await;
    let hold = it.hold(Closed).await;
    line.cut();
    it.calls_by_whoever_answers().await;
    it.settle(Closed, hold);
    it.is_well().await;
    it.is_booked(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgets_its_scripts_is_no_failure() {
    let server = Server::start();
    let mut it = instance(RedisStore::connect_within(&server.url(), LONG).unwrap());
    it.is_well().await;
    let hold = it.hold(Closed).await;
    for _ in 0..3 {
        let _: String = server.ask(&["SCRIPT", "FLUSH"]);
        for rule in RULES {
            let served = it.call(rule).await;
            assert_eq!(
                (served.status.as_u16(), served.header("x-quota-degraded")),
                (200, "")
            );
        }
    }
    let _: String = server.ask(&["SCRIPT", "FLUSH"]);
    it.settle(Closed, hold);
    it.is_booked(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_whose_slot_moves() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let mut it = instance(RedisStore::connect_within(&url, SHORT).unwrap());
    it.is_well().await;
    let (during, after) = (it.hold(Closed).await, it.hold(Local).await);
    let (slot, to) = cluster.used_slot();
    cluster.begin_to_move(slot, to);
    for _ in 0..3 {
        it.calls_by_whoever_answers().await;
        assert_eq!(cluster.move_keys(slot, to, 1), 1);
    }
    it.settle(Closed, during);
    while cluster.move_keys(slot, to, 10) > 0 {}
    it.calls_by_whoever_answers().await;
    cluster.end_of_move(slot, to);
    it.is_well().await;
    it.settle(Local, after);
    it.is_booked(&url).await;
    assert_eq!(cluster.owner(slot), to);
}
