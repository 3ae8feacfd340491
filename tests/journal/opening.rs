//! A file that is not what it should be: a clear error, and never a start from zero.

use std::fs;

use rusqlite::Connection;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{self, JournalError};
use tower_token_quota::{Subject, Usage};

use crate::folder::{Folder, MOST, limits, reserve, reserve_for, written};
use crate::support::{self, NOON};

/// A journal in which Alice has spent 15 cents by 1,000,000 tokens, all of it checkpointed.
async fn spent() -> Folder {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    drop(quota);
    folder
}

fn error(folder: &Folder) -> String {
    let opened = folder.open();
    let error = opened.expect_err("it opens");
    let text = error.to_string();
    assert!(text.starts_with(folder.file().to_str().unwrap()), "{text}");
    assert!(!text.contains('\n'), "{text}");
    text
}

#[tokio::test]
async fn of_a_newer_version() {
    let folder = spent().await;
    folder.run("PRAGMA user_version = 99");
    assert!(
        error(&folder).contains("newer version"),
        "{}",
        error(&folder)
    );
}

#[tokio::test]
async fn of_an_older_version() {
    let folder = spent().await;
    folder.run("PRAGMA user_version = 1");
    assert!(error(&folder).contains("older version"));
}

#[test]
fn in_a_directory_that_is_not_there() {
    let folder = Folder::new();
    let gone = folder.file().with_file_name("gone");
    let error = journal::JournalStore::open(gone.join("x.db")).expect_err("it opens");
    let (text, named) = (error.to_string(), format!("{}: ", gone.display()));
    assert!(text.starts_with(&named), "{text}");
}

#[tokio::test]
async fn another_programs() {
    let folder = Folder::new();
    folder.run("CREATE TABLE theirs (x)");
    assert!(error(&folder).contains("no journal"));
    let text = Folder::new();
    fs::write(
        text.file(),
        "All work and no play makes Jack a dull boy. ".repeat(100),
    )
    .unwrap();
    assert!(error(&text).contains("no journal"));
}

#[test]
fn a_directory() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    assert!(error(&folder).contains("is a directory"));
    let to = folder.file().with_file_name("copy.db");
    let copied = journal::backup(folder.file(), to);
    assert!(matches!(copied, Err(JournalError::Directory(_))));
}

/// With all that means something in SQLite's addresses.
const ODD: [&str; 2] = ["ünï #1, 100%41.db", "quota?mode=memory&x=.db"];

#[tokio::test]
async fn of_any_name() {
    for name in ODD {
        let folder = Folder::new();
        let file = folder.file().with_file_name(name);
        let is_new = || journal::JournalStore::open(&file).unwrap().is_new();
        assert_eq!([is_new(), is_new()], [true, false], "{name}");
    }
}

