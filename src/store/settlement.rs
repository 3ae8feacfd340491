//! What is booked when a call is over.

use std::sync::Arc;

use super::{Booking, CallRecord, HoldId};
use crate::clock::Moment;

/// What a hold's call really used. Data, so that a store can write it down and deliver it later.
///
/// Without bookings it takes back a reservation whose decision nobody has seen: whatever the id holds is released, and if
/// it holds nothing yet it never will.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The hold's id. The same id again changes nothing.
    pub id: HoldId,
    /// Whose it is, as in the reservation.
    pub organization: Arc<str>,
    /// The caller's time; a store with a clock of its own uses that instead.
    pub now: Moment,
    /// Every charge that was applied, with what to book for it.
    pub bookings: Vec<Booking>,
    /// The call, for those who are told of it; nothing for a reservation that is taken back.
    pub record: Option<Arc<CallRecord>>,
}

/// How a settlement found its hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Open: the hold was replaced by the actual amounts.
    OnTime,
    /// Expired: what the expiry kept was corrected to the actual amounts.
    Late,
    /// Unknown to the store: the actual amounts were booked in full, less what an earlier settlement
    /// [had booked](Booking::booked).
    Unknown,
    /// Settled before: nothing has changed.
    Repeated,
    /// Open when the process before this one ended: what the call may have used at the most was booked when the store was opened
    /// again.
    Recovered,
}
