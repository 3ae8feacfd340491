//! A model of a store: one thread, plain maps, exact fractions, no eviction.

use std::collections::{BTreeSet, HashMap};

use tower_token_quota::clock::Moment;
use tower_token_quota::policy::Enforcement;
use tower_token_quota::store::{
    Adjustment, Balance, Charge, Decision, Reason, Refusal, Reservation, Rule, Settled, Settlement,
};

use super::Crossed;

/// A counter as a child would keep it. A bucket's content is in parts of `every`.
#[derive(Debug, Clone, Default)]
struct Tally {
    parts: i128,
    ever_added: i128,
    looked_at: u64,
    used: i128,
    held: i128,
    would_block: u64,
    told: BTreeSet<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Status {
    Open,
    Expired,
    Settled,
}

#[derive(Debug)]
struct Hold {
    status: Status,
    expires_at: u64,
    candidate: usize,
    charges: Vec<Charge>,
    /// Of each applied charge, all that had been added to its bucket by then.
    applied: Vec<Option<i128>>,
}

#[derive(Debug, Default)]
pub struct Model {
    tallies: HashMap<String, Tally>,
    holds: HashMap<u128, Hold>,
    pub crossed: Vec<Crossed>,
}

fn wide(number: u64) -> i128 {
    i128::from(number)
}

fn count(number: i128) -> u64 {
    u64::try_from(number).expect("a count")
}

impl Tally {
    fn seen(&self, rule: Rule, now: Moment) -> Self {
        let mut tally = self.clone();
        if let Rule::Bucket { refill, .. } = rule {
            let elapsed = now.steady.saturating_sub(tally.looked_at);
            tally.parts = (tally.parts - wide(elapsed) * wide(refill)).max(0);
            tally.looked_at = tally.looked_at.max(now.steady);
        }
        tally
    }

    fn level(&self, every: u64) -> i128 {
        (self.parts + wide(every) - 1) / wide(every)
    }

    fn taken(&self, rule: Rule) -> i128 {
        match rule {
            Rule::Bucket { every, .. } => self.level(every),
            _ => self.used + self.held,
        }
    }

    fn add(&mut self, rule: Rule, amount: i128) {
        match rule {
            Rule::Bucket { every, .. } => {
                self.parts += amount * wide(every);
                self.ever_added += amount;
            }
            _ => self.held += amount,
        }
    }

    fn refund(&mut self, every: u64, amount: i128) {
        let left = self.level(every) - amount;
        self.parts -= amount * wide(every);
        if left <= 0 {
            self.parts = 0;
        }
        // A refund takes part in the queue's way out: nothing was ever added for it.
    }

    fn settle(&mut self, rule: Rule, before: i128, estimate: i128, actual: i128) {
        match rule {
            Rule::Bucket { every, .. } if actual < estimate => {
                let left_so_far = self.ever_added - self.level(every);
                let unleaked = (before - left_so_far).clamp(0, estimate);
                let refund = (estimate - actual).min(unleaked).min(self.level(every));
                self.refund(every, refund);
            }
            Rule::Bucket { .. } => self.add(rule, actual - estimate),
            Rule::Budget { .. } => {
                self.held -= estimate;
                self.used += actual;
            }
            Rule::Gauge { .. } => self.held = (self.held - estimate).max(0),
        }
    }

    fn balance(&self, rule: Rule, now: Moment) -> Balance {
        let tally = self.seen(rule, now);
        let (used, resets_in) = match rule {
            Rule::Bucket { refill, every, .. } => {
                let dry_in = (tally.parts + wide(refill) - 1) / wide(refill);
                (tally.level(every), Some(count(dry_in)))
            }
            Rule::Budget { ends_at, .. } => {
                let left = (i128::from(ends_at) - i128::from(now.wall)).max(0);
                (tally.used, Some(count(left)))
            }
            Rule::Gauge { .. } => (0, None),
        };
        Balance {
            used: count(used),
            held: count(tally.held),
            amount: rule.amount(),
            would_block: tally.would_block,
            resets_in,
        }
    }
}

impl Model {
    fn tally(&mut self, charge: &Charge, now: Moment) -> &mut Tally {
        let tally = self
            .tallies
            .entry(charge.key.as_str().to_owned())
            .or_default();
        *tally = tally.seen(charge.rule, now);
        tally
    }

