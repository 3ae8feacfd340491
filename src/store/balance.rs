//! How a counter stands.

/// A counter, for people: what is used, what is held, how much there is, and when it is whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// What is booked: a bucket's level, a period's usage.
    pub used: u64,
    /// What open holds have reserved beside it; always zero for buckets, which charge at once.
    pub held: u64,
    /// The amount of the limit.
    pub amount: u64,
    /// Calls that a shadow limit would have refused since the counter began.
    pub would_block: u64,
    /// In how many microseconds the counter is whole again: a bucket has leaked dry, a period has ended.
    /// `None` for gauges, whose end nobody knows.
    pub resets_in: Option<u64>,
}

impl Balance {
    /// What is left to reserve; debt shows as zero.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.amount
            .saturating_sub(self.used)
            .saturating_sub(self.held)
    }
}
