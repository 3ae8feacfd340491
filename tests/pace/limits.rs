//! Which limits have a pace.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::prices::Price;
use tower_token_quota::{Demand, Limit, Policy, Quota, Scope, Subject, Tier, Usd};

use crate::desk::{Desk, monthly, of};
use crate::support::{self, run};

#[test]
fn a_week_has_a_pace_and_a_day_has_none() {
    let week = of(Limit::usd(Usd::dollars(70)).per_week().id("week"));
    let desk = Desk::new(week, "2026-11-23T08:00:00Z");
    assert_eq!(
        (desk.spend(15), desk.spend(1)),
        (String::new(), "week pace".into())
    );
    for limit in [
        Limit::usd(Usd::dollars(70)).per_day(),
        Limit::usd(Usd::dollars(70)).per_hour(),
        Limit::usd(Usd::dollars(700)).per_month().soft(),
        Limit::usd(Usd::dollars(700)).per_month().shadow(),
        Limit::tokens(70).per_month(),
    ] {
        let desk = Desk::new(of(limit), "2026-11-23T08:00:00Z");
        assert_eq!((desk.spend(70), desk.told()), (String::new(), vec![]));
    }
}

#[test]
fn each_counter_has_a_pace_of_its_own() {
    let policy = Policy::new()
        .tier(Tier::new("t"))
        .organization_limit(monthly(3100).id("whole"))
        .project("api", [monthly(310).id("api")])
        .project("batch", [monthly(310).id("batch")]);
    let desk = Desk::new(policy, "2026-12-01T08:00:00Z");
    let of = |project: &str| Subject::user("alice", "t").project(project);
    assert_eq!(desk.spend_as(&of("api"), 16), "api pace");
    assert_eq!(desk.spend_as(&of("batch"), 15), "");
    assert_eq!(desk.spend_as(&of("batch"), 120), "whole pace, batch pace");
    let acme = |project: &str| of(project).organization("acme");
    assert_eq!(desk.spend_as(&acme("api"), 15), "");
    assert_eq!(
        desk.told(),
        [
            "pace api $16.00 of $10.00",
            "pace whole $151.00 of $100.00",
            "pace batch $135.00 of $10.00"
        ]
    );
    let by_model = Tier::new("t").limit(monthly(310).scope(Scope::USER.and(Scope::MODEL)));
    let dear = Price::per_million("1000000", "1000000").unwrap();
    let desk = Desk::new(
        Policy::new().tier(by_model).price("n", dear),
        "2026-12-01T08:00:00Z",
    );
    assert_eq!(desk.spend(16), "budget pace");
    let other = Demand::new("n").input_tokens(15).output_tokens(0);
    let hold = run(desk.quota.reserve(&support::alice(), other)).unwrap();
    assert_eq!(hold.warnings().count(), 0);
}

#[test]
fn it_can_be_turned_off() {
    let off = |text: &str| {
        let policy = Policy::from_toml(&format!(
            "{text}\n[prices]\nm = {{ input = '1000000', output = '0' }}"
        ));
        let clock = FakeClock::at("2026-12-01T08:00:00Z");
        let quota = Quota::new(policy.unwrap()).clock(clock);
        let demand = Demand::new("m").input_tokens(300).output_tokens(0);
        let hold = run(quota.reserve(&support::alice(), demand)).unwrap();
        hold.warnings().count() == 0
    };
    assert!(!off("[tiers.t]\nbudget = { usd = 310 }"));
    assert!(off("[tiers.t]\nbudget = { usd = 310, pace = false }"));
    let limit = |pace: &str| {
        off(&format!(
            "[tiers.t]\nlimits = [ {{ unit = 'usd', amount = 310, per = 'month'{pace} }} ]"
        ))
    };
    assert!(!limit("") && !limit(", pace = true") && limit(", pace = false"));
    assert_eq!(
        Desk::new(of(monthly(310).pace(false)), "2026-12-01T08:00:00Z").spend(300),
        ""
    );
    for limit in [
        Limit::tokens(5).per_month(),
        Limit::usd(Usd::dollars(5)).per_day(),
        monthly(5).soft(),
    ] {
        let wrong = of(limit.pace(true)).build().unwrap_err().to_string();
        assert!(wrong.contains("`pace`"), "{wrong}");
    }
}
