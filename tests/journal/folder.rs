//! A folder with a journal in it, and what a crash leaves of it.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::journal::{JournalError, JournalStore};
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::store::Adjustment;
use tower_token_quota::{Demand, Hold, Limit, Policy, Quota, RejectionKind, Subject, Tier, Usd};

use crate::support::{alice, quota_of};

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("quota.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.path().join("quota.db-wal")
    }

    pub(crate) fn open(&self) -> Result<JournalStore, JournalError> {
        JournalStore::open(self.file())
    }

    /// A quota that is kept here.
    pub(crate) fn quota(&self, policy: PolicyBuilder, clock: &FakeClock) -> Quota {
        quota_of(policy, clock).store(self.open().unwrap())
    }

    /// What a machine that loses its power now has on its disk.
    pub(crate) fn crashed(&self) -> Self {
        let copy = Self::new();
        fs::copy(self.file(), copy.file()).unwrap();
        if self.log().exists() {
            fs::copy(self.log(), copy.log()).unwrap();
        }
        copy
    }

    /// The first column of what a query says of the file, as text.
    pub(crate) fn ask(&self, query: &str) -> Vec<String> {
        let db = Connection::open(self.file()).unwrap();
        let mut query = db.prepare(query).unwrap();
        let text = |row: &rusqlite::Row<'_>| {
            let value: rusqlite::types::Value = row.get(0)?;
            Ok(match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
        };
        let rows = query.query_map([], text).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub(crate) fn run(&self, statement: &str) {
        let db = Connection::open(self.file()).unwrap();
        db.execute_batch(statement).unwrap();
    }
}

/// A month's budget in dollars, a day's tokens, and a day's requests in shadow, for each user.
pub(crate) fn limits() -> PolicyBuilder {
    let tier = Tier::new("t")
        .limit(
            Limit::usd(Usd::dollars(1))
                .per_month()
                .id("usd")
                .alerts([50, 90]),
        )
        .limit(Limit::tokens(1_000_000_000).per_day().id("tokens"))
        .limit(Limit::requests(2).per_day().id("shadow").shadow())
        .limit(Limit::concurrent(10_000).id("concurrent"))
        .default_output_tokens(1_000);
    Policy::new().tier(tier)
}

/// Only tokens and requests: nothing is written before a call is made.
pub(crate) fn tokens_only() -> PolicyBuilder {
    let tier = Tier::new("t")
        .limit(Limit::tokens(1_000_000_000).per_day().id("tokens"))
        .limit(Limit::requests(100).per_hour().id("requests"));
    Policy::new().tier(tier)
}

/// Alice's call: 1,000 tokens in, 1,000 out at the most, which is $0.00075 of gpt-4o-mini's, or more in a service tier that is dearer.
pub(crate) async fn reserve(quota: &Quota) -> Result<Hold, RejectionKind> {
    reserve_for(quota, &alice()).await
}

pub(crate) async fn reserve_for(quota: &Quota, subject: &Subject) -> Result<Hold, RejectionKind> {
    let demand = Demand::new("gpt-4o-mini").input_tokens(1_000);
    let decided = quota.reserve(subject, demand.output_tokens(1_000)).await;
    decided.map_err(|rejection| rejection.kind)
}

/// The most that Alice's call may cost, in nano-dollars.
pub(crate) const MOST: u64 = 1_250_000;

/// Waits until all that was queued is on disk. Holds may be open, for which [`Quota::drain`] would wait.
pub(crate) async fn written(quota: &Quota) {
    let nothing = Adjustment::Debit(0);
    // What is written after it is there after it.
    let adjusted = quota.adjust(&alice(), "tokens", None, nothing).await;
    adjusted.unwrap();
}
