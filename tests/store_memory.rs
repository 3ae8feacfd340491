//! What the memory store promises, one call after the other.
#![allow(missing_docs)]

use std::time::Duration;

use tower_token_quota::clock::Moment;

use tower_token_quota::store::{
    Adjustment, Charge, Decision, HoldId, MemoryStore, Reason, Report, Reports, Rule, Settled,
    Store,
};

mod store_support;
use store_support::*;

mod p1_no_over_admission {
    use super::*;

    #[test]
    fn what_is_held_counts_as_what_is_used() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 40)];
        assert!(granted(&reserve(&store, 1, at(0), &call)));
        assert_eq!(settle(&store, 1, at(1), &call, &[30]), Settled::OnTime);
        assert!(granted(&reserve(&store, 2, at(1), &call)));
        assert!(!granted(&reserve(&store, 3, at(1), &call)), "30 + 40 + 40");
        let balance = peek(&store, &call[0], at(1));
        assert_eq!((balance.used, balance.held), (30, 40));
    }

    #[test]
    fn two_charges_of_one_call_on_one_counter_add_up() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60), hard("k", budget(100), 60)];
        assert!(!granted(&reserve(&store, 1, at(0), &call)));
        let call = [hard("k", budget(100), 60), hard("k", budget(100), 40)];
        assert!(granted(&reserve(&store, 2, at(0), &call)));
        settle(&store, 2, at(0), &call, &[1, 2]);
        let balance = peek(&store, &call[0], at(0));
        assert_eq!((balance.used, balance.held), (3, 0));
    }
}

mod p2_all_or_nothing {
    use super::*;

    #[test]
    fn a_refused_call_changes_no_counter() {
        let store = MemoryStore::new();
        let call = [
            hard("fits", budget(100), 10),
            shadow("shadow", budget(5), 10),
            soft("soft", budget(5), 10),
            hard("full", gauge(5), 10),
            hard("rate", bucket(100, 1), 10),
        ];
        let before = store.peek_now(&call, at(0));
        let Decision::Refused(refusals) = reserve(&store, 1, at(0), &call) else {
            panic!("the gauge is too small");
        };
        assert_eq!(refusals.len(), 1);
        assert_eq!(
            (refusals[0].charge, refusals[0].reason),
            (3, Reason::NeverFits)
        );
        assert_eq!(store.peek_now(&call, at(0)), before);
        assert_eq!(store.open_holds(), 0);
    }

    #[test]
    fn all_that_refuse_are_named() {
        let store = MemoryStore::new();
        let fill = [
            hard("a", gauge(1), 1),
            hard("b", budget(10), 10),
            hard("c", bucket(10, 1), 10),
        ];
        assert!(granted(&reserve(&store, 1, at(0), &fill)));
        let Decision::Refused(refusals) = reserve(&store, 2, at(0), &fill) else {
            panic!("full");
        };
        let reasons: Vec<Reason> = refusals.iter().map(|refusal| refusal.reason).collect();
        assert_eq!(reasons, [Reason::Concurrent, Reason::Quota, Reason::Rate]);
        assert_eq!(refusals[2].wait, Some(10 * SECOND));
    }
}

mod candidates {
    use super::*;

    #[test]
    fn the_first_that_fits_is_charged_alone() {
        let store = MemoryStore::new();
        let big = [downgrading("big", budget(10), 20)];
        let small = [hard("small", budget(100), 20)];
        let Decision::Granted {
            candidate,
            balances,
            ..
        } = store.reserve_now(&reservation(1, at(0), &[&big, &small]))
        else {
            panic!("the second fits");
        };
        assert_eq!((candidate, balances[0].held), (1, 20));
        assert_eq!(peek(&store, &big[0], at(0)).held, 0);
    }

    #[test]
    fn a_limit_that_does_not_downgrade_ends_the_search() {
        let store = MemoryStore::new();
        let both = [
            downgrading("big", budget(10), 20),
            hard("org", budget(10), 20),
        ];
        let small = [hard("small", budget(100), 20)];
        let Decision::Refused(refusals) =
            store.reserve_now(&reservation(1, at(0), &[&both, &small]))
        else {
            panic!("the organization's budget ends it");
        };
        let named: Vec<_> = refusals
            .iter()
            .map(|by| (by.candidate, by.charge))
            .collect();
        assert_eq!(named, [(0, 0), (0, 1)]);
    }

