//! What a day is, and what its share.

use std::time::Duration;

use tower_token_quota::Usage;

use crate::desk::{Desk, monthly, of};
use crate::support;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_day_may_spend_half_again_its_share_and_is_told_of_once_beyond() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T08:00:00Z");
    assert_eq!(desk.spend(15), "", "1.5 times of 310 / 31");
    assert!(desk.told().is_empty());
    assert_eq!(desk.spend(1), "budget pace");
    assert_eq!(desk.spend(1), "budget pace");
    assert_eq!(desk.told(), ["pace budget $16.00 of $10.00"]);
    // 293 are left for 30 days: 9.77 a day, and 14.65 before anybody is warned.
    desk.clock.advance(DAY);
    assert_eq!(desk.spend(14), "");
    assert_eq!(desk.spend(1), "budget pace");
    assert_eq!(desk.told(), ["pace budget $15.00 of $9.766666666"]);
}

#[test]
fn on_the_last_day_of_a_year_all_that_is_left_may_be_spent() {
    let desk = Desk::new(of(monthly(310)), "2026-12-30T23:00:00Z");
    assert_eq!(desk.spend(233), "budget pace", "more than 1.5 times of 155");
    desk.clock.advance(DAY);
    assert_eq!(desk.spend(77), "");
    // The next month is whole again.
    desk.clock.advance(Duration::from_secs(3600));
    assert_eq!(desk.spend(15), "");
    assert_eq!(desk.spend(1), "budget pace");
    assert_eq!(
        desk.told(),
        [
            "pace budget $233.00 of $155.00",
            "pace budget $16.00 of $10.00"
        ]
    );
}

#[test]
fn days_are_those_of_the_policys_zone() {
    // In Auckland it is noon of the last of November, and midnight comes at 11 in UTC.
    let policy = of(monthly(300)).timezone("Pacific/Auckland");
    let desk = Desk::new(policy, "2026-11-29T23:00:00Z");
    assert_eq!(desk.spend(290), "");
    desk.clock.advance(Duration::from_secs(12 * 3600));
    // 31 days of December: 9.68 a day, and 14.52 before anybody is warned.
    assert_eq!(desk.spend(14), "");
    desk.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(desk.spend(1), "budget pace");
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.spend(14), "");
}

#[test]
fn a_day_of_25_hours_is_one_day() {
    let policy = of(monthly(310)).timezone("Europe/Berlin");
    // Midnight of 25 October: seven days are left, and 310 / 7 is 44.29 a day.
    let desk = Desk::new(policy, "2026-10-24T22:00:00Z");
    assert_eq!(desk.spend(66), "");
    desk.clock.advance(DAY + Duration::from_secs(3599));
    assert_eq!(desk.spend(1), "budget pace", "the 25th hour");
    desk.clock.advance(Duration::from_secs(1));
    // 243 are left for six days: 40.5 a day.
    assert_eq!(
        (desk.spend(60), desk.spend(1)),
        (String::new(), "budget pace".into())
    );
}

#[test]
fn a_call_belongs_to_the_day_that_it_was_admitted_on() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T23:59:00Z");
    let hold = desk.hold(&support::alice(), 15);
    desk.clock.advance(Duration::from_secs(60));
    // What yesterday holds is not left: 295 for 30 days, and 14.75 before anybody is warned.
    assert_eq!(desk.spend(14), "");
    hold.settle(Usage::new(45, 0));
    // It took more: 265 for 30 days make 8.83 a day. None of it is today's.
    assert_eq!(desk.spend(0), "budget pace");
    assert_eq!(desk.told(), ["pace budget $14.00 of $8.833333333"]);
}
