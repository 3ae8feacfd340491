//! When a counter may be forgotten.

use super::SECOND;
use crate::clock::Moment;
use crate::store::Rule;
use crate::store::arithmetic::{State, time_left};

/// For how long a counter that nobody touches is kept though it looks like a fresh one, or is of a closed period.
const DAY: u64 = 24 * 3600 * SECOND;

/// From when on a counter may be forgotten if nobody touches it: both by the steady and by the wall clock, in whole
/// seconds, rounded up. The last one there is means never.
///
/// A counter that cannot be told from a fresh one may go at once; a bucket when it is dry; one that has only
/// `would_block` to tell, a day after its last touch, and so may a gauge: while calls are under way on it, their holds share
/// it. A period's that has crossed a threshold stays, lest it crosses it again. A closed period's goes a day after its end,
/// both by the wall clock and by the steady time that its touches foretold: a wall clock that jumps forward and back loses
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Idle {
    steady: u32,
    wall: u32,
}

impl Idle {
    /// What a touch under this rule makes of it, given the state after it.
    pub(super) fn touched(self, state: &State, rule: Rule, now: Moment) -> Self {
        let balance = state.balance(rule, now);
        let told = match balance.would_block {
            0 => now.steady,
            _ => now.steady.saturating_add(DAY),
        };
        if balance.used == 0 && balance.held == 0 && state.crossed().is_empty() {
            return Self::from(told, 0);
        }
        let next = match rule {
            Rule::Bucket { .. } => {
                let dry_in = balance.resets_in.unwrap_or(u64::MAX);
                Self::from(told.max(now.steady.saturating_add(dry_in)), 0)
            }
            Rule::Budget { ends_at, .. } => {
                let ends_in = time_left(ends_at, now).saturating_add(DAY);
                Self::from(now.steady.saturating_add(ends_in), ends_at)
            }
            Rule::Gauge { .. } => Self::from(now.steady.saturating_add(DAY), 0),
        };
        // Under an earlier rule it may have had to wait for longer, and that one may be in force.
        Self {
            steady: next.steady.max(self.steady),
            ..next
        }
    }

    fn from(steady: u64, wall: i64) -> Self {
        let seconds = |micros: u64| u32::try_from(micros.div_ceil(SECOND)).unwrap_or(u32::MAX);
        Self {
            steady: seconds(steady),
            wall: seconds(u64::try_from(wall).unwrap_or(0)),
        }
    }

    pub(super) fn has_come(self, now: Moment) -> bool {
        let wall = u64::try_from(now.wall).unwrap_or(0);
        passed(self.steady, now.steady) && passed(self.wall, wall)
    }

    /// In which second of steady time it may have come.
    pub(super) fn second(self) -> u64 {
        self.steady.into()
    }

    pub(super) fn to_bits(self) -> u64 {
        u64::from(self.steady) << 32 | u64::from(self.wall)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self {
            steady: (bits >> 32) as u32,
            wall: bits as u32,
        }
    }
}

fn passed(second: u32, now: u64) -> bool {
    second != u32::MAX && now / SECOND >= u64::from(second)
}