    #[test]
    fn without_limits_every_call_passes() {
        let store = MemoryStore::new();
        assert!(granted(&reserve(&store, 1, at(0), &[])));
        assert_eq!(settle(&store, 1, at(0), &[], &[]), Settled::OnTime);
        assert!(!granted(&store.reserve_now(&reservation(2, at(0), &[]))));
    }
}

mod enforcement {
    use super::*;

    #[test]
    fn a_soft_limit_is_charged_beyond_its_amount() {
        let store = MemoryStore::new();
        let call = [soft("k", budget(10), 20)];
        assert!(granted(&reserve(&store, 1, at(0), &call)));
        settle(&store, 1, at(0), &call, &[20]);
        assert_eq!(peek(&store, &call[0], at(0)).used, 20);
    }

    #[test]
    fn a_shadow_limit_counts_what_it_would_have_refused_and_charges_the_rest() {
        let store = MemoryStore::new();
        let call = [shadow("k", budget(10), 6), hard("h", budget(100), 6)];
        for id in [1, 2] {
            let Decision::Granted { would_block, .. } = reserve(&store, id, at(0), &call) else {
                panic!("a shadow limit refuses nothing");
            };
            assert_eq!(would_block, if id == 1 { vec![] } else { vec![0] });
        }
        for id in [1, 2] {
            settle(&store, id, at(0), &call, &[5, 5]);
        }
        let balances = store.peek_now(&call, at(0));
        assert_eq!((balances[0].used, balances[0].held), (5, 0));
        assert_eq!(balances[0].would_block, 1);
        assert_eq!(balances[1].used, 10);
    }
}

mod p3_exactly_once {
    use super::*;

    #[test]
    fn a_repeated_reserve_changes_nothing_and_gets_the_same_answer() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60), shadow("s", gauge(0), 1)];
        let first = reserve(&store, 1, at(0), &call);
        assert_eq!(reserve(&store, 1, at(0), &call), first);
        assert_eq!(peek(&store, &call[0], at(0)).held, 60);
        assert_eq!(peek(&store, &call[1], at(0)).would_block, 1);
    }

    #[test]
    fn a_repeated_settle_changes_nothing() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60)];
        reserve(&store, 1, at(0), &call);
        assert_eq!(settle(&store, 1, at(0), &call, &[50]), Settled::OnTime);
        assert_eq!(settle(&store, 1, at(0), &call, &[50]), Settled::Repeated);
        assert_eq!(reserve(&store, 1, at(0), &call), Decision::Closed);
        let balance = peek(&store, &call[0], at(0));
        assert_eq!((balance.used, balance.held), (50, 0));
    }

    #[test]
    fn an_unknown_hold_is_booked_once_and_can_not_be_opened_after() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60), hard("g", gauge(5), 1)];
        assert_eq!(settle(&store, 1, at(0), &call, &[50, 1]), Settled::Unknown);
        assert_eq!(settle(&store, 1, at(0), &call, &[50, 1]), Settled::Repeated);
        assert_eq!(reserve(&store, 1, at(0), &call), Decision::Closed);
        let balances = store.peek_now(&call, at(0));
        assert_eq!((balances[0].used, balances[1].held), (50, 0));
    }

    #[test]
    fn ids_are_remembered_for_a_holds_life_and_the_longest_retry() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[50]);
        for later in (0..3_660).step_by(60) {
            // Other calls of the same shard let time pass in it.
            let other = 32 * (2 + u128::from(later)) + 1;
            reserve(&store, other, at(later), &[]);
            settle(&store, other, at(later), &[], &[]);
            assert_eq!(
                settle(&store, 1, at(later), &call, &[50]),
                Settled::Repeated
            );
        }
        reserve(&store, 33, at(4_000), &[]);
        assert_eq!(
            settle(&store, 1, at(20_000), &call, &[50]),
            Settled::Unknown
        );
    }

    #[test]
    fn bookings_in_another_order_or_missing_do_no_harm() {
        let store = MemoryStore::new();
        let call = [
            hard("a", budget(100), 10),
            hard("b", budget(100), 10),
            hard("c", budget(100), 10),
        ];
        reserve(&store, 1, at(0), &call);
        let two = [call[1].clone(), call[0].clone()];
        assert_eq!(settle(&store, 1, at(0), &two, &[2, 1]), Settled::OnTime);
        let used: Vec<_> = store
            .peek_now(&call, at(0))
            .iter()
            .map(|b| (b.used, b.held))
            .collect();
        assert_eq!(used, [(1, 0), (2, 0), (0, 0)]);
    }
}

