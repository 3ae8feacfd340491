//! What a decision costs in memory, beside a plain keyed rate limiter, and how that cost grows.
//!
//! `cargo bench --bench store` prints tables in Markdown and then, after a line `# figures`, the same figures separated
//! by tabs. What is compared is measured in turns, in pairs within one run: of the pairs' ratios the median is told, and
//! of the times the least, which is the least disturbed. A pair in which a thread had to wait for a core, for more than a
//! twentieth of the time and by the system's own account, says nothing and is measured again; the last column says how
//! many pairs counted of how many. Nanoseconds are this machine's.
//!
//! A call here is `reserve_now` and `settle_now` with four limits and two readings of the clock; a check is one of
//! governor's keyed limiter, by keys of the same length, which reads its clock as well.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "support/charge.rs"]
mod charge;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use charge::charge;
use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use tower_token_quota::clock::{Clock, Moment, SystemClock};
use tower_token_quota::store::{
    Booking, Charge, CounterKey, Decision, HoldId, MemoryStore, Reservation, Rule, Settlement,
};
use tower_token_quota::{Demand, Quota, Subject, Usage};

#[path = "support/chat.rs"]
mod chat;
#[path = "support/measure.rs"]
mod measure;
use chat::four_limits;
use measure::median;

const MINUTE: u64 = 60_000_000;
const PLENTY: u64 = 1 << 50;
const KINDS: [(&str, &str, Rule); 4] = [
    ("pro/requests/minute", "requests", bucket()),
    ("pro/tokens/minute", "tokens", bucket()),
    ("pro/tokens/day", "tokens", day()),
    ("pro/concurrent/gauge", "concurrent", gauge()),
];

const fn bucket() -> Rule {
    Rule::Bucket {
        capacity: PLENTY,
        refill: PLENTY,
        every: MINUTE,
    }
}

const fn day() -> Rule {
    Rule::Budget {
        cap: PLENTY,
        starts_at: 0,
        ends_at: i64::MAX,
    }
}

const fn gauge() -> Rule {
    Rule::Gauge { cap: PLENTY }
}

/// So many limits of one user, of all kinds in turn.
fn charges(user: usize, limits: usize) -> Vec<Charge> {
    let charge = |number: usize| {
        let (limit, unit, rule) = KINDS[number % KINDS.len()];
        let id = format!("{limit}/{:02}", number / KINDS.len());
        let user = format!("user-{user:07}");
        charge(
            &id,
            rule,
            &[("limit", &id), ("unit", unit), ("user", &user)],
        )
    };
    (0..limits).map(charge).collect()
}

/// A call of one user, to be made again and again.
struct Call {
    reservation: Reservation,
    settlement: Settlement,
}

impl Call {
    fn of(user: usize, limits: usize) -> Self {
        let charges = charges(user, limits);
        let (id, now) = (HoldId::from_u128(0), SystemClock::default().now());
        let booking = |charge: &Charge| Booking::new(charge.clone(), 1);
        Self {
            settlement: Settlement {
                id,
                organization: "default".into(),
                now,
                bookings: charges.iter().map(booking).collect(),
                record: None,
            },
            reservation: Reservation {
                id,
                organization: "default".into(),
                now,
                expires_in: Duration::from_secs(86_400),
                candidates: vec![charges],
                unreconciled: Vec::new(),
            },
        }
    }

    /// Lends it the keys of a user, or takes them back.
    fn swap_keys(&mut self, keys: &mut [Vec<CounterKey>; 2]) {
        let [reserved, settled] = keys;
        let charges = self.reservation.candidates[0].iter_mut();
        let booked = self.settlement.bookings.iter_mut();
        let places = charges
            .map(|it| &mut it.key)
            .chain(booked.map(|it| &mut it.charge.key));
        for (place, key) in places.zip(reserved.iter_mut().chain(settled)) {
            std::mem::swap(place, key);
        }
    }