    /// After a booking: which thresholds are reached that nobody was told of.
    fn judge(&mut self, charge: &Charge) {
        let Rule::Budget { cap, .. } = charge.rule else {
            return;
        };
        let tally = self.tallies.get_mut(charge.key.as_str()).expect("booked");
        for percent in charge.alerts.iter() {
            let reached = tally.used * 100 >= wide(cap) * i128::from(percent);
            if reached && tally.told.insert(percent) {
                let crossed = (charge.limit.to_string(), percent, count(tally.used));
                self.crossed.push(crossed);
            }
        }
    }

    pub fn balance(&self, charge: &Charge, now: Moment) -> Balance {
        let fresh = Tally::default();
        self.tallies
            .get(charge.key.as_str())
            .unwrap_or(&fresh)
            .balance(charge.rule, now)
    }

    /// The charges of a hold that was granted once.
    pub fn charges_of(&self, id: u128) -> Option<Vec<Charge>> {
        self.holds.get(&id).map(|hold| hold.charges.clone())
    }

    pub fn expire(&mut self, now: Moment) {
        loop {
            let due = |(_, hold): &(&u128, &Hold)| {
                hold.status == Status::Open && hold.expires_at <= now.steady
            };
            let first = self
                .holds
                .iter()
                .filter(due)
                .map(|(id, hold)| (hold.expires_at, *id))
                .min();
            let Some((at, id)) = first else { return };
            let mut hold = self.holds.remove(&id).expect("found");
            for (charge, before) in hold.charges.iter().zip(&hold.applied) {
                let Some(before) = *before else { continue };
                let kept = if charge.kept_on_expiry {
                    charge.amount
                } else {
                    0
                };
                self.tally(charge, Moment { steady: at, ..now }).settle(
                    charge.rule,
                    before,
                    wide(charge.amount),
                    wide(kept),
                );
                self.judge(charge);
            }
            hold.status = Status::Expired;
            self.holds.insert(id, hold);
        }
    }

    pub fn reserve(&mut self, reservation: &Reservation) -> Decision {
        let now = reservation.now;
        self.expire(now);
        let id = reservation.id.as_u128();
        match self.holds.get(&id) {
            Some(hold) if hold.status == Status::Open => return self.grant(hold, now),
            Some(_) => return Decision::Closed,
            None => {}
        }
        let mut refused = Vec::new();
        for (candidate, charges) in reservation.candidates.iter().enumerate() {
            let before = self.tallies.clone();
            let mut refusals = Vec::new();
            let mut applied = Vec::new();
            for (position, charge) in charges.iter().enumerate() {
                let tally = self.tally(charge, now);
                let level_after = tally.taken(charge.rule) + wide(charge.amount);
                let fits = level_after <= wide(charge.rule.amount());
                match charge.enforcement {
                    Enforcement::Shadow if !fits => {
                        tally.would_block += 1;
                        applied.push(None);
                    }
                    Enforcement::Hard if !fits => {
                        let tally = tally.clone();
                        let was = before.get(charge.key.as_str()).cloned().unwrap_or_default();
                        refusals.push(refusal(candidate, position, charge, &tally, &was, now));
                    }
                    _ => {
                        tally.add(charge.rule, wide(charge.amount));
                        applied.push(Some(tally.ever_added));
                    }
                }
            }
            if refusals.is_empty() {
                let hold = Hold {
                    status: Status::Open,
                    expires_at: now.steady + reservation.expires_in.as_micros() as u64,
                    candidate,
                    charges: charges.clone(),
                    applied,
                };
                let decision = self.grant(&hold, now);
                self.holds.insert(id, hold);
                return decision;
            }
            self.tallies = before;
            let search_on = refusals
                .iter()
                .all(|refusal| charges[refusal.charge].downgrades);
            refused.extend(refusals);
            if !search_on {
                break;
            }
        }
        Decision::Refused(refused)
    }

    fn grant(&self, hold: &Hold, now: Moment) -> Decision {
        Decision::Granted {
            candidate: hold.candidate,
            balances: hold
                .charges
                .iter()
                .map(|charge| self.balance(charge, now))
                .collect(),
            would_block: (0..hold.applied.len())
                .filter(|&position| hold.applied[position].is_none())
                .collect(),
        }
    }

