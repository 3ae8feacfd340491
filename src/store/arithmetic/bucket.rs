//! A rate: what is used leaks away.

use serde::{Deserialize, Serialize};

/// How fast a bucket leaks: `refill` units each `every` microseconds, steadily.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak {
    refill: u64,
    every: u64,
}

impl Leak {
    /// `refill` units leak away each `every` microseconds; an `every` of zero is taken for one.
    #[must_use]
    pub const fn new(refill: u64, every: u64) -> Self {
        let every = if every == 0 { 1 } else { every };
        Self { refill, every }
    }
}

/// A token bucket, seen from its used side: `level` is what is in it, and it leaks.
///
/// - **Leak** after `elapsed` microseconds: `(elapsed * refill + carry) / every` units. The remainder of the division
///   is carried to the next leak, so that looking often at a bucket and looking rarely give the same level. A bucket
///   that is dry carries nothing. Time that seems to go back is no time.
/// - **Admit** iff `level + amount <= capacity`.
/// - **Reserve**: `level += estimate`, and remember `mark = drained + level`: when as much as `mark` has ever left the
///   bucket, all of this charge has.
/// - **Settle**: `unleaked = clamp(mark - drained, 0, estimate)`. An `actual` below the estimate gives
///   `min(estimate - actual, unleaked, level)` back, which counts as drained; one above it is added in full.
///
/// `drained` and `mark` are counted modulo 2^64. Of a charge that has not all left, `mark - drained` is at most `level`,
/// since all that is in the bucket up to the mark is in the bucket; of one that has, the difference wraps to more than
/// that. So the two are told apart unless 2^64 units are added to one bucket while one call is under way.
///
/// Without the bound by `unleaked`, a call that waits long and settles low would give back what has leaked
/// already: six such calls let six times the capacity through at once.
///
/// Refunds count as drained for every charge in the bucket. A charge that settles after a younger one has been
/// refunded may so get less back than it could; what it misses leaks away. The error is on the safe side: against
/// a bucket that had charged each call's true amount when it was reserved, this one's level is never lower by more
/// than the one unit that is leaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    level: u64,
    /// All that ever left, modulo 2^64.
    drained: u64,
    leaked_at: u64,
    /// What of a unit has leaked, in parts of `every`; less than `every`.
    carry: u64,
}

impl Bucket {
    /// An empty bucket at a steady time in microseconds.
    #[must_use]
    pub const fn fresh(now: u64) -> Self {
        Self {
            level: 0,
            drained: 0,
            leaked_at: now,
            carry: 0,
        }
    }

    /// A bucket that a store has kept elsewhere, to be looked at: what has left it is not known, so marks of before mean nothing to it.
    #[must_use]
    pub const fn restored(level: u64, leaked_at: u64, carry: u64) -> Self {
        Self {
            level,
            drained: 0,
            leaked_at,
            carry,
        }
    }

    /// What is in the bucket, as of the last leak.
    #[must_use]
    pub const fn level(&self) -> u64 {
        self.level
    }

    /// Lets leak what leaks until `now`, in steady microseconds.
    pub fn leak(&mut self, leak: Leak, now: u64) {
        let elapsed = now.saturating_sub(self.leaked_at);
        if elapsed == 0 && self.carry < leak.every {
            return;
        }
        self.leaked_at = self.leaked_at.max(now);
        // Of a slower clock's carry, keep less than one unit.
        let carry = self.carry.min(leak.every - 1);
        let flow = u128::from(elapsed) * u128::from(leak.refill) + u128::from(carry);
        let (units, carry) = divided(flow, leak.every);
        self.carry = carry;
        self.drain(units);
    }

    /// Goes on from a time of another steady clock.
    pub(super) const fn rebase(&mut self, now: u64) {
        self.leaked_at = now;
    }

    /// Whether `amount` more fits.
    #[must_use]
    pub fn fits(&self, amount: u64, capacity: u64) -> bool {
        self.level
            .checked_add(amount)
            .is_some_and(|level| level <= capacity)
    }

    /// Adds `amount`, whether it fits or not, and returns the mark by which [`settle`](Self::settle) knows how much of it has left.
    pub fn add(&mut self, amount: u64) -> u64 {
        self.level = self.level.saturating_add(amount);
        self.drained.wrapping_add(self.level)
    }

    /// Replaces an estimate that was added under `mark` by the actual amount.
    pub fn settle(&mut self, mark: u64, estimate: u64, actual: u64) {
        if actual >= estimate {
            self.level = self.level.saturating_add(actual - estimate);
        } else {
            self.drain(self.unleaked(mark).min(estimate - actual));
        }
    }

    /// How much there is up to a mark.
    fn unleaked(&self, mark: u64) -> u64 {
        let below = mark.wrapping_sub(self.drained);
        if below <= self.level { below } else { 0 }
    }

    /// Takes out `amount`, or all there is.
    pub fn drain(&mut self, amount: u64) {
        let amount = amount.min(self.level);
        self.level -= amount;
        self.drained = self.drained.wrapping_add(amount);
        if self.level == 0 {
            self.carry = 0;
        }
    }

    /// In how many microseconds after `now` the level will have leaked down to `target`; `None` if never.
    #[must_use]
    pub fn time_until(&self, target: u64, leak: Leak, now: u64) -> Option<u64> {
        let excess = self.level.saturating_sub(target);
        if excess == 0 {
            return Some(0);
        }
        if leak.refill == 0 {
            return None;
        }
        let flow = u128::from(excess) * u128::from(leak.every)
            - u128::from(self.carry.min(leak.every - 1));
        let behind = self.leaked_at.saturating_sub(now);
        let (whole, rest) = divided(flow, leak.refill);
        let time = whole.saturating_add(u64::from(rest > 0));
        Some(time.saturating_add(behind))
    }
}

/// Quotient, or as much of it as fits, and remainder. What fits in 64 bits is divided there, which is a good deal faster.
fn divided(flow: u128, by: u64) -> (u64, u64) {
    match u64::try_from(flow) {
        Ok(flow) => (flow / by, flow % by),
        Err(_) => {
            let by = u128::from(by);
            (narrow(flow / by), narrow(flow % by))
        }
    }
}

/// As much as fits.
fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}
