//! In which order things are written, brought onto the disk, and done.

use std::sync::{Arc, Mutex};

use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{Entry, JournalError, JournalStore, Kept, SqliteStorage, Storage};
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::{Quota, Usage};

use crate::folder::{Folder, limits, reserve, tokens_only};
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
        // gpt-4o-mini: $0.15 and $0.60 for a million.
        self.log.add(Op::Answered(8 * 150 + output * 600));
    }
}

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

/// A crash may come between any two operations, and of what was not brought onto the disk any part may be there, from the first on.
#[tokio::test]
async fn whatever_a_crash_leaves_the_books_are_never_too_low_and_no_higher_than_what_was_under_way()
{
    let watched = Watched::new(limits());
    for output in [2, 700, 900] {
        watched.call(output).await;
    }
    let open = reserve(&watched.quota).await.unwrap();
    watched.call(5).await;
    open.settle(Usage::new(1_000, 1_000));
    watched.log.add(Op::Answered(750_000));
    watched.quota.drain().await;
    let ops = watched.log.ops();
    for crash in 0..=ops.len() {
        let happened = &ops[..crash];
        let synced = happened.iter().rposition(|op| matches!(op, Op::Sync));
        let unsynced = happened[synced.map_or(0, |at| at + 1)..].iter();
        let unsynced = unsynced.filter(|op| matches!(op, Op::Write(_))).count();
        for lost in 0..=unsynced {
            audit(happened, unsynced - lost);
        }
    }
}

/// Opens what is there after a crash: all that was synced, and so many of the writes after it.
fn audit(happened: &[Op], unsynced_kept: usize) {
    let folder = Folder::new();
    let mut storage = SqliteStorage::open(folder.file()).unwrap();
    let synced = happened.iter().rposition(|op| matches!(op, Op::Sync));
    let (before, after) = happened.split_at(synced.map_or(0, |at| at + 1));
    let writes = |ops: &[Op]| -> Vec<Entry> {
        let write = |op: &Op| match op {
            Op::Write(entry) => Some((**entry).clone()),
            _ => None,
        };
        ops.iter().filter_map(write).collect()
    };
    let kept = writes(after).into_iter().take(unsynced_kept);
    for entry in writes(before).into_iter().chain(kept) {
        storage.write(&entry).unwrap();
    }
    storage.sync().unwrap();
    drop(storage);

    let calls = happened.iter().filter(|op| matches!(op, Op::Call)).count();
    let served: u64 = happened
        .iter()
        .map(|op| match op {
            Op::Answered(nanos) => *nanos,
            _ => 0,
        })
        .sum();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let usd = support::limit(&quota, "usd");
    assert_eq!(usd.held, 0);
    assert!(
        usd.used >= served,
        "{} of {served} after {calls} calls",
        usd.used
    );
    // Each call's own estimate, and one of Alice's without HTTP.
    let most = (u64::try_from(calls).unwrap() + 1) * (8 * 150 + 1_000 * 600) + 750_000;
    assert!(usd.used <= served + most, "{} of {served}", usd.used);
}
