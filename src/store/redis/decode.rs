//! Answers of scripts, read with distrust: what makes no sense is an error, never a panic.

use ::redis::Value;

use super::names::Names;
use crate::clock::Moment;
use crate::policy::{Durability, Enforcement, OnStoreFailure};
use crate::store::arithmetic::{Bucket, Budget, Gauge, State};
use crate::store::{Charge, Rule, StoreError};

/// What is left to read of a list.
pub(super) struct Reader(std::vec::IntoIter<Value>);

impl Reader {
    pub(super) fn new(value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(senseless("a list")),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => {
                String::from_utf8(bytes).map_err(|_| senseless("text"))
            }
            Some(Value::SimpleString(text)) => Ok(text),
            _ => Err(senseless("text")),
        }
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        self.text()?.parse().map_err(|_| senseless("a number"))
    }

    pub(super) fn list(&mut self) -> Result<Self, StoreError> {
        Self::new(self.0.next().unwrap_or(Value::Nil))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    /// What all that is left is, read one by one.
    pub(super) fn all<T>(
        mut self,
        read: impl Fn(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        while !self.is_empty() {
            all.push(read(&mut self)?);
        }
        Ok(all)
    }
}

pub(super) fn senseless(expected: &str) -> StoreError {
    StoreError(format!(
        "Redis gave an answer that makes no sense; {expected} was expected"
    ))
}

/// A counter as the script keeps it; nothing is a fresh one.
pub(super) fn state(line: &str, rule: Rule, now: Moment) -> Result<State, StoreError> {
    let mut words = line.split(' ');
    let Some(kind) = words.next().filter(|kind| !kind.is_empty()) else {
        return Ok(State::fresh(rule, now));
    };
    let mut number = || -> Option<u64> { words.next()?.parse().ok() };
    let read = match kind {
        "b" => (|| {
            let (level, _high, _low) = (number()?, number()?, number()?);
            let bucket = Bucket::restored(level, number()?, number()?);
            Some(State::from(bucket).with_would_block(number()?))
        })(),
        "p" => (|| {
            let budget = Budget::restored(number()?, number()?);
            Some(State::from(budget).with_would_block(number()?))
        })(),
        "g" => (|| {
            let gauge = Gauge::restored(number()?);
            Some(State::from(gauge).with_would_block(number()?))
        })(),
        _ => None,
    };
    read.ok_or_else(|| senseless("a counter"))
}

/// The rule of a charge as [`encode`](super::encode::charge) wrote it.
pub(super) fn rule_of(line: &str) -> Result<Rule, StoreError> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    let read = (|| {
        let (kind, _amount) = (word()?, word()?);
        rule(kind, word()?.parse().ok()?, word()?, word()?)
    })();
    read.ok_or_else(|| senseless("a rule"))
}

/// A charge as [`encode`](super::encode::charge) wrote it.
pub(super) fn charge(line: &str, names: &Names) -> Result<Charge, StoreError> {
    read_charge(line, names).ok_or_else(|| senseless("a charge"))
}

fn read_charge(line: &str, names: &Names) -> Option<Charge> {
    let mut words = line.splitn(10, ' ');
    let mut word = || words.next();
    let kind = word()?;
    let amount = word()?.parse().ok()?;
    let cap = word()?.parse().ok()?;
    let rule = rule(kind, cap, word()?, word()?)?;
    let kept_on_expiry = word()? == "1";
    let mut marks = word()?.chars();
    let alerts = word()?.split(',').filter_map(|it| it.parse::<u8>().ok());
    let alerts = alerts.collect();
    let length: usize = word()?.parse().ok()?;
    let (suffix, limit) = word()?.split_at_checked(length)?;
    Some(Charge {
        key: names.key(suffix),
        limit: limit.into(),
        rule,
        enforcement: match marks.next()? {
            'h' => Enforcement::Hard,
            's' => Enforcement::Soft,
            _ => Enforcement::Shadow,
        },
        downgrades: marks.next()? == '1',
        amount,
        kept_on_expiry,
        alerts,
        on_store_failure: match marks.next()? {
            'c' => OnStoreFailure::Closed,
            'o' => OnStoreFailure::Open,
            _ => OnStoreFailure::Local,
        },
        durability: match marks.next()? {
            'r' => Durability::Reserve,
            _ => Durability::Settle,
        },
    })
}

