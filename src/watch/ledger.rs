//! What calls have cost and what was saved: month by month, by organization, project and model. In memory, and bounded. It begins
//! with what the store has kept of the time before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;

use super::Basis;
use super::month::Month;
use super::report::{Saved, Saving, Totals};
use crate::money::Usd;
use crate::policy::{Period, Span};
use crate::reject::RejectionKind;
use crate::store::{CallRecord, OTHER, Past};
use crate::subject::Subject;

/// How many names one organization has in a month, of projects and of models each. More are counted together.
const MOST_NAMES: usize = 256;

/// How many names there are over all months and organizations. Beyond it the months farthest from the running one are forgotten, then new names are
/// counted together, then new organizations not at all. Each takes about 250 bytes.
const MOST_ROWS: usize = 50_000;

/// How many months are kept.
const MOST_MONTHS: usize = 36;

/// One organization's month.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) totals: Totals,
    pub(crate) projects: Rows,
    pub(crate) models: Rows,
}

pub(crate) type Rows = BTreeMap<Arc<str>, Totals>;

/// What this process has seen of calls, and its store before it. It is told by reference and without making an event: it is always there.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Debug)]
struct Book {
    zone: TimeZone,
    /// When it was told of the last call: that tells which month runs.
    now: i64,
    /// The month of the last entry: most have the same.
    last: Option<(Span, Month)>,
    since: Option<i64>,
    months: BTreeMap<Month, BTreeMap<Arc<str>, Account>>,
    rows: usize,
    most_rows: usize,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            now: 0,
            last: None,
            since: None,
            months: BTreeMap::new(),
            rows: 0,
            most_rows: MOST_ROWS,
        }
    }
}

impl Ledger {
    /// A ledger that has what a store knows of the time before this process.
    pub(crate) fn of(past: &Past) -> Self {
        let mut book = Book {
            since: past.since,
            now: past.until.unwrap_or_default(),
            ..Book::default()
        };
        for row in &past.months {
            if let Some(month) = Month::named(&row.month) {
                let project = row.project.as_deref();
                book.enter(month, &row.organization, project, &row.model, |totals| {
                    totals.add(&row.totals);
                });
            }
        }
        Self(Mutex::new(book))
    }

    /// In which time zone months are told apart. It takes effect when the running month ends, as it does for limits.
    pub(crate) fn use_zone(&self, zone: TimeZone) {
        self.lock().zone = zone;
    }

    /// Books a call that was settled now, or corrects one that was.
    pub(crate) fn settled(&self, call: &CallRecord, now: i64) {
        let at = call.admitted_at;
        let mut book = self.at(now);
        book.book(&call.subject, &call.summed_as(), at, |totals| {
            totals.settle(call);
        });
        let Some(asked_cost) = call.asked_cost else {
            return;
        };
        // What it was cheaper by; a rung that was dearer saves nothing.
        let saved = asked_cost.saturating_sub(call.cost.usd);
        book.save(&call.subject, &call.asked, at, |all| {
            all.downgraded.add(saved);
        });
    }

    /// Books a call that was refused, at the most that it could have cost, if its model has a price.
    pub(crate) fn refused(
        &self,
        subject: &Subject,
        model: &str,
        kind: RejectionKind,
        cost: Option<Usd>,
        now: i64,
    ) {
        let is_put_off = match kind {
            RejectionKind::QuotaSpent | RejectionKind::NeverFits => false,
            RejectionKind::RateLimited | RejectionKind::TooManyConcurrent => true,
            _ => return,
        };
        // Callers invent names.
        let is_known = cost.is_some() || crate::model::facts(model).is_some();
        let model = if is_known { model } else { OTHER };
        self.at(now).save(subject, model, now, |all| {
            let saving = if is_put_off {
                &mut all.put_off
            } else {
                &mut all.refused
            };
            saving.add(cost.unwrap_or_default());
        });
    }

    /// Since when calls have been seen.
    pub(crate) fn since(&self) -> Option<i64> {
        self.lock().since
    }

    /// The month of a time.
    pub(crate) fn month(&self, at: i64) -> Month {
        self.lock().month(at)
    }

    /// The organizations that have called in a month.
    pub(crate) fn organizations(&self, month: Month) -> Vec<Arc<str>> {
        let book = self.lock();
        let accounts = book.months.get(&month).into_iter().flatten();
        accounts.map(|(name, _)| name.clone()).collect()
    }

    /// An organization's month.
    pub(crate) fn account(&self, month: Month, organization: &str) -> Account {
        let book = self.lock();
        let account = book.months.get(&month).and_then(|of| of.get(organization));
        account.cloned().unwrap_or_default()
    }

    /// What each month before `until` has cost an organization or one of its projects, from the first with a call on; months
    /// without one cost nothing.
    pub(crate) fn history(
        &self,
        organization: &str,
        project: Option<&str>,
        until: Month,
    ) -> Vec<(Month, Usd)> {
        let book = self.lock();
        let cost = |month: Month| {
            let account = book.months.get(&month)?.get(organization)?;
            let totals = project.map_or(Some(&account.totals), |name| account.projects.get(name));
            totals.map(|totals| totals.cost)
        };
        // Where a clock was set, months may be far apart, and as many as are kept lie between two of them.
        let kept = book.months.range(until.earlier_by(MOST_MONTHS)..until);
        let Some(first) = kept
            .map(|(month, _)| *month)
            .find(|month| cost(*month).is_some())
        else {
            return Vec::new();
        };
        std::iter::successors(Some(first), |month| Some(month.next()))
            .take_while(|month| *month < until)
            .map(|month| (month, cost(month).unwrap_or_default()))
            .collect()
    }

