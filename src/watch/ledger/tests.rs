use jiff::Timestamp;

use super::*;

const NOVEMBER: i64 = 1_793_500_000_000_000;
const MONTH: i64 = 31 * 24 * 3600 * 1_000_000;

fn refuse(ledger: &Ledger, subject: &Subject, model: &str, at: i64) {
    let kind = RejectionKind::QuotaSpent;
    ledger.refused(subject, model, kind, Some(Usd::dollars(1)), at);
}

fn subject(organization: &str) -> Subject {
    Subject::new("t").organization(organization).project("p")
}

#[test]
fn months_are_those_of_the_time_zone() {
    let ledger = Ledger::default();
    let at = "2026-11-30T23:30:00Z".parse::<Timestamp>().expect("a time");
    assert_eq!(ledger.month(at.as_microsecond()).to_string(), "2026-11");
    let ledger = Ledger::default();
    ledger.use_zone(TimeZone::get("Europe/Berlin").expect("a zone"));
    assert_eq!(ledger.month(at.as_microsecond()).to_string(), "2026-12");
}

#[test]
fn more_names_than_there_is_room_for_are_counted_together_and_none_is_lost() {
    let ledger = Ledger::default();
    for model in 0..MOST_NAMES + 10 {
        refuse(&ledger, &subject("acme"), &model.to_string(), NOVEMBER);
    }
    let account = ledger.account(ledger.month(NOVEMBER), "acme");
    assert_eq!(account.models.len(), MOST_NAMES + 1);
    assert_eq!(account.models[OTHER].saved.refused.calls, 10);
    let all: Usd = account.models.values().map(|of| of.saved.total()).sum();
    assert_eq!(all, account.totals.saved.total());
}

#[test]
fn the_oldest_month_is_forgotten_first_and_the_rows_stay_bounded() {
    let ledger = Ledger::default();
    ledger.lock().most_rows = 30;
    for (month, organizations) in [(0, 8), (1, 20)] {
        for name in 0..organizations {
            let at = NOVEMBER + month * MONTH;
            refuse(&ledger, &subject(&name.to_string()), "m", at);
        }
    }
    let (old, new) = (ledger.month(NOVEMBER), ledger.month(NOVEMBER + MONTH));
    assert!(ledger.organizations(old).is_empty());
    assert_eq!(ledger.organizations(new).len(), 10);
    let book = ledger.lock();
    let counted: usize = book
        .months
        .values()
        .flat_map(BTreeMap::values)
        .map(Account::rows)
        .sum();
    assert_eq!(book.rows, counted);
    assert!(book.rows <= 32, "{}", book.rows);
}

#[test]
fn no_more_months_are_kept_than_there_is_room_for() {
    let ledger = Ledger::default();
    for month in 0..50 {
        refuse(&ledger, &subject("acme"), "m", NOVEMBER + month * MONTH);
    }
    assert_eq!(ledger.lock().months.len(), MOST_MONTHS);
}

#[test]
fn the_running_month_is_kept_although_a_clock_once_showed_a_later_one() {
    let ledger = Ledger::default();
    ledger.lock().most_rows = 10;
    refuse(&ledger, &subject("acme"), "m", NOVEMBER + 120 * MONTH);
    for name in 0..20 {
        refuse(&ledger, &subject(&name.to_string()), "m", NOVEMBER);
    }
    let running = ledger.month(NOVEMBER);
    assert_eq!(ledger.organizations(running).len(), 4);
    let first = ledger.account(running, "0");
    assert_eq!(first.totals.saved.refused.calls, 1);
}

#[test]
fn history_is_of_the_last_months_however_long_ago_a_clock_once_stood() {
    let ledger = Ledger::default();
    for at in [0, NOVEMBER - MONTH] {
        refuse(&ledger, &subject("acme"), "m", at);
    }
    let history = ledger.history("acme", None, ledger.month(NOVEMBER));
    let months: Vec<String> = history.iter().map(|(month, _)| month.to_string()).collect();
    assert_eq!(months, [ledger.month(NOVEMBER - MONTH).to_string()]);
}

#[test]
fn a_call_that_comes_late_does_not_have_the_running_month_forgotten() {
    let ledger = Ledger::default();
    ledger.lock().most_rows = 6;
    for name in ["a", "b"] {
        refuse(&ledger, &subject(name), "m", NOVEMBER + MONTH);
    }
    let mut book = ledger.at(NOVEMBER + MONTH);
    book.book(&subject("a"), "m", NOVEMBER, |totals| totals.calls += 1);
    drop(book);
    let running = ledger.month(NOVEMBER + MONTH);
    assert_eq!(ledger.organizations(running).len(), 2);
}

#[test]
fn names_that_callers_invent_are_refused_together() {
    let ledger = Ledger::default();
    let kind = RejectionKind::RateLimited;
    for name in ["invented-1", "invented-2", "gpt-4o"] {
        ledger.refused(&subject("acme"), name, kind, None, NOVEMBER);
    }
    let models = ledger.account(ledger.month(NOVEMBER), "acme").models;
    let names: Vec<&str> = models.keys().map(|name| &**name).collect();
    assert_eq!(names, ["gpt-4o", OTHER]);
}
