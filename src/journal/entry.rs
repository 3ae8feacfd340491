//! What is written into a journal.

use std::sync::Arc;

use super::fold;
use crate::clock::Moment;
use crate::policy::Durability;
use crate::store::{
    Adjustment, Booking, Books, CallRecord, Charge, Decision, HoldId, Reservation, RunningPeriod,
    Settlement,
};

/// One thing that is written into a journal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Entry {
    /// A call is going to be made.
    Hold(OpenHold),
    /// A call is over.
    Settled(Settlement),
    /// An operator corrects a counter.
    Adjusted {
        /// The counter, and how it counts.
        charge: Charge,
        /// The correction.
        adjustment: Adjustment,
        /// When.
        now: Moment,
    },
    /// Shadow limits would have refused a call.
    WouldBlock {
        /// The call's hold. The same id again changes nothing.
        hold: HoldId,
        /// Their charges.
        charges: Vec<Charge>,
        /// When.
        now: Moment,
    },
    /// A day, week or month runs from now on.
    Period(RunningPeriod),
    /// How books are kept from now on.
    Books(Books),
}

/// A hold, and what is booked if nobody ever says what its call used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenHold {
    /// Its id.
    pub id: HoldId,
    /// Whose it is.
    pub organization: Arc<str>,
    /// When the call was admitted, in microseconds since the Unix epoch.
    pub at: i64,
    /// What is booked.
    pub bookings: Vec<Booking>,
    /// The call.
    pub record: Option<Arc<CallRecord>>,
}

impl OpenHold {
    /// The hold that a decision has granted, if it has to be on disk before its call is made.
    pub(super) fn granted(reservation: &Reservation, decision: &Decision) -> Option<Self> {
        let Decision::Granted {
            candidate,
            would_block,
            ..
        } = decision
        else {
            return None;
        };
        let charges = reservation.candidates.get(*candidate)?;
        if !charges.iter().any(is_durable) {
            return None;
        }
        let most = reservation.unreconciled.get(*candidate);
        let booking = |(position, charge): (usize, &Charge)| {
            let known = most.and_then(|most| most.actuals.get(position)).copied();
            let actual = match would_block.contains(&position) {
                true => 0,
                false => known.unwrap_or(charge.amount),
            };
            Booking::new(charge.clone(), actual)
        };
        Some(Self {
            id: reservation.id,
            organization: reservation.organization.clone(),
            at: reservation.now.wall,
            bookings: charges.iter().enumerate().map(booking).collect(),
            record: most.map(|most| most.record.clone()),
        })
    }

    /// The settlement of a hold that was open when its process ended, which was last heard of at `until`.
    pub(super) fn recovered(self, until: i64) -> Settlement {
        Settlement {
            id: self.id,
            organization: self.organization,
            now: Moment {
                wall: until,
                steady: 0,
            },
            bookings: self.bookings,
            record: self.record,
        }
    }
}

/// Whether a charge has to be on disk before its call is made.
fn is_durable(charge: &Charge) -> bool {
    fold::is_kept(charge) && charge.durability == Durability::Reserve
}
