//! In which order things are written, brought onto the disk, and done.

use std::sync::{Arc, Mutex};

use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{Entry, JournalError, JournalStore, Kept, SqliteStorage, Storage};
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::store::HoldId;
use tower_token_quota::{Quota, Usage};

use crate::folder::{Folder, MOST, limits, reserve, tokens_only};
use crate::support::{self, NOON, Provider, call, hello_call, metered};

/// What happened, in order.
#[derive(Debug, Clone)]
enum Op {
    Write(Box<Entry>),
    Sync,
    /// The provider was called.
    Call,
    /// The provider's answer was read to its end, which says that it served so many nano-dollars.
    Answered(u64),
}

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<Op>>>);

impl Log {
    fn add(&self, op: Op) {
        self.0.lock().unwrap().push(op);
    }

    fn ops(&self) -> Vec<Op> {
        self.0.lock().unwrap().clone()
    }

    /// In one letter each: holds, settlements, other writes, syncs, calls, answers.
    fn letters(&self) -> String {
        let letter = |op: &Op| match op {
            Op::Write(entry) => match **entry {
                Entry::Hold(_) => 'h',
                Entry::Settled(_) => 's',
                _ => '.',
            },
            Op::Sync => '|',
            Op::Call => 'C',
            Op::Answered(_) => 'A',
        };
        self.ops().iter().map(letter).collect()
    }
}

/// A storage that writes down what is asked of it.
#[derive(Debug)]
struct Recorder {
    inner: SqliteStorage,
    log: Log,
}

impl Storage for Recorder {
    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.log.add(Op::Write(Box::new(entry.clone())));
        self.inner.write(entry)
    }
    fn sync(&mut self) -> Result<(), JournalError> {
        self.inner.sync()?;
        self.log.add(Op::Sync);
        Ok(())
    }
    fn read(&mut self) -> Result<Kept, JournalError> {
        self.inner.read()
    }
    fn tidy(&mut self) -> Result<bool, JournalError> {
        Ok(false)
    }
}

struct Watched {
    _folder: Folder,
    quota: Quota,
    log: Log,
}

impl Watched {
    fn new(policy: PolicyBuilder) -> Self {
        let (folder, log) = (Folder::new(), Log::default());
        let recorder = Recorder {
            inner: SqliteStorage::open(folder.file()).unwrap(),
            log: log.clone(),
        };
        let store = JournalStore::with_storage(recorder).unwrap();
        let quota = support::quota_of(policy, &FakeClock::at(NOON)).store(store);
        Self {
            _folder: folder,
            quota,
            log,
        }
    }

    /// Calls a provider that serves 8 + `output` tokens.
    async fn call(&self, output: u64) {
        let log = self.log.clone();
        let provider = Provider::new(move |_| {
            log.add(Op::Call);
            let completion = support::provider::completion(8, output);
            Ok(support::provider::json_answer(200, &completion))
        });
        let served = call(&metered(&self.quota, &provider), hello_call()).await;
        assert_eq!(served.status, 200);
        self.log.add(Op::Answered(cost(8, output)));
    }
}

/// In nano-dollars, at gpt-4o-mini's $0.15 and $0.60 for a million.
fn cost(input: u64, output: u64) -> u64 {
    input * 150 + output * 600
}

/// The most that a call over HTTP may cost: 8 tokens in and 1,000 out, in the service tier that is the dearest.
const HTTP_MOST: u64 = 1_002_000;

#[tokio::test]
async fn a_hold_is_written_then_brought_onto_the_disk_and_only_then_the_call_is_made() {
    let watched = Watched::new(limits());
    watched.call(2).await;
    watched.quota.drain().await;
    let letters = watched.log.letters();
    let position = |letter| {
        letters
            .find(letter)
            .unwrap_or_else(|| panic!("no {letter} in {letters}"))
    };
    let (hold, call, settled) = (position('h'), position('C'), position('s'));
    assert!(letters[hold..call].contains('|'), "{letters}");
    assert!(hold < call && call < settled, "{letters}");
    assert!(letters[settled..].contains('|'), "{letters}");
}

