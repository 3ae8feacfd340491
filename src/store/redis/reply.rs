//! What the scripts answer. Every answer begins alike: the time by Redis, the organization's epoch, and the thresholds that
//! expired holds have crossed.

use ::redis::Value;

use super::decode::{self, Reader, senseless};
use super::explain;
use super::names::Names;
use crate::clock::Moment;
use crate::store::{Balance, Charge, Decision, Refusal, Settled, StoreError};

/// An answer whose beginning is read.
pub(super) struct Reply {
    pub(super) now: Moment,
    pub(super) epoch: String,
    pub(super) crossings: Vec<Crossing>,
    pub(super) kind: String,
    rest: Reader,
}

/// A threshold that was crossed.
pub(super) struct Crossing {
    pub(super) charge: Charge,
    pub(super) percent: u8,
    pub(super) used: u64,
}

impl Reply {
    pub(super) fn read(value: Value, names: &Names) -> Result<Self, StoreError> {
        let mut rest = Reader::new(value)?;
        let now: u64 = rest.number()?;
        let wall = i64::try_from(now).map_err(|_| senseless("a time"))?;
        Ok(Self {
            now: Moment { wall, steady: now },
            epoch: rest.text()?,
            crossings: crossings(rest.list()?, names)?,
            kind: rest.text()?,
            rest,
        })
    }

    /// Whether nothing was decided yet: more holds are due than one script gives up.
    pub(super) fn is_to_come_again(&self) -> bool {
        self.kind == "again"
    }

    pub(super) fn decision(mut self, candidates: &[Vec<Charge>]) -> Result<Decision, StoreError> {
        match self.kind.as_str() {
            "granted" => self.granted(candidates),
            "open" => self.granted_before(),
            "closed" => Ok(Decision::Closed),
            "wrong period" => Ok(Decision::WrongPeriod),
            "refused" => self.refused(candidates),
            _ => Err(senseless("a decision")),
        }
    }

    fn granted(&mut self, candidates: &[Vec<Charge>]) -> Result<Decision, StoreError> {
        let candidate: usize = self.rest.number()?;
        let charges = candidates.get(candidate);
        let charges = charges.ok_or_else(|| senseless("one of the candidates"))?;
        let lines = self.rest.list()?.all(Reader::text)?;
        Ok(Decision::Granted {
            candidate,
            balances: self.balances(charges, &lines)?,
            would_block: self.rest.list()?.all(Reader::number)?,
        })
    }

    /// The decision that an earlier reservation of the same id got, with its counters as they are now.
    fn granted_before(&mut self) -> Result<Decision, StoreError> {
        let candidate = self.rest.number()?;
        let (mut balances, mut would_block) = (Vec::new(), Vec::new());
        let mut charges = self.rest.list()?;
        while !charges.is_empty() {
            let mut charge = charges.list()?;
            let rule = decode::rule_of(&charge.text()?)?;
            let state = decode::state(&charge.text()?, rule, self.now)?;
            if charge.number::<u8>()? == 0 {
                would_block.push(balances.len());
            }
            balances.push(state.balance(rule, self.now));
        }
        Ok(Decision::Granted {
            candidate,
            balances,
            would_block,
        })
    }

    fn refused(&mut self, candidates: &[Vec<Charge>]) -> Result<Decision, StoreError> {
        let tried = self
            .rest
            .list()?
            .all(|tried| tried.list()?.all(Reader::text))?;
        let why = |(candidate, (charges, lines)): (usize, (&Vec<Charge>, &Vec<String>))| {
            explain::refusals(candidate, charges, lines, self.now)
        };
        let refusals: Result<Vec<Vec<Refusal>>, _> =
            candidates.iter().zip(&tried).enumerate().map(why).collect();
        Ok(Decision::Refused(refusals?.concat()))
    }

    /// How a settlement ended, and what it crossed.
    pub(super) fn settled(mut self, names: &Names) -> Result<(Settled, Vec<Crossing>), StoreError> {
        let how = match self.kind.as_str() {
            "on time" => Settled::OnTime,
            "late" => Settled::Late,
            "unknown" => Settled::Unknown,
            "repeated" => Settled::Repeated,
            _ => return Err(senseless("the end of a settlement")),
        };
        Ok((how, crossings(self.rest.list()?, names)?))
    }

    /// Counters that were asked for.
    pub(super) fn peeked(mut self, charges: &[Charge]) -> Result<Vec<Balance>, StoreError> {
        let lines = self.rest.list()?.all(Reader::text)?;
        self.balances(charges, &lines)
    }

    /// A counter that was corrected, and what that crossed.
    pub(super) fn adjusted(
        mut self,
        charge: &Charge,
        names: &Names,
    ) -> Result<(Balance, Vec<Crossing>), StoreError> {
        let state = decode::state(&self.rest.text()?, charge.rule, self.now)?;
        let crossings = crossings(self.rest.list()?, names)?;
        Ok((state.balance(charge.rule, self.now), crossings))
    }

    fn balances(&self, charges: &[Charge], lines: &[String]) -> Result<Vec<Balance>, StoreError> {
        if charges.len() != lines.len() {
            return Err(senseless("a counter for each charge"));
        }
        let balance = |(charge, line): (&Charge, &String)| {
            let state = decode::state(line, charge.rule, self.now)?;
            Ok(state.balance(charge.rule, self.now))
        };
        charges.iter().zip(lines).map(balance).collect()
    }
}

fn crossings(list: Reader, names: &Names) -> Result<Vec<Crossing>, StoreError> {
    list.all(|list| {
        Ok(Crossing {
            charge: decode::charge(&list.text()?, names)?,
            percent: list.number()?,
            used: list.number()?,
        })
    })
}
