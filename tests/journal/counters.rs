//! What the writer knows by heart of counters, and what is in the file.

use tower_token_quota::journal::{Entry, SqliteStorage, Storage};
use tower_token_quota::store::{Charge, Settlement};

use crate::folder::Folder;
use crate::store_support::{at, bucket, budget, hard, settlement};

const DAY: u64 = 86_400;

fn settle(storage: &mut SqliteStorage, settled: Settlement) {
    storage.write(&Entry::Settled(settled)).unwrap();
    storage.sync().unwrap();
}

#[test]
fn a_counter_that_was_forgotten_begins_anew_in_the_same_process() {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    let dry = hard("dry", bucket(1_000, 1), 0);
    let other = hard("other", budget(1_000), 0);
    settle(
        &mut storage,
        settlement(1, at(0), std::slice::from_ref(&dry), &[7]),
    );
    // A clock that has been so far ahead for a day is believed.
    for (id, days) in [(2, 200), (3, 202)] {
        let settled = settlement(id, at(days * DAY), std::slice::from_ref(&other), &[1]);
        settle(&mut storage, settled);
    }
    while storage.tidy().unwrap() {}
    let used = "SELECT used FROM balances WHERE limit_id = 'dry'";
    assert!(folder.ask(used).is_empty());
    settle(&mut storage, settlement(4, at(202 * DAY), &[dry], &[5]));
    assert_eq!(folder.ask(used), ["5"]);
    drop(storage);
    SqliteStorage::open(folder.file()).unwrap();
}

/// Two tiers may charge one counter of their organization under limits of different amounts.
#[test]
fn terms_that_take_turns_are_written_once_each() {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    let tiers = [10, 20].map(|cap| hard("shared", budget(cap), 0));
    for id in 0..10 {
        let charge = &tiers[id % 2..][..1];
        settle(&mut storage, settlement(id as u128, at(1), charge, &[1]));
    }
    assert_eq!(folder.ask("SELECT count(*) FROM terms"), ["2"]);
    let balance = "SELECT used || ' of ' || amount FROM balances";
    assert_eq!(folder.ask(balance), ["10 of 20"]);
    drop(storage);
    let kept = SqliteStorage::open(folder.file()).unwrap().read().unwrap();
    assert_eq!(kept.counters[0].charge, tiers[1]);
}

#[test]
fn more_counters_than_are_known_by_heart_are_counted_all_the_same() {
    const COUNTERS: usize = 17_000;
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    let charges: Vec<Charge> = (0..COUNTERS)
        .map(|number| hard(&number.to_string(), budget(1_000), 0))
        .collect();
    for id in 0..2 {
        settle(
            &mut storage,
            settlement(id, at(1), &charges, &[3; COUNTERS]),
        );
    }
    let sum = "SELECT sum(used) FROM balances";
    assert_eq!(folder.ask(sum), [(COUNTERS * 6).to_string()]);
    assert_eq!(
        folder.ask("SELECT count(*) FROM terms"),
        [COUNTERS.to_string()]
    );
    drop(storage);
    SqliteStorage::open(folder.file()).unwrap();
}
