//! How the cost of a call grows: with its body, with the number of limits, with the number of users.
//!
//! `cargo bench --bench growth` prints a table of the ends of each curve, says every figure on stderr, and draws them all
//! into `docs/growth.svg`. What is measured is the processor time of this process, all its threads together: what else the
//! machine does takes none of it.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

mod bodies;
#[path = "../support/chat.rs"]
mod chat;
mod counters;
#[path = "../support/measure.rs"]
mod measure;
mod plot;
#[path = "../support/prose.rs"]
mod prose;

use std::time::Duration;

/// What one thing costs, by how much there is of another.
struct Curve {
    name: &'static str,
    /// How much there is, and the median time of one call.
    points: Vec<(u64, Duration)>,
}

/// Curves over the same thing.
struct Panel {
    title: &'static str,
    /// How an amount of that thing is written.
    amount: fn(u64) -> String,
    /// The axis has a mark at each power of this.
    base: f64,
    curves: Vec<Curve>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tower_token_quota::count::warm_up();
    let panels = [
        bodies::measure().await,
        counters::by_limits().await,
        counters::by_users().await,
    ];
    println!("| | with | it costs | with | it costs | so many times |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for panel in &panels {
        panel.curves.iter().for_each(|curve| print(panel, curve));
    }
    plot::draw(&panels);
}

fn print(panel: &Panel, curve: &Curve) {
    let name = format!("{}: {}", panel.title, curve.name);
    for (amount, time) in &curve.points {
        eprintln!("{name}, {}: {}", (panel.amount)(*amount), micros(*time));
    }
    let [(least, low), .., (most, high)] = curve.points[..] else {
        return;
    };
    let (least, most) = ((panel.amount)(least), (panel.amount)(most));
    let times = high.as_secs_f64() / low.as_secs_f64();
    let (low, high) = (micros(low), micros(high));
    println!("| {name} | {least} | {low} | {most} | {high} | {times:.1} |");
}

fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        micros if micros < 10.0 => format!("{micros:.2} µs"),
        micros if micros < 1e3 => format!("{micros:.0} µs"),
        micros => format!("{:.1} ms", micros / 1e3),
    }
}