    fn make(&mut self, store: &MemoryStore, clock: &impl Clock, id: HoldId) {
        (self.reservation.id, self.reservation.now) = (id, clock.now());
        let decision = store.reserve_now(&self.reservation);
        assert!(matches!(decision, Decision::Granted { .. }));
        (self.settlement.id, self.settlement.now) = (id, clock.now());
        black_box(store.settle_now(&self.settlement));
    }
}

/// A time that costs nothing to read.
#[derive(Debug, Default)]
struct Given(AtomicU64);

impl Clock for Given {
    fn now(&self) -> Moment {
        let steady = self.0.fetch_add(1, Ordering::Relaxed);
        Moment { wall: 0, steady }
    }
}

/// Ids as a quota makes them: counted up by all threads.
#[derive(Default)]
struct Ids(AtomicU64);

impl Ids {
    fn next(&self) -> HoldId {
        HoldId::from_u128(self.0.fetch_add(1, Ordering::Relaxed).into())
    }
}

type Limiter = governor::RateLimiter<String, DashMapStateStore<String>, DefaultClock>;

fn limiter() -> Limiter {
    let burst = NonZeroU32::new(u32::MAX).unwrap();
    governor::RateLimiter::dashmap(governor::Quota::per_second(burst))
}

fn keys(user: usize, limits: usize) -> Vec<String> {
    let charges = charges(user, limits);
    charges
        .iter()
        .map(|it| it.key.as_str().to_owned())
        .collect()
}

/// How many rounds a thread did in how long, and for how long it waited meanwhile for a core that others had.
struct Span {
    rounds: usize,
    took: Duration,
    waited: Duration,
}

impl Span {
    fn of(rounds: usize, mut round: impl FnMut(usize)) -> Self {
        let (waited, begin) = (waited_for_a_core(), Instant::now());
        for number in 0..rounds {
            round(number);
        }
        Self {
            rounds,
            took: begin.elapsed(),
            waited: waited_for_a_core().saturating_sub(waited),
        }
    }

    /// As many rounds as there are in this time, about.
    fn lasting(time: Duration, mut round: impl FnMut(usize)) -> Self {
        let mut span = Self::of(BATCH, &mut round);
        while span.took < time {
            let more = Self::of(BATCH, &mut round);
            span.rounds += more.rounds;
            span.took += more.took;
            span.waited += more.waited;
        }
        span
    }

    fn was_disturbed(&self) -> bool {
        self.waited > self.took / 20
    }
}

/// For how long this thread has waited for a core since it began; nothing where the system does not tell.
fn waited_for_a_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').nth(1).and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Nanoseconds for each round, and whether anyone had to wait.
#[derive(Clone, Copy)]
struct Time {
    nanos: f64,
    disturbed: bool,
}

/// How long so many rounds take, each.
fn time(rounds: usize, round: impl FnMut(usize)) -> Time {
    let span = Span::of(rounds, round);
    Time {
        nanos: span.took.as_secs_f64() * 1e9 / rounds as f64,
        disturbed: span.was_disturbed(),
    }
}

/// How long two threads that work beside each other take for a round of either.
fn together(parts: [impl FnMut(usize) + Send; 2]) -> Time {
    let ready = AtomicUsize::new(0);
    let begin_together = || {
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < 2 {
            std::hint::spin_loop();
        }
    };
    let spans = thread::scope(|scope| {
        let run = |part| {
            scope.spawn(move || {
                begin_together();
                Span::lasting(SIDE_BY_SIDE, part)
            })
        };
        parts.map(run).map(|thread| thread.join().unwrap())
    });
    let rate = |span: &Span| span.rounds as f64 / span.took.as_secs_f64();
    Time {
        nanos: 1e9 / spans.iter().map(rate).sum::<f64>(),
        disturbed: spans.iter().any(Span::was_disturbed),
    }
}

fn least(of: &[f64]) -> f64 {
    of.iter().copied().fold(f64::INFINITY, f64::min)
}

