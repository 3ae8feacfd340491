//! What a store reports, as the events that observers are told.

use super::{AlertLevel, Event, Observers};
use crate::policy::{Enforcement, Unit};
use crate::store::{CallRecord, Charge, Replaced, Report, Reports, Rule, Settled, Settlement};

impl Reports for Observers {
    fn report(&self, report: Report<'_>) {
        match report {
            Report::Settled { settlement, how } => self.tell_settled(settlement, how),
            Report::Crossed {
                charge,
                percent,
                used,
                record,
            } => self.tell_crossed(charge, percent, used, record),
            Report::Lost { settlement, reason } => self.tell(|| lost(settlement, reason)),
            Report::Emptied { organization } => self.tell(|| Event::StoreEmptied {
                organization: organization.into(),
            }),
        }
    }
}

impl Observers {
    fn tell_settled(&self, settlement: &Settlement, how: Settled) {
        let Some(record) = &settlement.record else {
            return;
        };
        let is_repeated = how == Settled::Repeated;
        // What was recovered is in the store's past, which the ledger was told of.
        if !is_repeated && how != Settled::Recovered {
            self.ledger().settled(record, settlement.now.wall);
        }
        match record.corrects {
            // Delivered again, it has corrected nothing.
            Some(_) if is_repeated => {}
            Some(replaced) => self.tell(|| corrected(settlement, record, replaced)),
            None => self.tell(|| settled(settlement, record, how)),
        }
    }

    /// Tells of a threshold. What the counter counts is in its key: stores know no units.
    fn tell_crossed(&self, charge: &Charge, percent: u8, used: u64, record: Option<&CallRecord>) {
        let unit = charge.key.part("unit").and_then(|unit| Unit::named(&unit));
        let (Some(unit), Rule::Budget { cap, ends_at, .. }) = (unit, charge.rule) else {
            return;
        };
        self.tell(|| Event::Crossed {
            counter: charge.key.clone(),
            subject: record.map(|record| record.subject.clone()),
            limit: charge.limit.clone(),
            percent,
            level: AlertLevel::of(percent, charge.enforcement == Enforcement::Soft),
            used,
            amount: cap,
            unit,
            ends_at,
        });
    }
}

fn corrected(settlement: &Settlement, record: &CallRecord, replaced: Replaced) -> Event {
    Event::Corrected {
        hold: settlement.id,
        subject: record.subject.clone(),
        api: record.api,
        asked: record.asked.clone(),
        model: record.model.clone(),
        replaces: replaced.hold,
        booked: replaced.usage,
        booked_cost: replaced.cost,
        usage: record.usage,
        cost: record.cost,
        admitted_at: record.admitted_at,
        at: settlement.now.wall,
    }
}

fn settled(settlement: &Settlement, record: &CallRecord, how: Settled) -> Event {
    Event::Settled {
        hold: settlement.id,
        subject: record.subject.clone(),
        api: record.api,
        asked: record.asked.clone(),
        model: record.model.clone(),
        reserved: record.reserved,
        usage: record.usage,
        basis: record.basis,
        cost: record.cost,
        asked_cost: record.asked_cost,
        admitted_at: record.admitted_at,
        at: settlement.now.wall,
        settled: how,
    }
}

fn lost(settlement: &Settlement, reason: &str) -> Event {
    let record = settlement.record.as_deref();
    Event::SettlementLost {
        hold: settlement.id,
        subject: record.map(|record| record.subject.clone()),
        api: record.and_then(|record| record.api),
        asked: record.map(|record| record.asked.clone()),
        model: record.map(|record| record.model.clone()),
        usage: record.map(|record| record.usage).unwrap_or_default(),
        cost: record.map(|record| record.cost).unwrap_or_default(),
        admitted_at: record.map(|record| record.admitted_at),
        reason: reason.to_owned(),
    }
}