mod p4_every_hold_ends {
    use super::*;

    #[test]
    fn an_expired_hold_falls_before_anything_else_is_decided() {
        let store = MemoryStore::new();
        let call = [hard("g", gauge(1), 1)];
        reserve(&store, 1, at(0), &call);
        // Ids 1 and 2 lie in different shards.
        assert!(!granted(&reserve(&store, 2, at(59), &call)));
        assert!(granted(&reserve(&store, 2, at(60), &call)));
    }

    #[test]
    fn an_expired_hold_leaves_what_it_keeps() {
        let store = MemoryStore::new();
        let call = [
            kept(hard("requests", budget(10), 1)),
            hard("tokens", budget(100), 40),
            kept(hard("gauge", gauge(5), 1)),
            kept(hard(
                "rate",
                Rule::Bucket {
                    capacity: 10,
                    refill: 1,
                    every: DAY,
                },
                1,
            )),
            hard("token-rate", bucket(6_100, 100), 6_050),
        ];
        reserve(&store, 1, at(0), &call);
        let taken: Vec<_> = store
            .peek_now(&call, at(60))
            .iter()
            .map(|b| (b.used, b.held))
            .collect();
        assert_eq!(taken, [(1, 0), (0, 0), (0, 0), (1, 0), (0, 0)]);
    }

    #[test]
    fn a_late_settlement_corrects_what_the_expiry_kept() {
        let store = MemoryStore::new();
        let call = [
            kept(hard("requests", budget(10), 1)),
            hard("tokens", budget(100), 40),
            hard("gauge", gauge(5), 1),
            kept(hard("rate", bucket(10, 1), 5)),
        ];
        reserve(&store, 1, at(0), &call);
        assert_eq!(reserve(&store, 1, at(61), &call), Decision::Closed);
        assert_eq!(
            settle(&store, 1, at(61), &call, &[0, 30, 1, 8]),
            Settled::Late
        );
        assert_eq!(
            settle(&store, 1, at(61), &call, &[0, 30, 1, 8]),
            Settled::Repeated
        );
        let taken: Vec<_> = store
            .peek_now(&call, at(61))
            .iter()
            .map(|b| (b.used, b.held))
            .collect();
        assert_eq!(taken, [(0, 0), (30, 0), (0, 0), (3, 0)]);
    }

    #[test]
    fn a_renewed_hold_lives_on_and_a_gone_one_stays_gone() {
        let store = MemoryStore::new();
        let call = [hard("g", gauge(1), 1)];
        reserve(&store, 1, at(0), &call);
        store.renew_now(HoldId::from_u128(1), at(50), Duration::from_secs(60));
        assert_eq!(peek(&store, &call[0], at(109)).held, 1);
        assert_eq!(peek(&store, &call[0], at(110)).held, 0);
        store.renew_now(HoldId::from_u128(1), at(111), Duration::from_secs(60));
        assert_eq!(peek(&store, &call[0], at(112)).held, 0);
        assert_eq!(store.open_holds(), 0);
    }

    #[test]
    fn a_renewal_that_comes_after_the_expiry_is_too_late() {
        let store = MemoryStore::new();
        let call = [hard("g", gauge(1), 1)];
        reserve(&store, 1, at(0), &call);
        store.renew_now(HoldId::from_u128(1), at(60), Duration::from_secs(60));
        assert_eq!(peek(&store, &call[0], at(60)).held, 0);
        assert_eq!(settle(&store, 1, at(61), &call, &[1]), Settled::Late);
    }

    #[test]
    fn a_renewal_may_bring_the_expiry_forward() {
        let store = MemoryStore::new();
        let call = [hard("g", gauge(1), 1)];
        reserve(&store, 1, at(0), &call);
        store.renew_now(HoldId::from_u128(1), at(10), Duration::from_secs(5));
        assert_eq!(peek(&store, &call[0], at(14)).held, 1);
        assert_eq!(peek(&store, &call[0], at(15)).held, 0);
    }
}

mod p5_debt_is_booked {
    use super::*;

