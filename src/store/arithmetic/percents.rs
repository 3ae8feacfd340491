//! Thresholds, as percents of an amount.

use std::iter;

use serde::{Deserialize, Serialize};

/// Some of the percents from 1 to 100: the thresholds of a limit, or those that a counter has crossed.
///
/// ```
/// use tower_token_quota::store::arithmetic::Percents;
///
/// let thresholds: Percents = [90, 50, 75].into_iter().collect();
/// assert!(thresholds.iter().eq([50, 75, 90]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<u8>", into = "Vec<u8>")]
// Aligned like all else in a counter, which it would make larger.
#[repr(C, packed(8))]
pub struct Percents(u128);

impl Percents {
    /// No percents.
    pub const NONE: Self = Self(0);

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// From the lowest to the highest.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        let mut left = self.0;
        iter::from_fn(move || {
            let lowest = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            u8::try_from(lowest).ok()
        })
    }

    /// Those that either has.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that the other has not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// What is no percent from 1 to 100 is left out.
impl FromIterator<u8> for Percents {
    fn from_iter<I: IntoIterator<Item = u8>>(percents: I) -> Self {
        let percents = percents.into_iter().filter(|it| (1..=100).contains(it));
        Self(percents.fold(0, |all, percent| all | 1 << percent))
    }
}

/// What is no percent from 1 to 100 is left out.
impl From<Vec<u8>> for Percents {
    fn from(percents: Vec<u8>) -> Self {
        percents.into_iter().collect()
    }
}

impl From<Percents> for Vec<u8> {
    fn from(percents: Percents) -> Self {
        percents.iter().collect()
    }
}
