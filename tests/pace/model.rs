//! Against a naive model, by dates and sums.

use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::{Demand, Usage};

use crate::desk::{Desk, monthly, of};
use crate::support::{self, run};

/// Some hours later, so many dollars.
type Step = (u64, u64);

/// By dates and sums: which of these steps are warned of, and how many days are told of.
fn naively(
    amount: u64,
    start: jiff::Timestamp,
    zone: &jiff::tz::TimeZone,
    steps: &[Step],
) -> (Vec<bool>, usize) {
    let mut now = start;
    let mut spent: Vec<(jiff::civil::Date, u64)> = Vec::new();
    let (mut warned, mut told) = (Vec::new(), Vec::new());
    for &(hours, dollars) in steps {
        now += Duration::from_secs(hours * 3600);
        let today = zone.to_datetime(now).date();
        let on = |days: &dyn Fn(jiff::civil::Date) -> bool| -> u64 {
            let of = spent.iter().filter(|(day, _)| days(*day));
            of.map(|(_, dollars)| dollars).sum()
        };
        let this_month = |day: jiff::civil::Date| day.first_of_month() == today.first_of_month();
        let before = on(&|day| this_month(day) && day < today);
        let so_far = on(&|day| day == today) + dollars;
        if before + so_far > amount {
            warned.push(false);
            continue;
        }
        let days = u64::from(today.days_in_month().unsigned_abs() - today.day().unsigned_abs()) + 1;
        let is_too_fast = so_far * days * 10 > (amount - before) * 15;
        warned.push(is_too_fast);
        if is_too_fast && !told.contains(&today) {
            told.push(today);
        }
        spent.push((today, dollars));
    }
    (warned, told.len())
}

proptest! {
    #![proptest_config(support::cases(96))]

    #[test]
    fn days_and_spends_agree_with_a_naive_model(
        hour in 0i64..24 * 366 * 4,
        amount in 1u64..2_000,
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Australia/Lord_Howe"]),
        steps in prop::collection::vec((0u64..60, 0u64..120), 1..60),
    ) {
        let start = "2026-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(hour.unsigned_abs() * 3600);
        let zone_ = jiff::tz::TimeZone::get(zone).unwrap();
        let desk = Desk::new(of(monthly(amount)).timezone(zone), &start.to_string());
        let mut warned = Vec::new();
        for &(hours, dollars) in &steps {
            desk.clock.advance(Duration::from_secs(hours * 3600));
            let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
            warned.push(match run(desk.quota.reserve(&support::alice(), demand)) {
                Ok(hold) => {
                    let is_warned = hold.warnings().count() == 1;
                    hold.settle(Usage::new(dollars, 0));
                    is_warned
                }
                Err(_) => false,
            });
        }
        let (expected, told) = naively(amount, start, &zone_, &steps);
        prop_assert_eq!(warned, expected);
        prop_assert_eq!(desk.told().len(), told);
    }
}