    #[test]
    fn a_call_that_used_more_is_booked_in_full_and_the_next_one_waits() {
        let store = MemoryStore::new();
        let call = [hard("b", budget(100), 50), hard("r", bucket(100, 10), 50)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[130, 130]);
        let Decision::Refused(refusals) = reserve(&store, 2, at(0), &call) else {
            panic!("in debt");
        };
        assert_eq!(refusals[0].balance.used, 130);
        assert_eq!(
            refusals[1].wait,
            Some(8 * SECOND),
            "130 + 50 - 100, at 10 a second"
        );
    }
}

mod p10_changed_amount_keeps_usage {
    use super::*;

    #[test]
    fn under_another_cap() {
        let store = MemoryStore::new();
        let call = [hard("k", budget(100), 60)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[60]);
        let lower = hard("k", budget(50), 1);
        assert!(!granted(&reserve(
            &store,
            2,
            at(0),
            std::slice::from_ref(&lower)
        )));
        assert_eq!(peek(&store, &lower, at(0)).used, 60);
        let higher = hard("k", budget(200), 140);
        assert!(granted(&reserve(&store, 3, at(0), &[higher])));
    }
}

mod p8_memory_is_bounded {
    use super::*;

    fn someone(user: u64, rule: Rule, amount: u64) -> Charge {
        hard(&format!("user-{user}"), rule, amount)
    }

    #[test]
    fn strangers_that_are_refused_leave_nothing() {
        let store = MemoryStore::new();
        let mut most = 0;
        for user in 0..20_000 {
            let now = at(user / 100);
            let call = [
                someone(user, budget(100), 1),
                hard("org", budget(10), 11),
                someone(user, gauge(5), 1),
            ];
            assert!(!granted(&reserve(&store, u128::from(user), now, &call)));
            most = most.max(store.len());
        }
        assert!(most < 3_000, "at 100 a second for some ten seconds: {most}");
    }