fn rule(kind: &str, cap: u64, a: &str, b: &str) -> Option<Rule> {
    Some(match kind {
        "b" => Rule::Bucket {
            capacity: cap,
            refill: a.parse().ok()?,
            every: b.parse().ok()?,
        },
        "p" => Rule::Budget {
            cap,
            starts_at: a.parse().ok()?,
            ends_at: b.parse().ok()?,
        },
        "g" => Rule::Gauge { cap },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{encode, reply::Reply};
    use super::*;
    use crate::store::CounterKey;
    use crate::store::arithmetic::Percents;

    fn names() -> Names {
        Names::new("", "a/b")
    }

    fn charge_of(limit: &str, rule: Rule) -> Charge {
        Charge {
            key: CounterKey::new("a/b", &[("limit", limit), ("user", "ö x")]),
            limit: limit.into(),
            rule,
            enforcement: Enforcement::Shadow,
            downgrades: true,
            amount: 7,
            kept_on_expiry: true,
            alerts: [50, 100].into_iter().collect(),
            on_store_failure: OnStoreFailure::Local,
            durability: Durability::Reserve,
        }
    }

    #[test]
    fn a_charge_comes_back_as_it_was_written() {
        let bucket = Rule::Bucket {
            capacity: 1,
            refill: 2,
            every: 3,
        };
        let budget = Rule::Budget {
            cap: 1 << 52,
            starts_at: -5,
            ends_at: i64::MAX,
        };
        for rule in [bucket, budget, Rule::Gauge { cap: 0 }] {
            for limit in ["pro/usd", "", "two words\nand 3 lines\n", "ü"] {
                let mut charge = charge_of(limit, rule);
                let line = encode::charge(&charge, &names()).expect("its own organization's");
                assert_eq!(super::charge(&line, &names()).expect(&line), charge);
                assert_eq!(rule_of(&line).expect(&line), rule);
                charge.alerts = Percents::NONE;
                let line = encode::charge(&charge, &names()).expect("its own organization's");
                assert_eq!(super::charge(&line, &names()).expect(&line), charge);
            }
        }
    }

    #[test]
    fn a_counter_of_another_organization_is_an_error() {
        let charge = charge_of("k", Rule::Gauge { cap: 1 });
        for other in ["a", "a/", "a/b/c", ""] {
            assert!(
                encode::charge(&charge, &Names::new("", other)).is_err(),
                "{other}"
            );
        }
    }

    const WORDS: &[&str] = &["1", "granted", "open", "b 1 2 3 4 5 6", "p 1", "g 1 2", ""];

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            prop::sample::select(WORDS).prop_map(|text| Value::BulkString(text.into())),
            any::<Vec<u8>>().prop_map(Value::BulkString),
            any::<i64>().prop_map(Value::Int),
            Just(Value::Nil),
        ];
        leaf.prop_recursive(3, 32, 8, |inner| {
            prop::collection::vec(inner, 0..8).prop_map(Value::Array)
        })
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_read_without_a_panic(value in value(), last in value()) {
            let rule = Rule::Gauge { cap: 1 };
            let candidates = [vec![charge_of("k", rule)]];
            for kind in ["granted", "refused", "open", "on time", "done"] {
                let texts = ["5", "5-a"].map(|text| Value::BulkString(text.into()));
                let mut all = texts.to_vec();
                all.push(Value::Array(Vec::new()));
                all.push(Value::BulkString(kind.into()));
                all.extend([value.clone(), last.clone(), value.clone()]);
                let read = || Reply::read(Value::Array(all.clone()), &names());
                let _ = read().map(|reply| reply.decision(&candidates));
                let _ = read().map(|reply| reply.settled(&names()));
                let _ = read().map(|reply| reply.peeked(&candidates[0]));
                let _ = read().map(|reply| reply.adjusted(&candidates[0][0], &names()));
            }
            let _ = Reply::read(value, &names());
            let _ = Reply::read(Value::Array(vec![last]), &names());
        }
    }
}