#[test]
fn what_is_none_has_no_lock_put_beside_it() {
    let beside = |folder: &Folder| {
        let files = fs::read_dir(folder.file().parent().unwrap()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let is_alone = |name: &str, make: &dyn Fn(&std::path::Path)| {
        let folder = Folder::new();
        let file = folder.file().with_file_name(name);
        make(&file);
        let before = beside(&folder);
        let opened = journal::JournalStore::open(&file);
        assert!(opened.is_err(), "{name} opens");
        assert_eq!(beside(&folder), before);
    };
    let text = "All work and no play makes Jack a dull boy. ".repeat(100);
    is_alone("a directory", &|file| fs::create_dir(file).unwrap());
    is_alone("empty", &|file| fs::write(file, "").unwrap());
    for name in ODD {
        is_alone(name, &|file| fs::write(file, &text).unwrap());
    }
    is_alone("theirs.db", &|file| {
        let theirs = Connection::open(file).unwrap();
        theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    });
    is_alone("theirs, with its log.db", &|file| {
        let elsewhere = Folder::new();
        let theirs = Connection::open(elsewhere.file()).unwrap();
        theirs.pragma_update(None, "journal_mode", "WAL").unwrap();
        theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
        fs::copy(elsewhere.file(), file).unwrap();
        fs::copy(elsewhere.log(), file.with_extension("db-wal")).unwrap();
    });
}

#[tokio::test]
async fn emptied_or_gone_with_its_log_left() {
    let folder = spent().await;
    fs::write(folder.file(), "").unwrap();
    assert!(error(&folder).contains("it is empty"));
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    reserve(&quota).await.unwrap().settle(Usage::new(1, 1));
    quota.drain().await;
    let crashed = folder.crashed();
    fs::remove_file(crashed.file()).unwrap();
    assert!(error(&crashed).contains("its log is there"));
}

/// As a checkpoint may leave it that the power went out in.
#[tokio::test]
async fn whose_first_page_is_in_its_log_only() {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    for user in 0..100 {
        let subject = Subject::user(format!("user-{user}"), "t");
        let hold = reserve_for(&quota, &subject).await.unwrap();
        hold.settle(Usage::new(1, 1));
    }
    written(&quota).await;
    let crashed = folder.crashed();
    let mut bytes = fs::read(crashed.file()).unwrap();
    bytes[..512].fill(0xA5);
    fs::write(crashed.file(), bytes).unwrap();
    drop(crashed.open().unwrap());
    assert_eq!(crashed.ask("SELECT sum(calls) FROM totals"), ["100"]);
}

#[tokio::test]
async fn in_use() {
    let folder = Folder::new();
    let first = folder.open().unwrap();
    assert!(matches!(folder.open(), Err(JournalError::InUse(_))));
    assert!(error(&folder).contains("another process keeps this journal"));
    // By another name too.
    #[cfg(unix)]
    {
        let link = Folder::new();
        std::os::unix::fs::symlink(folder.file(), link.file()).unwrap();
        assert!(matches!(link.open(), Err(JournalError::InUse(_))));
    }
    drop(first);
    folder.open().unwrap();
}

#[tokio::test]
async fn half_made() {
    let folder = Folder::new();
    fs::write(folder.file().with_extension("db.new"), "half").unwrap();
    assert!(folder.open().unwrap().is_new());
    assert!(!folder.open().unwrap().is_new());
}

#[tokio::test]
async fn with_a_balance_that_was_not_booked() {
    let changes = [
        r#"UPDATE balances SET state = replace(state, '"used":150000000', '"used":0') WHERE limit_id = 'usd'"#,
        "DELETE FROM balances WHERE limit_id = 'usd'",
        "UPDATE entries SET bookings = replace(bookings, '150000000', '1')",
        "DELETE FROM entries",
        "DELETE FROM terms",
        "UPDATE entries SET bookings = '[[1,'",
    ];
    for change in changes {
        let folder = spent().await;
        folder.run(change);
        assert!(
            error(&folder).contains("is damaged"),
            "{change}: {}",
            error(&folder)
        );
    }
}

#[tokio::test]
async fn garbled_anywhere() {
    let folder = spent().await;
    let whole = fs::read(folder.file()).unwrap();
    let (mut damaged, mut unharmed) = (0, 0);
    // Each fifth of a page's start, middle and end, where headers, pointers and cells stand.
    for at in (0..whole.len()).step_by(811) {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(at).take(64) {
            *byte ^= 0xA5;
        }
        fs::write(folder.file(), bytes).unwrap();
        match folder.open() {
            // What was garbled means nothing, such as unused space: then all of it is there.
            Ok(store) => {
                let quota = support::quota_of(limits(), &FakeClock::at(NOON)).store(store);
                assert_eq!(support::limit(&quota, "usd").used, 150_000_000, "at {at}");
                unharmed += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                damaged += 1;
            }
        }
    }
    assert!(
        damaged > 10 && unharmed > 0,
        "{damaged} damaged, {unharmed} not"
    );
}

#[tokio::test]
async fn cut_short_anywhere() {
    let folder = spent().await;
    let whole = fs::read(folder.file()).unwrap();
    for end in (0..whole.len()).step_by(2_048) {
        fs::write(folder.file(), &whole[..end]).unwrap();
        assert!(folder.open().is_err(), "cut at {end} of {}", whole.len());
    }
}

/// Not by the bits of the file, which the tests' user may override, but on a file system that takes no writes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn that_may_only_be_read() {
    let Some(mounted) = crate::disk::Mounted::new("64m") else {
        return crate::disk::say_skipped("a file system that is read-only");
    };
    let folder = spent().await;
    fs::copy(folder.file(), mounted.path().join("quota.db")).unwrap();
    mounted.read_only();
    let path = mounted.path().join("quota.db");
    let opened = journal::JournalStore::open(&path);
    assert!(
        matches!(opened, Err(JournalError::ReadOnly(_))),
        "{opened:?}"
    );
    assert!(
        opened
            .unwrap_err()
            .to_string()
            .contains("may be read and not written")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn that_its_owner_may_only_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = spent().await;
    for name in ["quota.db", "quota.db.lock"] {
        let file = folder.file().with_file_name(name);
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    }
    // The superuser may write it all the same, and then it is no read-only file.
    let is_superuser = fs::OpenOptions::new()
        .append(true)
        .open(folder.file())
        .is_ok();
    assert_eq!(folder.open().is_ok(), is_superuser);
}

#[tokio::test]
async fn a_backup_is_a_journal_of_its_own_and_overwrites_nothing() {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    quota.drain().await;
    let copy = Folder::new();
    journal::backup(folder.file(), copy.file()).unwrap();
    reserve(&quota)
        .await
        .unwrap()
        .settle(Usage::new(1_000_000, 0));
    quota.drain().await;
    let copied = copy.quota(limits(), &FakeClock::at(NOON));
    assert_eq!(support::limit(&copied, "usd").used, 150_000_000);
    assert_eq!(support::limit(&quota, "usd").used, 300_000_000);
    let again = journal::backup(folder.file(), copy.file());
    assert!(matches!(again, Err(JournalError::Exists(_))), "{again:?}");
    let nothing = Folder::new();
    assert!(journal::backup(nothing.file(), Folder::new().file()).is_err());
    nothing.run("CREATE TABLE theirs (x)");
    let theirs = journal::backup(nothing.file(), Folder::new().file());
    assert!(
        matches!(theirs, Err(JournalError::NoJournal(_))),
        "{theirs:?}"
    );
    let _ = Connection::open(copy.file());
}

/// A torn write: the log ends anywhere. What was acknowledged before that is there, and nothing is there in part.
#[tokio::test]
async fn a_log_that_ends_anywhere_has_all_that_was_on_disk_by_then() {
    let folder = Folder::new();
    let quota = folder.quota(limits(), &FakeClock::at(NOON));
    let mut states = vec![(0, 0)];
    for _ in 0..4 {
        reserve(&quota).await.unwrap().settle(Usage::new(1_000, 0));
        quota.drain().await;
        let length = fs::metadata(folder.log()).unwrap().len();
        states.push((length, support::limit(&quota, "usd").used));
    }
    let crashed = folder.crashed();
    let (file, log) = (
        fs::read(crashed.file()).unwrap(),
        fs::read(crashed.log()).unwrap(),
    );
    // In the middle of headers and of pages, and at their ends: frames have 24 + 4,096 bytes.
    let cuts = (0..log.len()).step_by(4_120 / 2);
    for cut in cuts.chain([log.len() - 1, log.len()]) {
        let torn = Folder::new();
        fs::write(torn.file(), &file).unwrap();
        fs::write(torn.log(), &log[..cut]).unwrap();
        check_state(&torn, cut, &states);
        // The same, with the rest of the page full of something else.
        let mut garbled = log.clone();
        garbled[cut..].fill(0x5A);
        let torn = Folder::new();
        fs::write(torn.file(), &file).unwrap();
        fs::write(torn.log(), garbled).unwrap();
        check_state(&torn, cut, &states);
    }
}

fn check_state(torn: &Folder, cut: usize, states: &[(u64, u64)]) {
    let quota = torn.quota(limits(), &FakeClock::at(NOON));
    let used = support::limit(&quota, "usd").used;
    let known = states
        .iter()
        .rev()
        .find(|(length, _)| *length <= cut as u64);
    let (_, known) = known.unwrap();
    let next = states.iter().find(|(length, _)| *length > cut as u64);
    let is_whole = used == *known;
    // Or the hold of the next call is there, and its settlement is not; or both are, before the log's last, unused bytes.
    let has_hold = used == known + MOST || next.is_some_and(|(_, next)| used == *next);
    assert!(
        is_whole || has_hold,
        "cut at {cut}: {used}, where {known} was known"
    );
}