    /// The book, at a time that is now.
    fn at(&self, now: i64) -> MutexGuard<'_, Book> {
        let mut book = self.lock();
        book.now = now;
        book
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn month(&mut self, at: i64) -> Month {
        if let Some((span, month)) = &self.last
            && (span.starts_at..span.ends_at).contains(&at)
        {
            return *month;
        }
        let span = Span::containing(Period::Month, at, &self.zone);
        let month = Month::begun_at(span.starts_at, &self.zone);
        self.last = Some((span, month));
        month
    }

    /// Enters what was saved.
    fn save(&mut self, subject: &Subject, model: &str, at: i64, add: impl Fn(&mut Saved)) {
        self.book(subject, model, at, |totals| add(&mut totals.saved));
    }

    /// Enters something under a subject and a model.
    fn book(&mut self, subject: &Subject, model: &str, at: i64, enter: impl Fn(&mut Totals)) {
        let month = self.month(at);
        self.since.get_or_insert(at);
        let (organization, project) = (subject.organization_name(), subject.project_name());
        self.enter(month, organization, project, model, enter);
    }

    fn enter(
        &mut self,
        month: Month,
        organization: &str,
        project: Option<&str>,
        model: &str,
        enter: impl Fn(&mut Totals),
    ) {
        self.months.entry(month).or_default();
        self.make_room();
        let Some(accounts) = self.months.get_mut(&month) else {
            return;
        };
        if !accounts.contains_key(organization) {
            if self.rows >= self.most_rows {
                return;
            }
            self.rows += 1;
            accounts.insert(organization.into(), Account::default());
        }
        let Some(account) = accounts.get_mut(organization) else {
            return;
        };
        let room = self.most_rows.saturating_sub(self.rows);
        enter(&mut account.totals);
        if let Some(project) = project {
            self.rows += enter_row(&mut account.projects, project, room, &enter);
        }
        self.rows += enter_row(&mut account.models, model, room, &enter);
    }

    /// Forgets the months that are farthest from the one that runs, the oldest of old ones first, while there are too many, or too
    /// many names. A clock that once stood wrong may have begun later months, and a call of an old one may come late.
    fn make_room(&mut self) {
        let running = self.month(self.now);
        while self.months.len() > MOST_MONTHS
            || (self.months.len() > 1 && self.rows >= self.most_rows)
        {
            let ends = [self.months.first_key_value(), self.months.last_key_value()];
            let ends = ends.into_iter().flatten().map(|(month, _)| *month);
            let Some(farthest) = ends.rev().max_by_key(|month| month.apart(running)) else {
                return;
            };
            let gone = self.months.remove(&farthest).unwrap_or_default();
            self.rows -= gone.values().map(Account::rows).sum::<usize>();
        }
    }
}

impl Account {
    fn rows(&self) -> usize {
        1 + self.projects.len() + self.models.len()
    }
}

/// Enters something into a name's row, or where there is no room for another name, into that of all others. Returns how many
/// rows are new.
fn enter_row(rows: &mut Rows, name: &str, room: usize, enter: impl Fn(&mut Totals)) -> usize {
    if let Some(totals) = rows.get_mut(name) {
        enter(totals);
        return 0;
    }
    let has_room = room > 0 && rows.len() < MOST_NAMES;
    let name = if has_room { name } else { OTHER };
    let before = rows.len();
    enter(rows.entry(name.into()).or_default());
    rows.len() - before
}

impl Totals {
    fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.calls, other.calls);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.cached_input_tokens, other.cached_input_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.unpriced_calls, other.unpriced_calls);
        self.cost = self.cost.saturating_add(other.cost);
        self.unreconciled = self.unreconciled.saturating_add(other.unreconciled);
        let saving = |sum: &mut Saving, more: Saving| {
            sum.calls = sum.calls.saturating_add(more.calls);
            sum.cost = sum.cost.saturating_add(more.cost);
        };
        saving(&mut self.saved.refused, other.saved.refused);
        saving(&mut self.saved.put_off, other.saved.put_off);
        saving(&mut self.saved.downgraded, other.saved.downgraded);
    }

    fn settle(&mut self, call: &CallRecord) {
        match &call.corrects {
            None => self.calls = self.calls.saturating_add(1),
            Some(replaced) => {
                let (usage, cost) = (&replaced.usage, replaced.cost);
                self.input_tokens = self.input_tokens.saturating_sub(usage.input_tokens);
                self.cached_input_tokens = self
                    .cached_input_tokens
                    .saturating_sub(usage.cached_input_tokens);
                self.output_tokens = self.output_tokens.saturating_sub(usage.output_tokens);
                self.cost = self.cost.saturating_sub(cost);
                // Only what nobody knew the usage of is ever corrected.
                self.unreconciled = self.unreconciled.saturating_sub(cost);
            }
        }
        let (usage, cost) = (&call.usage, call.cost);
        self.input_tokens = self.input_tokens.saturating_add(usage.input_tokens);
        self.cached_input_tokens = self
            .cached_input_tokens
            .saturating_add(usage.cached_input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(usage.output_tokens);
        self.cost = self.cost.saturating_add(cost.usd);
        if call.basis == Basis::Unreconciled {
            self.unreconciled = self.unreconciled.saturating_add(cost.usd);
        }
        if call.corrects.is_none() && !cost.unpriced.is_empty() {
            self.unpriced_calls = self.unpriced_calls.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