/// So many rounds between two looks at the clock.
const BATCH: usize = 256;

/// Two threads that begin together work side by side for so long; that one begins a little later then says little.
const SIDE_BY_SIDE: Duration = Duration::from_millis(10);

const PAIRS: usize = 41;
const LONGEST: Duration = Duration::from_secs(5);

/// Two things measured in turns: the least times of both in nanoseconds, and the median of their ratios.
struct Pair {
    ours: f64,
    theirs: f64,
    ratio: f64,
    tries: usize,
    counted: usize,
}

impl Pair {
    fn measure(mut ours: impl FnMut() -> Time, mut theirs: impl FnMut() -> Time) -> Self {
        ours();
        theirs();
        let (begin, mut tries, mut pairs) = (Instant::now(), 0, Vec::new());
        while pairs.len() < PAIRS && begin.elapsed() < LONGEST {
            let pair = (ours(), theirs());
            tries += 1;
            if !pair.0.disturbed && !pair.1.disturbed {
                pairs.push((pair.0.nanos, pair.1.nanos));
            }
        }
        let ratios = pairs.iter().map(|(ours, theirs)| ours / theirs);
        let ratio = median(ratios).unwrap_or(f64::NAN);
        let (ours, theirs): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        Self {
            ratio,
            ours: least(&ours),
            theirs: least(&theirs),
            tries,
            counted: pairs.len(),
        }
    }
}

/// One call of so many limits against as many checks as it books, of users who come in turn.
fn beside_checks(users: usize, limits: usize, clock: &impl Clock) -> Pair {
    let (store, ids) = (MemoryStore::new(), Ids::default());
    let mut call = Call::of(0, limits);
    let names = |user| charges(user, limits).into_iter().map(|it| it.key);
    let mut names: Vec<_> = (0..users)
        .map(|user| names(user).collect::<Vec<_>>())
        .map(|names| [names.clone(), names])
        .collect();
    let mut its = 0;
    call.swap_keys(&mut names[its]);
    let mut call_of = |user: usize| {
        if user != its {
            call.swap_keys(&mut names[its]);
            call.swap_keys(&mut names[user]);
            its = user;
        }
        call.make(&store, clock, ids.next());
    };
    (0..users).for_each(&mut call_of);
    let limiter = limiter();
    let keys: Vec<_> = (0..users).map(|user| keys(user, limits)).collect();
    let check = |user: usize| {
        for key in keys[user].iter().chain(&keys[user]) {
            black_box(limiter.check_key(key).is_ok());
        }
    };
    (0..users).for_each(check);
    // Users come in no order that a cache could foresee.
    let stride = 611_953;
    let rounds = 2_000;
    let (mut ours, mut theirs) = (0, 0);
    Pair::measure(
        || {
            time(rounds, |_| {
                ours = (ours + stride) % users;
                call_of(ours);
            })
        },
        || {
            time(rounds, |_| {
                theirs = (theirs + stride) % users;
                check(theirs);
            })
        },
    )
}

/// One thread's time for a call, and two threads'.
fn two_threads<P>(make: impl Fn(usize) -> P) -> Pair
where
    P: FnMut(usize) + Send,
{
    let rounds = 2_000;
    let (mut first, mut second, mut alone) = (make(0), make(1), make(2));
    Pair::measure(
        || time(rounds, &mut alone),
        || together([&mut first, &mut second]),
    )
}

