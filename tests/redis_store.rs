//! What the store on Redis promises beside its arithmetic, on a real server.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tower_token_quota::clock::{Clock, FakeClock, Moment, SystemClock};
use tower_token_quota::redis::aio::ConnectionLike;
use tower_token_quota::redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use tower_token_quota::store::redis::{Connection, LARGEST_AMOUNT};
use tower_token_quota::store::{
    Balance, Charge, CounterKey, Decision, HoldId, LONGEST_RETRY, RedisStore, Reservation, Rule,
    Settled, Settlement, Store,
};
use tower_token_quota::{Demand, Limit, Policy, Quota, Subject, Tier, Usage, Usd};

mod redis_support;
mod store_support;
use redis_support::noon;
use redis_support::server::{DEADLINE, Server};
use store_support::*;

const HOUR: Duration = Duration::from_secs(3600);

/// A store that waits for a slow machine.
fn store(server: &Server) -> RedisStore {
    RedisStore::connect_within(&server.url(), DEADLINE).unwrap()
}

fn now() -> Moment {
    SystemClock::default().now()
}

/// A period that runs.
fn running(cap: u64) -> Rule {
    let now = now().wall;
    Rule::Budget {
        cap,
        starts_at: now - 60 * 1_000_000,
        ends_at: now + 3600 * 1_000_000,
    }
}

fn asked(id: u128, charges: &[Charge]) -> Reservation {
    reservation(id, now(), &[charges])
}

async fn settled(
    store: &impl Store,
    told: &Told,
    id: u128,
    call: &[Charge],
    used: &[u64],
) -> Settled {
    store.settle(settlement(id, now(), call, used));
    store.drain().await;
    let how = told.settled();
    assert_eq!(how.len(), 1, "{how:?}");
    how[0]
}

async fn look(store: &impl Store, charge: &Charge) -> Balance {
    store.peek(vec![charge.clone()], now()).await.unwrap()[0]
}

/// A connection that loses answers, when it is told to.
#[derive(Clone)]
struct Lossy {
    connection: Connection,
    loses: Arc<AtomicBool>,
    /// How many commands were sent.
    sent: Arc<AtomicUsize>,
}