    pub fn settle(&mut self, settlement: &Settlement) -> Settled {
        let now = settlement.now;
        self.expire(now);
        let id = settlement.id.as_u128();
        let Some(mut hold) = self.holds.remove(&id) else {
            for booking in &settlement.bookings {
                let rule = booking.charge.rule;
                let tally = self.tally(&booking.charge, now);
                let more = wide(booking.actual) - wide(booking.booked);
                match rule {
                    Rule::Bucket { .. } => tally.add(rule, more.max(0)),
                    Rule::Budget { .. } => tally.used = (tally.used + more).max(0),
                    Rule::Gauge { .. } => {}
                }
                self.judge(&booking.charge);
            }
            let done = Hold {
                status: Status::Settled,
                expires_at: 0,
                candidate: 0,
                charges: Vec::new(),
                applied: Vec::new(),
            };
            self.holds.insert(id, done);
            return Settled::Unknown;
        };
        let status = std::mem::replace(&mut hold.status, Status::Settled);
        for (position, charge) in hold.charges.iter().enumerate() {
            let Some(before) = hold.applied[position] else {
                continue;
            };
            let actual = wide(settlement.bookings[position].actual);
            let estimate = wide(charge.amount);
            let kept = if charge.kept_on_expiry { estimate } else { 0 };
            let tally = self.tally(charge, now);
            match (status, charge.rule) {
                (Status::Open, rule) => tally.settle(rule, before, estimate, actual),
                (Status::Expired, Rule::Budget { .. }) => {
                    tally.used = (tally.used + actual - kept).max(0);
                }
                (Status::Expired, rule @ Rule::Bucket { .. }) => {
                    tally.settle(rule, before, kept, actual);
                }
                (Status::Expired, Rule::Gauge { .. }) | (Status::Settled, _) => {}
            }
            if status != Status::Settled {
                self.judge(charge);
            }
        }
        self.holds.insert(id, hold);
        match status {
            Status::Open => Settled::OnTime,
            Status::Expired => Settled::Late,
            Status::Settled => Settled::Repeated,
        }
    }

    pub fn renew(&mut self, id: u128, now: Moment, expires_in: u64) {
        self.expire(now);
        if let Some(hold) = self.holds.get_mut(&id) {
            hold.expires_at = now.steady + expires_in;
        }
    }

    pub fn adjust(&mut self, charge: &Charge, adjustment: Adjustment, now: Moment) -> Balance {
        self.expire(now);
        let tally = self.tally(charge, now);
        match (charge.rule, adjustment) {
            (Rule::Bucket { every, .. }, Adjustment::Credit(amount)) => {
                let amount = wide(amount).min(tally.level(every));
                tally.refund(every, amount);
            }
            (Rule::Bucket { .. }, Adjustment::Debit(amount)) => {
                tally.add(charge.rule, wide(amount));
            }
            (Rule::Bucket { .. }, Adjustment::Reset) => tally.parts = 0,
            (Rule::Budget { .. }, Adjustment::Credit(amount)) => {
                tally.used = (tally.used - wide(amount)).max(0);
            }
            (Rule::Budget { .. }, Adjustment::Debit(amount)) => tally.used += wide(amount),
            (Rule::Budget { .. }, Adjustment::Reset) => tally.used = 0,
            (Rule::Gauge { .. }, Adjustment::Credit(amount)) => {
                tally.held = (tally.held - wide(amount)).max(0);
            }
            (Rule::Gauge { .. }, Adjustment::Debit(amount)) => tally.held += wide(amount),
            (Rule::Gauge { .. }, Adjustment::Reset) => {}
        }
        self.judge(charge);
        self.balance(charge, now)
    }
}

fn refusal(
    candidate: usize,
    position: usize,
    charge: &Charge,
    drafted: &Tally,
    before: &Tally,
    now: Moment,
) -> Refusal {
    let never = charge.amount > charge.rule.amount();
    let (reason, wait) = match charge.rule {
        _ if never => (Reason::NeverFits, None),
        Rule::Budget { ends_at, .. } => {
            let left = (i128::from(ends_at) - i128::from(now.wall)).max(0);
            (Reason::Quota, Some(count(left)))
        }
        Rule::Bucket {
            capacity,
            refill,
            every,
        } => {
            let too_much = drafted.parts - wide(capacity - charge.amount) * wide(every);
            let wait = (too_much + wide(refill) - 1) / wide(refill);
            (Reason::Rate, Some(count(wait)))
        }
        Rule::Gauge { .. } => (Reason::Concurrent, None),
    };
    Refusal {
        candidate,
        charge: position,
        reason,
        balance: before.balance(charge.rule, now),
        wait,
    }
}
