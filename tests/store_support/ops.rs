//! What a store may be asked, at random.

use proptest::prelude::*;
use tower_token_quota::store::{Adjustment, Charge, Rule};

use super::*;

#[derive(Debug, Clone)]
pub enum Op {
    Reserve {
        id: u128,
        candidates: Vec<Vec<Charge>>,
        expires_in: u64,
    },
    Settle {
        id: u128,
        actuals: Vec<u64>,
        unknown: Vec<Charge>,
        /// What an earlier settlement is said to have booked, where this one finds no hold.
        booked: u64,
    },
    Renew {
        id: u128,
        expires_in: u64,
    },
    Adjust(Charge, Adjustment),
    Wait(u64),
}

/// A charge on one of a few counters, whose amounts and thresholds (not their leaks) may change from charge to charge.
fn charge() -> impl Strategy<Value = Charge> {
    let amount = prop_oneof![4 => 0_u64..40, 1 => 90_u64..130];
    let parts = (
        0..8_usize,
        amount,
        prop_oneof![4 => Just(100_u64), 1 => Just(60)],
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec![&[][..], &[50, 75, 90], &[10, 50, 100], &[1, 2, 3]]),
    );
    parts.prop_map(|(which, amount, cap, downgrades, keeps, alerts)| {
        let ends_soon = Rule::Budget {
            cap,
            starts_at: 0,
            ends_at: 1_800_000_000,
        };
        let odd = Rule::Bucket {
            capacity: cap,
            refill: 7,
            every: 3_000_001,
        };
        let charge = match which {
            0 => hard("tokens", odd, amount),
            1 => kept(hard("requests", bucket(cap, 1), amount)),
            2 => hard("budget", budget(cap * 5), amount),
            3 => hard("soon", ends_soon, amount),
            4 => hard("gauge", gauge(cap), amount),
            5 => shadow("shadow", odd, amount),
            6 => soft("soft", budget(cap), amount),
            _ => shadow("shadow-gauge", gauge(cap), amount),
        };
        Charge {
            downgrades,
            kept_on_expiry: charge.kept_on_expiry || keeps,
            alerts: alerts.iter().copied().collect(),
            ..charge
        }
    })
}

pub fn op() -> impl Strategy<Value = Op> {
    let id = 0_u128..40;
    let expiry = 1_u64..100_000_000;
    let charges = || prop::collection::vec(charge(), 0..5);
    prop_oneof![
        6 => (id.clone(), prop::collection::vec(charges(), 1..4), expiry.clone())
            .prop_map(|(id, candidates, expires_in)| Op::Reserve { id, candidates, expires_in }),
        5 => (id.clone(), prop::collection::vec(0_u64..60, 5), charges(), prop_oneof![Just(0_u64), 0_u64..60])
            .prop_map(|(id, actuals, unknown, booked)| Op::Settle { id, actuals, unknown, booked }),
        1 => (id, expiry).prop_map(|(id, expires_in)| Op::Renew { id, expires_in }),
        1 => (charge(), 0_u64..150, 0..3_u8).prop_map(|(charge, amount, kind)| {
            Op::Adjust(charge, match kind {
                0 => Adjustment::Credit(amount),
                1 => Adjustment::Debit(amount),
                _ => Adjustment::Reset,
            })
        }),
        4 => prop_oneof![0_u64..1_000, 0_u64..30_000_000].prop_map(Op::Wait),
    ]
}

impl Op {
    /// The charges that it names.
    pub fn named(&self) -> Vec<Charge> {
        match self {
            Self::Reserve { candidates, .. } => candidates.concat(),
            Self::Settle { unknown, .. } => unknown.clone(),
            Self::Adjust(charge, _) => vec![charge.clone()],
            Self::Renew { .. } | Self::Wait(_) => Vec::new(),
        }
    }
}

/// As [`op`], but that all amounts are some 3·10^12 times as large: near to 2^53, where a double counts exactly no more.
pub fn large_op() -> impl Strategy<Value = Op> {
    op().prop_flat_map(|op| {
        let odd = (0..LARGE / 100).prop_map(|more| LARGE + more);
        odd.prop_map(move |times| op.clone().times(times))
    })
}

/// 130 of them are held or used several times over, and stay below 2^53.
const LARGE: u64 = 3_000_000_000_000;

impl Op {
    fn times(self, times: u64) -> Self {
        let larger = |charge: Charge| charge.times(times);
        match self {
            Self::Reserve {
                id,
                candidates,
                expires_in,
            } => Self::Reserve {
                id,
                candidates: candidates
                    .into_iter()
                    .map(|charges| charges.into_iter().map(larger).collect())
                    .collect(),
                expires_in,
            },
            Self::Settle {
                id,
                actuals,
                unknown,
                booked,
            } => Self::Settle {
                id,
                actuals: actuals.into_iter().map(|actual| actual * times).collect(),
                unknown: unknown.into_iter().map(larger).collect(),
                booked: booked * times,
            },
            Self::Adjust(charge, adjustment) => Self::Adjust(
                larger(charge),
                match adjustment {
                    Adjustment::Credit(amount) => Adjustment::Credit(amount * times),
                    Adjustment::Debit(amount) => Adjustment::Debit(amount * times),
                    Adjustment::Reset => Adjustment::Reset,
                },
            ),
            Self::Renew { .. } | Self::Wait(_) => self,
        }
    }
}

/// A charge with amounts so many times as large. Buckets leak as much faster.
trait Times {
    fn times(self, times: u64) -> Self;
}

impl Times for Charge {
    fn times(self, times: u64) -> Self {
        let rule = match self.rule {
            Rule::Bucket {
                capacity,
                refill,
                every,
            } => Rule::Bucket {
                capacity: capacity * times,
                refill: refill * LARGE,
                every,
            },
            Rule::Budget {
                cap,
                starts_at,
                ends_at,
            } => Rule::Budget {
                cap: cap * times,
                starts_at,
                ends_at,
            },
            Rule::Gauge { cap } => Rule::Gauge { cap: cap * times },
        };
        Self {
            rule,
            amount: self.amount * times,
            ..self
        }
    }
}