fn main() {
    let (clock, given) = (SystemClock::default(), Given::default());
    let mut figures = Vec::new();
    let mut tell =
        |what: &str, at: &str, figure: f64| figures.push(format!("{what}\t{at}\t{figure:.3}"));

    head("one call", "time", "eight checks of governor", "ratio");
    let calls = [
        ("the store, four limits", beside_checks(1, 4, &clock)),
        ("the same, the time given", beside_checks(1, 4, &given)),
        ("`Quota`, four limits", quota_beside_checks()),
    ];
    for (what, pair) in calls {
        row(what, &pair);
        tell("call / eight checks", what, pair.ratio);
    }

    head(
        "two threads",
        "one: time a call",
        "two: time a call",
        "times the throughput of one",
    );
    for (what, pair) in threads() {
        row(what, &pair);
        tell("two threads / one", what, pair.ratio);
    }

    head("limits", "one call", "twice as many checks", "ratio");
    for limits in [1, 2, 4, 8, 16] {
        let (at, pair) = (limits.to_string(), beside_checks(1, limits, &clock));
        row(&at, &pair);
        tell("ns a call, by limits", &at, pair.ours);
    }

    head("users", "one call, four limits", "eight checks", "ratio");
    for users in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let (at, pair) = (users.to_string(), beside_checks(users, 4, &clock));
        row(&at, &pair);
        tell("ns a call, by users", &at, pair.ours);
    }

    println!("\n# figures");
    for figure in figures {
        println!("{figure}");
    }
}

fn head(what: &str, ours: &str, theirs: &str, ratio: &str) {
    println!("\n| {what} | {ours} | {theirs} | {ratio} | pairs |");
    println!("| --- | --- | --- | --- | --- |");
}

fn row(what: &str, pair: &Pair) {
    let Pair {
        ours,
        theirs,
        ratio,
        ..
    } = pair;
    let pairs = format!("{} of {}", pair.counted, pair.tries);
    println!("| {what} | {ours:.0} ns | {theirs:.0} ns | {ratio:.2} | {pairs} |");
}

fn quota() -> Quota {
    Quota::new(four_limits().build().unwrap())
}

fn call_quota(quota: &Quota, subject: &Subject) {
    let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
    let mut reserving = std::pin::pin!(quota.reserve(subject, demand));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(hold) = reserving.as_mut().poll(&mut context) else {
        panic!("in memory it is ready at once");
    };
    hold.unwrap().settle(Usage::new(400, 3));
}

fn quota_beside_checks() -> Pair {
    let (quota, subject) = (quota(), Subject::user("user-0000001", "pro"));
    let (limiter, keys) = (limiter(), keys(1, 4));
    Pair::measure(
        || time(2_000, |_| call_quota(&quota, &subject)),
        || {
            time(2_000, |_| {
                for key in keys.iter().chain(&keys) {
                    black_box(limiter.check_key(key).is_ok());
                }
            })
        },
    )
}

fn threads() -> Vec<(&'static str, Pair)> {
    let (stores, quota, limiter) = (
        [(); 3].map(|()| (MemoryStore::new(), Ids::default())),
        quota(),
        limiter(),
    );
    let (stores, quota, limiter) = (&stores, &quota, &limiter);
    let calls = |store: usize, user: usize, limits: usize| {
        let (mut call, clock) = (Call::of(user, limits), SystemClock::default());
        let (store, ids) = &stores[store];
        move |_| call.make(store, &clock, ids.next())
    };
    let quotas = |user: usize| {
        let subject = Subject::user(format!("user-{user:07}"), "pro");
        move |_| call_quota(quota, &subject)
    };
    let checks = |user: usize| {
        let keys = keys(user, 4);
        move |_| {
            for key in keys.iter().chain(&keys) {
                black_box(limiter.check_key(key).is_ok());
            }
        }
    };
    vec![
        ("the store, one counter", two_threads(|_| calls(0, 1, 1))),
        (
            "the store, one user, four limits",
            two_threads(|_| calls(1, 1, 4)),
        ),
        (
            "the store, a user each, four limits",
            two_threads(|user| calls(2, user, 4)),
        ),
        ("`Quota`, one user, four limits", two_threads(|_| quotas(1))),
        ("`Quota`, a user each, four limits", two_threads(quotas)),
        (
            "governor, one user, eight checks",
            two_threads(|_| checks(1)),
        ),
        ("governor, a user each, eight checks", two_threads(checks)),
    ]
}
