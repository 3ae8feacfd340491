//! Alerts: what somebody has to be told of, in whole, and how urgent it is.

mod observer;
mod sinks;

pub use self::observer::Alerts;
pub use self::sinks::{AlertSink, ChannelAlerts, TracingAlerts};

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Event;
use crate::money::Usd;
use crate::policy::Unit;
use crate::quota::Figure;
use crate::reject::rfc3339_text;
use crate::store::CounterKey;

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertLevel {
    /// Below 75 percent: good to know.
    Info,
    /// From 75 percent on, or at a soft limit.
    Warning,
    /// From 90 percent on: soon calls will be refused.
    Critical,
}

impl AlertLevel {
    /// The level of a threshold. A soft limit refuses nothing: it warns at the most.
    pub(crate) fn of(percent: u8, soft: bool) -> Self {
        match percent {
            0..75 => Self::Info,
            75..90 => Self::Warning,
            _ if soft => Self::Warning,
            _ => Self::Critical,
        }
    }

    /// The level's name in metrics, logs and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertKind {
    /// What is used of a limit has reached a threshold.
    Threshold {
        /// In percent of the limit's amount.
        percent: u8,
    },
    /// A day spends more than 1.5 times of its share of a budget.
    Pace,
}

impl AlertKind {
    /// The kind's name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Threshold { .. } => "threshold",
            Self::Pace => "pace",
        }
    }
}

/// Something that somebody has to be told of: the owned form of an event, complete in itself.
///
/// As JSON it has `kind`, `level`, `message`, `limit`, `organization`, whichever of `project`, `user` and `model` the limit
/// counts for itself, `percent` (of a threshold), `used`, `amount`, `unit` and `ends_at`; dollars are exact decimal numbers there and times RFC 3339.
/// Its `Display` is the message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// How urgent it is.
    pub level: AlertLevel,
    /// The limit's id.
    pub limit: Arc<str>,
    /// Whose usage it is.
    pub organization: String,
    /// Of which project, where the limit counts each for itself.
    pub project: Option<String>,
    /// Of which user, where the limit counts each for itself.
    pub user: Option<String>,
    /// Of which model, where the limit counts each for itself.
    pub model: Option<String>,
    /// What is used, in the unit; dollars in nano-dollars. Of a pace, with what calls under way hold.
    pub used: u64,
    /// How much there is, in the unit.
    pub amount: u64,
    /// What is counted.
    pub unit: Unit,
    /// When the period ends, in microseconds since the Unix epoch.
    pub ends_at: i64,
}

impl Alert {
    /// The alert that an event is; most are none.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Crossed {
                counter,
                limit,
                percent,
                level,
                used,
                amount,
                unit,
                ends_at,
                ..
            } => Some(Self {
                kind: AlertKind::Threshold { percent: *percent },
                level: *level,
                used: *used,
                amount: *amount,
                unit: *unit,
                ends_at: *ends_at,
                ..Self::about(limit, counter)
            }),
            Event::PaceExceeded {
                counter,
                limit,
                today,
                daily,
                ends_at,
                ..
            } => Some(Self {
                used: *today,
                amount: *daily,
                ends_at: *ends_at,
                ..Self::about(limit, counter)
            }),
            _ => None,
        }
    }

    /// An alert of a budget's pace, whose figures are not there yet.
    fn about(limit: &Arc<str>, counter: &CounterKey) -> Self {
        let part = |name| counter.part(name).map(Into::into);
        Self {
            kind: AlertKind::Pace,
            level: AlertLevel::Warning,
            limit: limit.clone(),
            organization: counter.organization().into(),
            project: part("project"),
            user: part("user"),
            model: part("model"),
            used: 0,
            amount: 0,
            unit: Unit::Usd,
            ends_at: 0,
        }
    }

    /// The parts of the subject that the limit counts for themselves, with their names.
    fn whose(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let parts = [
            ("project", &self.project),
            ("user", &self.user),
            ("model", &self.model),
        ];
        let named = parts.into_iter();
        named.filter_map(|(name, part)| Some((name, part.as_deref()?)))
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |amount: u64| match self.unit {
            Unit::Usd => Usd::from_nanos(amount).to_string(),
            unit => format!("{amount} {}", unit.as_str().replace('_', " ")),
        };
        match self.kind {
            AlertKind::Threshold { percent } => {
                write!(f, "Limit {} has reached {percent} %", self.limit)?;
            }
            AlertKind::Pace => write!(f, "Limit {} is spent too fast today", self.limit)?,
        }
        write!(f, " for organization {}", self.organization)?;
        for (name, part) in self.whose() {
            write!(f, ", {name} {part}")?;
        }
        let (used, amount) = (figure(self.used), figure(self.amount));
        let what = match self.kind {
            AlertKind::Threshold { .. } => "used",
            AlertKind::Pace => "used or held",
        };
        let ends_at = rfc3339_text(self.ends_at);
        write!(f, ": {used} of {amount} {what}, until {ends_at}")
    }
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("level", self.level.as_str())?;
        map.serialize_entry("message", &self.to_string())?;
        map.serialize_entry("limit", &self.limit)?;
        map.serialize_entry("organization", &self.organization)?;
        for (name, part) in self.whose() {
            map.serialize_entry(name, part)?;
        }
        if let AlertKind::Threshold { percent } = self.kind {
            map.serialize_entry("percent", &percent)?;
        }
        map.serialize_entry("used", &Figure(self.unit, self.used))?;
        map.serialize_entry("amount", &Figure(self.unit, self.amount))?;
        map.serialize_entry("unit", self.unit.as_str())?;
        map.serialize_entry("ends_at", &rfc3339_text(self.ends_at))?;
        map.end()
    }
}
