//! Whatever happens, records, counters and the report have the same sums.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::clock::Clock as _;
use tower_token_quota::store::Rule;
use tower_token_quota::watch::UsageRecord;

use crate::limits::LIMITS;
use crate::ops::{How, Op, op};
use crate::sums::{facts, row, sum};
use crate::support::{self, run};
use crate::world::World;

impl World {
    /// Whether there is a hold that the store has given up: what it keeps of it has no record until it is settled.
    pub(crate) fn has_expired_holds(&self) -> bool {
        let (now, life) = (self.clock.now().steady, self.spied.hold_life.as_micros());
        self.holds
            .iter()
            .any(|(since, _)| u128::from(now - since) >= life)
    }

    /// The sum of all records, on every counter that the store still has: a closed period's are kept for a day.
    pub(crate) fn check_counters(&self) -> Result<(), TestCaseError> {
        let mut sums: HashMap<String, i128> = HashMap::new();
        for record in &self.records {
            for limit in LIMITS.iter().filter(|limit| limit.binds(record)) {
                *sums.entry(limit.key(record)).or_default() += limit.amount(record);
            }
        }
        let (charges, now) = (self.spied.charges.lock().unwrap(), self.clock.now());
        for (key, charge) in charges.iter() {
            let Rule::Budget { ends_at, .. } = charge.rule else {
                continue;
            };
            // The day beside a budget is no limit of its own: `tests/pace/` has it.
            if key.as_str().split('/').any(|part| part == "pace") {
                continue;
            }
            if now.wall < ends_at + 24 * 3600 * 1_000_000 {
                let used = self.spied.store.peek_now(std::slice::from_ref(charge), now)[0].used;
                let sum = sums.get(key.as_str()).copied().unwrap_or(0);
                prop_assert_eq!(i128::from(used), sum, "{:?}", key);
            }
        }
        for (key, sum) in sums {
            let is_counter = charges.keys().any(|known| known.as_str() == key);
            prop_assert!(sum == 0 || is_counter, "{} is no counter", key);
        }
        Ok(())
    }

    /// The report of the running month is the sum of its records.
    pub(crate) async fn check_report(&self) -> Result<(), TestCaseError> {
        let report = self.quota.report().await.unwrap();
        let of_the_month = |record: &&Arc<UsageRecord>| {
            let time = jiff::Timestamp::from_microsecond(record.admitted_at).unwrap();
            time.to_string().starts_with(&report.month)
        };
        let records: Vec<_> = self.records.iter().filter(of_the_month).collect();
        for organization in &report.organizations {
            let name = &*organization.organization;
            let own: Vec<_> = records
                .iter()
                .filter(|record| record.subject.organization_name() == name)
                .collect();
            prop_assert_eq!(
                facts(&organization.totals),
                sum(own.iter().copied().copied())
            );
            if !self.has_expired_holds() {
                prop_assert_eq!(organization.budget.used, organization.totals.cost);
            }
            for project in &organization.projects {
                let of = own
                    .iter()
                    .copied()
                    .copied()
                    .filter(|record| record.subject.project_name() == Some(&*project.project));
                prop_assert_eq!(facts(&project.totals), sum(of));
            }
            for model in &organization.models {
                let of = own
                    .iter()
                    .copied()
                    .copied()
                    .filter(|record| row(record) == &*model.model);
                prop_assert_eq!(facts(&model.totals), sum(of));
            }
        }
        Ok(())
    }
}

fn play(ops: Vec<Op>, hold_life: Duration) -> Result<(), TestCaseError> {
    run(async {
        let mut world = World::new(hold_life);
        for op in ops {
            world.apply(op).await;
            if !world.has_expired_holds() {
                world.check_counters()?;
            }
            world.check_report().await?;
        }
        // Whatever is still open: nobody knows what it used.
        while !world.holds.is_empty() {
            world.apply(Op::Settle(0, How::Dropped)).await;
        }
        world.check_counters()?;
        world.check_report().await
    })
}

proptest! {
    #![proptest_config(support::cases(96))]

    #[test]
    fn usage_records_add_up_to_what_is_used_on_every_counter(ops in prop::collection::vec(op(), 1..60)) {
        play(ops, Duration::from_secs(30 * 24 * 3600))?;
    }

    #[test]
    fn they_do_where_holds_expire_before_they_are_settled(ops in prop::collection::vec(op(), 1..60)) {
        play(ops, Duration::from_secs(3600))?;
    }
}