#[tokio::test]
async fn with_durability_settle_only_settlements_are_written() {
    let watched = Watched::new(tokens_only());
    watched.call(2).await;
    watched.quota.drain().await;
    let letters = watched.log.letters();
    assert!(!letters.contains('h') && letters.contains('s'), "{letters}");
}

/// A call, and what is booked for it in nano-dollars: when it is over, and for as long as nothing but its hold is known.
#[derive(Debug)]
struct Known {
    id: HoldId,
    cost: u64,
    most: u64,
}

impl Known {
    /// Of a journal with these entries.
    fn booked(&self, entries: &[Entry]) -> u64 {
        let is_over = |entry: &Entry| matches!(entry, Entry::Settled(over) if over.id == self.id);
        let is_held = |entry: &Entry| matches!(entry, Entry::Hold(open) if open.id == self.id);
        if entries.iter().any(is_over) {
            self.cost
        } else if entries.iter().any(is_held) {
            self.most
        } else {
            0
        }
    }
}

/// A crash may come between any two operations, and of what was not brought onto the disk any part may be there, from the first on.
#[tokio::test]
async fn whatever_a_crash_leaves_a_call_that_is_over_is_booked_once_and_one_under_way_at_its_most()
{
    let watched = Watched::new(limits());
    for output in [2, 700, 900] {
        watched.call(output).await;
    }
    let open = reserve(&watched.quota).await.unwrap();
    watched.call(5).await;
    open.settle(Usage::new(1_000, 1_000));
    watched.log.add(Op::Answered(cost(1_000, 1_000)));
    watched.quota.drain().await;
    let ops = watched.log.ops();
    let calls = known(
        &ops,
        [
            (cost(8, 2), HTTP_MOST),
            (cost(8, 700), HTTP_MOST),
            (cost(8, 900), HTTP_MOST),
            (cost(1_000, 1_000), MOST),
            (cost(8, 5), HTTP_MOST),
        ],
    );
    for crash in 0..=ops.len() {
        let happened = &ops[..crash];
        let synced = happened.iter().rposition(|op| matches!(op, Op::Sync));
        let (synced, unsynced) = happened.split_at(synced.map_or(0, |at| at + 1));
        let (synced, unsynced) = (writes(synced), writes(unsynced));
        for kept in 0..=unsynced.len() {
            let left = [&synced, &unsynced[..kept]].concat();
            audit(&left, &calls, served(happened));
        }
    }
}

/// What the calls are whose holds were written, in that order.
fn known(ops: &[Op], booked: [(u64, u64); 5]) -> Vec<Known> {
    let written = writes(ops);
    let held = written.iter().filter_map(|entry| match entry {
        Entry::Hold(open) => Some(open.id),
        _ => None,
    });
    let known = |(id, (cost, most))| Known { id, cost, most };
    let calls: Vec<Known> = held.zip(booked).map(known).collect();
    assert_eq!(calls.len(), booked.len());
    calls
}

fn writes(ops: &[Op]) -> Vec<Entry> {
    let write = |op: &Op| match op {
        Op::Write(entry) => Some((**entry).clone()),
        _ => None,
    };
    ops.iter().filter_map(write).collect()
}

fn served(ops: &[Op]) -> u64 {
    let served = |op: &Op| match op {
        Op::Answered(nanos) => *nanos,
        _ => 0,
    };
    ops.iter().map(served).sum()
}

/// Opens what is there after a crash.
fn audit(left: &[Entry], calls: &[Known], served: u64) {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    for entry in left {
        storage.write(entry).unwrap();
    }
    storage.sync().unwrap();
    drop(storage);

    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let usd = support::limit(&quota, "usd");
    let booked: u64 = calls.iter().map(|call| call.booked(left)).sum();
    assert_eq!((usd.used, usd.held), (booked, 0));
    assert!(usd.used >= served, "{} of {served}", usd.used);
}
