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

mod call;
#[path = "../support/charge.rs"]
mod charge;
#[path = "../support/chat.rs"]
mod chat;
mod checks;
mod given;
mod limiter;
mod limits;
#[path = "../support/measure.rs"]
mod measure;
mod pair;
mod quota;
mod threads;
mod time;

use tower_token_quota::clock::SystemClock;

use checks::{beside_checks, quota_beside_checks};
use given::Given;
use pair::Pair;
use threads::threads;

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
    if pair.counted == 0 {
        return println!("| {what} | too disturbed to say | | | {pairs} |");
    }
    println!("| {what} | {ours:.0} ns | {theirs:.0} ns | {ratio:.2} | {pairs} |");
}
