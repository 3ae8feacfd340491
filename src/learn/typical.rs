//! What is typical of what was seen.

use super::quantile::Quantile;

/// What is typical: what 95 % of the calls do not exceed, in thousandths.
const TYPICAL_PERMILLE: u32 = 950;

/// What is typical of what was seen, found when something is seen: reading costs nothing.
#[derive(Debug, Default)]
pub(super) struct Typical {
    seen: Quantile,
    typical: Option<u64>,
}

impl Typical {
    /// `None` where too little was seen to tell.
    pub(super) fn get(&self) -> Option<u64> {
        self.typical
    }

    /// What is typical now, if that is something else than before.
    pub(super) fn learn(&mut self, value: u64) -> Option<u64> {
        self.seen.record(value);
        let before = self.typical;
        self.typical = self.seen.at(TYPICAL_PERMILLE);
        self.typical.filter(|_| self.typical != before)
    }
}
