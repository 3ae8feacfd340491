//! What all clones of a store share.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use super::epochs::Epochs;
use super::reply::{Crossing, Reply};
use super::turns::Turns;
use crate::clock::{Moment, saturating_micros};
use crate::outstanding::Outstanding;
use crate::store::{CallRecord, DEFAULT_EXPIRY, HoldIds, LONGEST_RETRY, Listener, Report, Reports};

/// Microseconds by which the clocks may be apart without being corrected: a call's way here and a careful estimate take time
/// too. The scripts tolerate more.
const SLACK: u64 = 1_000_000;

pub(super) struct Shared {
    epochs: Epochs,
    /// Settlements that are not booked yet.
    pub(super) waiting: Outstanding,
    pub(super) turns: Turns,
    ids: HoldIds,
    offset: AtomicI64,
    /// The longest time that a hold was opened for, in microseconds.
    longest_life: AtomicU64,
    pub(super) listener: Listener,
    runtime: OnceLock<Handle>,
}

impl Shared {
    pub(super) fn new() -> Self {
        let shared = Self {
            epochs: Epochs::default(),
            waiting: Outstanding::default(),
            turns: Turns::new(),
            ids: HoldIds::new(),
            offset: AtomicI64::new(0),
            longest_life: AtomicU64::new(saturating_micros(DEFAULT_EXPIRY)),
            listener: Listener::default(),
            runtime: OnceLock::new(),
        };
        shared.note_runtime();
        shared
    }

    /// A name that nobody else has: for an epoch, or for one settlement's deliveries.
    pub(super) fn unique(&self) -> String {
        self.ids.next().to_string()
    }

    /// Remembers on which runtime to book what is settled outside of any.
    pub(super) fn note_runtime(&self) {
        if self.runtime.get().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let _set_meanwhile = self.runtime.set(runtime);
        }
    }

    /// This thread's runtime, or the one that was noted.
    pub(super) fn runtime(&self) -> Option<Handle> {
        Handle::try_current()
            .ok()
            .or_else(|| self.runtime.get().cloned())
    }

    pub(super) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Learns how far the clocks are apart from the time that a caller gave when they were known to be `known` apart.
    pub(super) fn note_clock(&self, theirs: Moment, ours: Moment, known: i64) {
        let apart = theirs.wall.saturating_sub(ours.wall);
        if apart.unsigned_abs() > SLACK {
            self.offset
                .store(known.saturating_add(apart), Ordering::Relaxed);
        }
    }

    pub(super) fn note_life(&self, life: Duration) {
        self.longest_life
            .fetch_max(saturating_micros(life), Ordering::Relaxed);
    }

    /// For how many microseconds an open hold, and a settlement that is on its way, may still need what they need.
    pub(super) fn keep(&self) -> u64 {
        let life = self.longest_life.load(Ordering::Relaxed);
        life.saturating_add(saturating_micros(LONGEST_RETRY))
    }

    /// Takes note of what every answer tells.
    pub(super) fn heard(&self, organization: &str, reply: &Reply) {
        if self.epochs.note(organization, &reply.epoch, reply.now.wall) {
            self.listener.report(Report::Emptied { organization });
        }
        self.tell(&reply.crossings, None);
    }

    pub(super) fn tell(&self, crossings: &[Crossing], record: Option<&CallRecord>) {
        for Crossing {
            charge,
            percent,
            used,
        } in crossings
        {
            self.listener.report(Report::Crossed {
                charge,
                percent: *percent,
                used: *used,
                record,
            });
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
