//! Names of holds.

use std::fmt;

/// How many lanes ids are counted up in: the last bits of an id tell its lane.
///
/// A thread stays in its lane. So threads do not wait for each other to count, nor in a store that keeps the holds of each lane
/// together.
pub(crate) const LANES: usize = 1 << LANE_BITS;

/// By how many bits of an id its lane is told.
pub(super) const LANE_BITS: u32 = 5;

/// A hold's name: unique over all instances, made by us and never taken from a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(u128);

impl HoldId {
    /// An id from its number, for stores that keep it elsewhere and for tests.
    #[must_use]
    pub const fn from_u128(id: u128) -> Self {
        Self(id)
    }

    /// The id's number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The lane that it was counted in.
    pub(crate) fn lane(self) -> usize {
        self.0 as usize % LANES
    }

    /// The id without the bits of its lane: neighbours in a lane are neighbours.
    pub(crate) fn in_lane(self) -> u128 {
        self.0 >> LANE_BITS
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
