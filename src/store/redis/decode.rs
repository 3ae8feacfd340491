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
