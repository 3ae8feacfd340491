//! What counts as spent.

use tower_token_quota::Usd;
use tower_token_quota::store::Adjustment;

use crate::desk::{Desk, monthly, of};
use crate::support::{self, run};

#[test]
fn what_is_given_back_is_not_spent() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T08:00:00Z");
    desk.hold(&support::alice(), 10).release();
    assert_eq!(desk.spend(15), "");
    desk.hold(&support::alice(), 1).release();
    assert_eq!(desk.told(), ["pace budget $16.00 of $10.00"]);
    // It falls, and rises again: it was told of.
    assert_eq!(desk.spend(1), "budget pace");
    assert!(desk.told().is_empty());
}

#[test]
fn a_correction_changes_what_is_left() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T08:00:00Z");
    let adjust = |adjustment| {
        let alice = support::alice();
        let adjusted = desk.quota.adjust(&alice, "budget", None, adjustment);
        run(adjusted).unwrap();
    };
    assert_eq!(desk.spend(15), "");
    adjust(Adjustment::Debit(Usd::dollars(31).nanos()));
    assert_eq!(desk.spend(0), "budget pace", "279 / 31 are 9 a day");
    adjust(Adjustment::Credit(Usd::dollars(31).nanos()));
    assert_eq!(desk.spend(0), "");
}