    #[test]
    fn a_bucket_goes_when_it_is_dry_and_not_before() {
        let store = MemoryStore::new();
        let call = [someone(1, bucket(100, 1), 100)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[100]);
        for second in 0..100 {
            reserve(&store, 2, at(second), &[]);
            settle(&store, 2, at(second), &[], &[]);
            assert_eq!(store.len(), 1, "{second}");
        }
        reserve(&store, 3, at(100), &[]);
        reserve(&store, 3, at(110), &[]);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn a_counter_with_an_open_hold_stays() {
        let store = MemoryStore::new();
        let call = [someone(1, gauge(5), 0)];
        reserve(&store, 1, at(0), &call);
        reserve(&store, 2, at(59), &[]);
        assert_eq!(store.len(), 1);
        settle(&store, 1, at(59), &call, &[0]);
        reserve(&store, 3, at(70), &[]);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn corrections_sweep_as_calls_do() {
        let store = MemoryStore::new();
        let mut most = 0;
        for second in 0..1_000 {
            for user in 0..10 {
                let limit = hard(&format!("{second} {user}"), bucket(100, 1), 0);
                store.adjust_now(&limit, Adjustment::Debit(5), at(second));
            }
            most = most.max(store.len());
        }
        assert!(most < 300, "at 10 a second for some ten seconds: {most}");
    }

    #[test]
    fn a_gauge_that_no_call_is_under_way_on_goes_after_a_day_whatever_it_was_raised_by() {
        let store = MemoryStore::new();
        let limit = hard("limit", gauge(9), 1);
        store.adjust_now(&limit, Adjustment::Debit(5), at(0));
        reserve(&store, 1, at(86_399), &[]);
        assert_eq!(store.len(), 1);
        reserve(&store, 2, at(86_411), &[]);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn a_gauge_that_a_call_is_under_way_on_stays() {
        let store = MemoryStore::new();
        let call = [hard("limit", gauge(9), 1)];
        let day = 86_400;
        store.adjust_now(&call[0], Adjustment::Debit(5), at(0));
        reserve(&store, 1, at(0), &call);
        store.renew_now(HoldId::from_u128(1), at(0), Duration::from_secs(3 * day));
        for hour in 2..50 {
            reserve(&store, u128::from(hour), at(hour * 3_600), &[]);
        }
        assert_eq!(peek(&store, &call[0], at(2 * day)).held, 6);
    }

    #[test]
    fn one_call_looks_at_few_counters() {
        let store = MemoryStore::new();
        for user in 0..1_000 {
            store.adjust_now(&someone(user, gauge(5), 0), Adjustment::Reset, at(0));
        }
        reserve(&store, 1, at(1_000), &[]);
        assert_eq!(store.len(), 998);
    }

    #[test]
    fn a_shadow_counter_that_has_only_would_have_blocked_goes_after_a_day() {
        let store = MemoryStore::new();
        let call = [shadow("s", gauge(0), 1)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[1]);
        reserve(&store, 2, at(86_399), &[]);
        assert_eq!(peek(&store, &call[0], at(86_399)).would_block, 1);
        reserve(&store, 3, at(86_409), &[]);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn a_closed_period_goes_after_a_day() {
        let store = MemoryStore::new();
        let today = Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at: 3_600_000_000,
        };
        let call = [someone(1, today, 10)];
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[10]);
        let mut id = 2;
        let mut pass = |seconds| {
            for now in [at(seconds), at(seconds)] {
                reserve(&store, id, now, &[]);
                settle(&store, id, now, &[], &[]);
                id += 1;
            }
            store.len()
        };
        assert_eq!(pass(3_600), 1);
        assert_eq!(pass(3_600 + 86_399), 1);
        assert_eq!(pass(3_600 + 86_400), 0);
    }

    /// Forgotten, it would alert again.
    #[test]
    fn a_period_that_has_crossed_a_threshold_stays_though_all_is_credited() {
        let store = MemoryStore::new();
        let told = Told::by(&store);
        let ends_at = i64::try_from(DAY).expect("small");
        let rule = Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at,
        };
        let charge = alerting("day", rule, 0, &[50]);
        let debit = Adjustment::Debit(60);
        store.adjust_now(&charge, debit, at(0));
        store.adjust_now(&charge, Adjustment::Reset, at(0));
        reserve(&store, 1, at(3_600), &[]);
        assert_eq!(store.len(), 1);
        store.adjust_now(&charge, debit, at(3_600));
        assert_eq!(told.take(), [("day".to_owned(), 50, 60)]);
        reserve(&store, 2, at(2 * 86_400), &[]);
        assert!(store.is_empty());
    }

    #[test]
    fn a_wall_clock_that_jumps_forward_and_back_loses_no_usage() {
        let store = MemoryStore::new();
        let month = Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at: 30 * 86_400_000_000,
        };
        let call = [someone(1, month, 10)];
        let jumped = |seconds| Moment {
            wall: 300 * 86_400_000_000,
            ..at(seconds)
        };
        reserve(&store, 1, at(0), &call);
        settle(&store, 1, at(0), &call, &[10]);
        // Looked at with the wall clock far ahead, and touched with it far ahead and looked at afterwards.
        for days in 0..20 {
            reserve(&store, 100 + u128::from(days), jumped(days * 86_400), &[]);
        }
        store.adjust_now(&call[0], Adjustment::Debit(0), jumped(20 * 86_400));
        for days in 20..30 {
            reserve(&store, 200 + u128::from(days), at(days * 86_400), &[]);
        }
        assert_eq!(peek(&store, &call[0], at(29 * 86_400)).used, 10);
    }
}

struct Settlings(std::sync::mpsc::Sender<Settled>);

impl Reports for Settlings {
    fn report(&self, report: Report<'_>) {
        if let Report::Settled { how, .. } = report {
            self.0.send(how).expect("a receiver");
        }
    }
}

#[tokio::test]
async fn as_a_trait_object_it_answers_the_same() {
    let store: std::sync::Arc<dyn Store> = std::sync::Arc::new(MemoryStore::new());
    let call = [hard("k", budget(100), 60)];
    let decision = store.reserve(reservation(1, at(0), &[&call])).await;
    assert!(granted(&decision.expect("in memory")));
    let (sender, settled) = std::sync::mpsc::channel();
    store.report_to(std::sync::Arc::new(Settlings(sender)));
    store.settle(settlement(1, at(0), &call, &[50]));
    assert_eq!(
        settled.try_recv(),
        Ok(Settled::OnTime),
        "booked before it returns"
    );
    let credit = store
        .adjust(call[0].clone(), Adjustment::Credit(20), at(0))
        .await;
    assert_eq!(credit.expect("in memory").used, 30);
    let peeked = store.peek(call.to_vec(), at(0)).await;
    assert_eq!(peeked.expect("in memory")[0].used, 30);
    store.health().await.expect("healthy");
    store.drain().await;
}