impl Lossy {
    fn to(server: &Server) -> Self {
        Self {
            connection: Connection::to(&server.url(), DEADLINE).unwrap(),
            loses: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// The next answer is lost.
    fn lose_one(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }
}

impl ConnectionLike for Lossy {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.sent.fetch_add(1, Ordering::SeqCst);
            let answer = self.connection.req_packed_command(command).await;
            // Where the script is unknown nothing was done that could be lost.
            let was_done = matches!(&answer, Ok(value) if !matches!(value, Value::ServerError(_)));
            if was_done && self.loses.swap(false, Ordering::SeqCst) {
                return Err(RedisError::from(std::io::Error::other(
                    "the answer was lost",
                )));
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        0
    }
}

mod p3_exactly_once {
    use super::*;

    fn lossy(server: &Server) -> (RedisStore<Lossy>, Lossy) {
        let line = Lossy::to(server);
        (RedisStore::new(line.clone()).timeout(DEADLINE), line)
    }

    #[tokio::test]
    async fn a_reservation_whose_answer_was_lost_is_made_once() {
        let server = Server::start();
        let (store, line) = lossy(&server);
        let call = [
            hard("k", running(100), 40),
            hard("rate", bucket(100, 1), 40),
        ];
        line.lose_one();
        assert!(store.reserve(asked(1, &call)).await.is_err());
        assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
        assert_eq!(look(&store, &call[0]).await.held, 40);
        assert!(granted(&store.reserve(asked(2, &call)).await.unwrap()));
        assert!(!granted(&store.reserve(asked(3, &call)).await.unwrap()));
    }

    #[tokio::test]
    async fn a_settlement_whose_answer_was_lost_is_booked_once_and_tells_what_it_crossed() {
        let server = Server::start();
        let (store, line) = lossy(&server);
        let told = Told::by(&store);
        let call = [alerting("k", running(100), 40, &[50])];
        assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
        line.lose_one();
        assert_eq!(
            settled(&store, &told, 1, &call, &[60]).await,
            Settled::OnTime
        );
        assert_eq!(
            told.take(),
            [("k".to_owned(), 50, 60)],
            "told of once, though delivered twice"
        );
        assert_eq!(look(&store, &call[0]).await.used, 60);
        assert_eq!(
            settled(&store, &told, 1, &call, &[60]).await,
            Settled::Repeated
        );
        assert_eq!(
            (told.take(), look(&store, &call[0]).await.used),
            (vec![], 60)
        );
    }

    #[tokio::test]
    async fn a_lost_answer_to_an_unknown_holds_settlement_is_no_second_booking() {
        let server = Server::start();
        let (store, line) = lossy(&server);
        let told = Told::by(&store);
        let call = [hard("k", running(100), 40)];
        line.lose_one();
        assert_eq!(
            settled(&store, &told, 9, &call, &[60]).await,
            Settled::Unknown
        );
        assert_eq!(look(&store, &call[0]).await.used, 60);
    }

    #[tokio::test]
    async fn what_is_taken_back_before_it_was_reserved_is_never_granted() {
        let server = Server::start();
        let store = store(&server);
        let call = [hard("k", running(100), 40)];
        store.settle(settlement(1, now(), &[], &[]));
        store.drain().await;
        assert_eq!(
            store.reserve(asked(1, &call)).await.unwrap(),
            Decision::Closed
        );
        assert_eq!(look(&store, &call[0]).await.held, 0);
    }

    #[tokio::test]
    async fn ids_of_settled_holds_are_told_apart_from_their_neighbours() {
        let server = Server::start();
        let store = store(&server);
        let call = [hard("k", gauge(10_000), 1)];
        // On both sides of the bounds between keys in which many ids are written down.
        for id in [0, 1023, 1025, 2047, u128::MAX] {
            assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
            store.settle(settlement(id, now(), &call, &[0]));
            store.drain().await;
        }
        for id in [0, 1023, 1025, 2047, u128::MAX] {
            assert_eq!(
                store.reserve(asked(id, &call)).await.unwrap(),
                Decision::Closed,
                "{id}"
            );
        }
        for id in [1, 1022, 1024, 2048, u128::MAX - 1] {
            assert!(
                granted(&store.reserve(asked(id, &call)).await.unwrap()),
                "{id}"
            );
        }
    }
}

mod scripts {
    use super::*;

    #[tokio::test]
    async fn a_decision_is_one_round_trip_and_a_server_that_forgot_the_scripts_is_taught_them() {
        let server = Server::start();
        let line = Lossy::to(&server);
        let store = RedisStore::new(line.clone()).timeout(DEADLINE);
        let call = [hard("k", gauge(10), 1)];
        let sent = || line.sent.swap(0, Ordering::SeqCst);
        for (id, expected) in [(1, 2), (2, 1), (3, 1)] {
            assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
            assert_eq!(sent(), expected, "by its text once, then by its hash");
        }
        let _: () = server.ask(&["SCRIPT", "FLUSH"]);
        assert!(granted(&store.reserve(asked(4, &call)).await.unwrap()));
        assert_eq!(sent(), 2);
        store.settle(settlement(4, now(), &call, &[0]));
        store.drain().await;
        assert_eq!(sent(), 2, "another script");
        assert_eq!(look(&store, &call[0]).await.held, 3);
    }

    /// What a version writes no other version may read as its own.
    #[tokio::test]
    async fn keys_carry_the_version() {
        let server = Server::start();
        let store = store(&server).prefix("app:");
        let call = [hard("k", running(100), 1)];
        assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
        let keys: Vec<String> = server.ask(&["KEYS", "*"]);
        assert!(keys.len() >= 4, "{keys:?}");
        assert!(
            keys.iter().all(|key| key.starts_with("app:tq1:{acme}")),
            "{keys:?}"
        );
    }
}

mod money {
    use super::*;

    fn policy(dollars: u64) -> Policy {
        let limit = Limit::usd(Usd::dollars(dollars)).per_month().id("cap");
        Policy::new()
            .tier(Tier::new("t").limit(limit))
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn more_than_two_to_the_53_nano_dollars_are_an_error_at_the_start_and_when_the_policy_changes()
     {
        let server = Server::start();
        let quota = |dollars| Quota::new(policy(dollars)).store(store(&server));
        let error = quota(9_007_200)
            .check_policy(&policy(9_007_200))
            .unwrap_err();
        let expected = "limit `cap`: $9007200.00 is more than the $9007199.254740991 that the store counts exactly";
        assert_eq!(error.to_string(), expected);
        let quota = quota(9_007_199);
        quota.check_policy(&quota.policy()).unwrap();
        let large = Limit::tokens(LARGEST_AMOUNT).per_minute();
        quota.add_tier(Tier::new("large").limit(large)).unwrap();
        let larger = Limit::tokens(LARGEST_AMOUNT + 1).per_minute();
        assert!(
            quota
                .add_tier(Tier::new("larger").limit(larger.clone()))
                .is_err()
        );
        let in_memory = Quota::new(policy(9_007_200));
        in_memory.check_policy(&in_memory.policy()).unwrap();
        in_memory
            .add_tier(Tier::new("larger").limit(larger))
            .unwrap();
    }

    #[tokio::test]
    async fn at_the_largest_amount_the_last_unit_counts() {
        let server = Server::start();
        let store = store(&server);
        let call = |amount| [hard("k", running(LARGEST_AMOUNT), amount)];
        assert!(granted(
            &store
                .reserve(asked(1, &call(LARGEST_AMOUNT - 1)))
                .await
                .unwrap()
        ));
        assert!(!granted(&store.reserve(asked(2, &call(2))).await.unwrap()));
        assert!(granted(&store.reserve(asked(3, &call(1))).await.unwrap()));
        assert!(!granted(&store.reserve(asked(4, &call(1))).await.unwrap()));
        assert_eq!(look(&store, &call(1)[0]).await.held, LARGEST_AMOUNT);
    }

    #[tokio::test]
    async fn what_is_larger_nevertheless_counts_as_the_largest() {
        let server = Server::start();
        let store = store(&server);
        let call = |amount| [hard("k", running(u64::MAX), amount)];
        assert!(granted(
            &store
                .reserve(asked(1, &call(LARGEST_AMOUNT)))
                .await
                .unwrap()
        ));
        let Decision::Refused(refusals) = store.reserve(asked(2, &call(1))).await.unwrap() else {
            panic!("it is full");
        };
        assert_eq!(refusals.len(), 1);
        assert!(!granted(
            &store.reserve(asked(3, &call(u64::MAX))).await.unwrap()
        ));
    }
}

mod time {
    use super::*;

    #[tokio::test]
    async fn a_period_that_does_not_run_by_redis_clock_is_refused_but_for_five_seconds() {
        let server = Server::start();
        let store = store(&server).at_callers_time();
        let begins = 1_000 * 1_000_000;
        let rule = Rule::Budget {
            cap: 100,
            starts_at: begins,
            ends_at: begins + 1_000 * 1_000_000,
        };
        let call = [hard("k", rule, 1)];
        for (id, second, runs) in [
            (1, 994, false),
            (2, 995, true),
            (3, 1_000, true),
            (4, 2_004, true),
            (5, 2_005, false),
        ] {
            let asked = Reservation {
                expires_in: HOUR,
                ..reservation(id, at(second), &[&call])
            };
            let decision = store.reserve(asked).await.unwrap();
            assert_eq!(granted(&decision), runs, "{second}: {decision:?}");
            assert_eq!(decision == Decision::WrongPeriod, !runs, "{second}");
        }
        let balance = store.peek(call.to_vec(), at(2_005)).await.unwrap()[0];
        assert_eq!(
            balance.held, 3,
            "what was of the wrong period changed nothing"
        );
    }

    #[tokio::test]
    async fn an_instance_whose_clock_is_days_off_plans_by_that_of_redis() {
        let server = Server::start();
        let store = store(&server);
        let clock = FakeClock::at("2001-02-03T04:05:06Z");
        let limit = Limit::tokens(1_000).per_day();
        let policy = Policy::new()
            .timezone(noon())
            .tier(Tier::new("t").limit(limit))
            .build()
            .unwrap();
        let quota = Quota::new(policy).store(store.clone()).clock(clock.clone());
        let alice = Subject::user("alice", "t");
        let ask = || {
            quota.reserve(
                &alice,
                Demand::new("gpt-4o").input_tokens(10).output_tokens(10),
            )
        };
        assert!(ask().await.is_err(), "of a day in 2001");
        let apart = (clock.now().wall + store.clock_offset()) - now().wall;
        assert!(apart.abs() < 3_600 * 1_000_000, "{apart}");
        let hold = ask().await.unwrap();
        hold.settle(Usage::new(10, 5));
        quota.drain().await;
        assert_eq!(quota.status(&alice).await.unwrap()[0].used, 15);
    }

    #[tokio::test]
    async fn a_hold_that_nobody_renews_expires_and_one_that_is_renewed_does_not() {
        let server = Server::start();
        let store = store(&server).at_callers_time();
        let told = Told::by(&store);
        let call = [
            kept(alerting("usd", budget(100), 60, &[50])),
            hard("tokens", budget(100), 60),
            hard("gauge", gauge(9), 1),
        ];
        for id in [1, 2] {
            let asked = reservation(id, at(0), &[&call[2..]]);
            assert!(granted(&store.reserve(asked).await.unwrap()));
        }
        assert!(granted(
            &store
                .reserve(reservation(3, at(0), &[&call]))
                .await
                .unwrap()
        ));
        store.renew(
            HoldId::from_u128(2),
            "acme",
            at(59),
            Duration::from_secs(60),
        );
        store.drain().await;
        let look = async |second| {
            let all = store.peek(call.to_vec(), at(second)).await.unwrap();
            all.iter().map(|it| (it.used, it.held)).collect::<Vec<_>>()
        };
        assert_eq!(look(59).await, [(0, 60), (0, 60), (0, 3)]);
        assert_eq!(told.take(), []);
        assert_eq!(look(60).await, [(60, 0), (0, 0), (0, 1)]);
        assert_eq!(told.take(), [("usd".to_owned(), 50, 60)]);
        assert_eq!(look(119).await, [(60, 0), (0, 0), (0, 0)]);
        store.settle(settlement(3, at(120), &call, &[10, 10, 0]));
        store.drain().await;
        assert_eq!(told.settled(), [Settled::Late]);
        assert_eq!(look(120).await, [(10, 0), (10, 0), (0, 0)]);
    }

    /// One script gives up a bounded number of them, so it is asked again.
    #[tokio::test]
    async fn any_number_of_holds_expires_before_the_next_decision() {
        let server = Server::start();
        let store = store(&server).at_callers_time();
        let call = [hard("gauge", gauge(500), 1)];
        for id in 0..500 {
            let asked = reservation(id, at(0), &[&call]);
            assert!(granted(&store.reserve(asked).await.unwrap()));
        }
        let next = |second| store.reserve(reservation(1_000, at(second), &[&call]));
        assert!(!granted(&next(59).await.unwrap()));
        assert!(granted(&next(60).await.unwrap()));
        let balance = store.peek(call.to_vec(), at(60)).await.unwrap()[0];
        assert_eq!(balance.held, 1);
    }
}

mod a_fleet {
    use super::*;

    #[tokio::test]
    async fn two_instances_share_the_limit_and_one_of_them_is_told_of_each_threshold() {
        let server = Server::start();
        let stores = [store(&server), store(&server)];
        let told = stores.each_ref().map(Told::by);
        let call = [alerting("k", running(1_000), 10, &[10, 50, 90])];
        let mut admitted = 0;
        for id in 0..150 {
            let store = &stores[id as usize % 2];
            if granted(&store.reserve(asked(id, &call)).await.unwrap()) {
                admitted += 1;
                store.settle(settlement(id, now(), &call, &[10]));
            }
            if id % 10 == 0 {
                stores[0].drain().await;
                stores[1].drain().await;
            }
        }
        assert_eq!(admitted, 100);
        stores[0].drain().await;
        stores[1].drain().await;
        let crossed: Vec<u8> = told
            .iter()
            .flat_map(|it| it.take())
            .map(|it| it.1)
            .collect();
        assert_eq!(crossed.len(), 3, "{crossed:?}");
        assert_eq!(BTreeSet::from_iter(crossed), BTreeSet::from([10, 50, 90]));
    }

    #[tokio::test]
    async fn organizations_and_prefixes_are_strangers_whatever_their_names_are() {
        let server = Server::start();
        let store = store(&server);
        let names = ["", "%", "a", "a/limit=k", "{a}", "}", "a}b", "ä ö"];
        for (number, name) in (0..).zip(names) {
            let key = tower_token_quota::store::CounterKey::new(name, &[("limit", "k")]);
            let charge = Charge {
                key,
                ..hard("k", gauge(1), 1)
            };
            let asked = Reservation {
                organization: name.into(),
                ..asked(number, std::slice::from_ref(&charge))
            };
            assert!(granted(&store.reserve(asked).await.unwrap()), "{name}");
            let other = store.clone().prefix("{other}");
            assert_eq!(look(&other, &charge).await.held, 0, "{name}");
            assert_eq!(look(&store, &charge).await.held, 1, "{name}");
        }
    }

    #[tokio::test]
    async fn redis_that_came_back_empty_is_told_of_once_for_each_organization() {
        let server = Server::start();
        let store = store(&server);
        let told = Told::by(&store);
        let call = [hard("k", running(100), 10)];
        assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
        assert_eq!(told.others(), Vec::<String>::new());
        let _: () = server.ask(&["FLUSHALL"]);
        assert!(granted(&store.reserve(asked(2, &call)).await.unwrap()));
        assert!(granted(&store.reserve(asked(3, &call)).await.unwrap()));
        assert_eq!(told.others(), ["emptied: acme"]);
    }
}

mod settling {
    use super::*;

    #[tokio::test]
    async fn settlements_wait_for_redis_and_are_booked_in_the_end() {
        let mut server = Server::absent(&[]);
        let store = RedisStore::connect(&server.url()).unwrap();
        let told = Told::by(&store);
        let call = [hard("k", running(1_000), 10)];
        assert!(
            store.reserve(asked(1, &call)).await.is_err(),
            "nobody is there"
        );
        for id in 0..200 {
            store.settle(settlement(id, now(), &call, &[1]));
        }
        server.start_again();
        store.drain().await;
        assert_eq!(told.settled(), [Settled::Unknown; 200]);
        assert_eq!(told.others(), Vec::<String>::new());
        let store = super::store(&server);
        assert_eq!(look(&store, &call[0]).await.used, 200);
    }

    #[tokio::test]
    async fn those_that_one_organization_cannot_have_booked_keep_no_other_waiting() {
        let server = Server::start();
        let store = super::store(&server);
        let _: usize = server.ask(&["LPUSH", "tq1:{broken}/counter=k", "no counter"]);
        let of = |organization: &str| Charge {
            key: CounterKey::new(organization, &[("counter", "k")]),
            ..hard("k", running(1_000), 10)
        };
        let settle = |organization: &str, ids: std::ops::Range<u128>| {
            for id in ids {
                store.settle(Settlement {
                    organization: organization.into(),
                    ..settlement(id, now(), &[of(organization)], &[1])
                });
            }
        };
        settle("broken", 0..100);
        settle("fine", 100..200);
        let booked = async {
            while store.waiting() > 100 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, booked).await.unwrap();
        assert_eq!(look(&store, &of("fine")).await.used, 100);
        let _: usize = server.ask(&["DEL", "tq1:{broken}/counter=k"]);
        store.drain().await;
        assert_eq!(look(&store, &of("broken")).await.used, 100);
    }

    #[tokio::test]
    async fn one_more_than_may_wait_is_given_up_and_told_of() {
        let server = Server::absent(&[]);
        let store = RedisStore::connect(&server.url()).unwrap().max_waiting(2);
        let told = Told::by(&store);
        let call = [hard("k", running(1_000), 10)];
        for id in 0..3 {
            store.settle(settlement(id, now(), &call, &[1]));
        }
        assert_eq!(
            told.others(),
            ["lost: too many settlements are waiting to be booked"]
        );
    }

    #[test]
    fn a_settlement_whose_runtime_ends_before_it_is_booked_is_told_of_as_lost() {
        let server = Server::absent(&[]);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = {
            let _inside = runtime.enter();
            RedisStore::connect(&server.url()).unwrap()
        };
        let told = Told::by(&store);
        // Outside of the runtime, as a hold may be that is dropped.
        store.settle(settlement(1, now(), &[hard("k", running(10), 1)], &[1]));
        assert_eq!(told.others(), Vec::<String>::new());
        drop(runtime);
        assert_eq!(told.others().len(), 1);
    }
}

mod memory {
    use super::*;

    fn milliseconds(duration: Duration) -> i64 {
        i64::try_from(duration.as_millis()).unwrap()
    }

    /// All keys, and in how many milliseconds they go by themselves.
    fn lives(server: &Server) -> Vec<(String, i64)> {
        let keys: Vec<String> = server.ask(&["KEYS", "*"]);
        let life = |key: String| {
            let life = server.ask(&["PTTL", &key]);
            (key, life)
        };
        keys.into_iter().map(life).collect()
    }

    /// Nobody has to clean up: what an idle user leaves goes by itself, and so does what a killed instance leaves.
    #[tokio::test]
    async fn no_key_outlives_an_idle_user_for_long() {
        let server = Server::start();
        let store = store(&server);
        let call = [
            hard("budget", running(1_000), 10),
            hard("rate", bucket(100, 1), 10),
            hard("gauge", gauge(10), 1),
            shadow("shadow", gauge(0), 1),
            shadow("shadow-rate", bucket(1, 1), 10),
        ];
        for id in 0..5 {
            assert!(granted(&store.reserve(asked(id, &call)).await.unwrap()));
        }
        for id in 0..2 {
            store.settle(settlement(id, now(), &call, &[5; 5]));
        }
        store.settle(settlement(9, now(), &call, &[5; 5]));
        store.drain().await;
        let longest = milliseconds(26 * HOUR + LONGEST_RETRY);
        let lives = lives(&server);
        for (key, life) in &lives {
            let most = if key.ends_with(":epoch") {
                100 * 24 * milliseconds(HOUR)
            } else {
                longest
            };
            assert!((1..=most).contains(life), "{key}: {life} of {most}");
        }
        let of = |part: &str| lives.iter().filter(|(key, _)| key.contains(part)).count();
        assert_eq!((of(":h:"), of("counter=")), (3, 5), "{lives:?}");
    }

    #[tokio::test]
    async fn a_user_who_has_settled_all_leaves_what_is_counted_and_nothing_else() {
        let server = Server::start();
        let store = store(&server);
        let call = [
            hard("gauge", gauge(10), 1),
            hard("rate", bucket(100, 1), 10),
        ];
        assert!(granted(&store.reserve(asked(1, &call)).await.unwrap()));
        store.settle(settlement(1, now(), &call, &[0, 0]));
        store.drain().await;
        let lives = lives(&server);
        let left: BTreeSet<&str> = lives.iter().map(|(key, _)| key.as_str()).collect();
        let expected = [
            "tq1:{acme}/counter=rate",
            "tq1:{acme}:d:0",
            "tq1:{acme}:epoch",
        ];
        assert_eq!(
            left,
            BTreeSet::from(expected),
            "the gauge has nothing to tell"
        );
        let life = |of: &str| lives.iter().find(|(key, _)| key == of).unwrap().1;
        assert!(life("tq1:{acme}/counter=rate") <= milliseconds(2 * HOUR));
        assert!(life("tq1:{acme}:d:0") <= milliseconds(2 * HOUR));
    }
}
