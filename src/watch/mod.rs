//! What happened, typed: one [`Event`], one [`Observer`].

mod alerts;
mod basis;
mod event;
mod from_store;
mod increase;
mod ledger;
#[cfg(feature = "metrics")]
mod metrics;
mod month;
mod observer;
mod record;
mod records;
mod report;
mod tracing;

pub use self::alerts::{
    Alert, AlertKind, AlertLevel, AlertSink, Alerts, ChannelAlerts, TracingAlerts,
};
pub use self::basis::Basis;
pub use self::event::Event;
pub use self::increase::{IncreaseRequest, Recommendation};
#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
pub use self::observer::Observer;
pub use self::record::UsageRecord;
pub use self::records::UsageRecords;
pub use self::report::{
    BudgetLevel, BudgetReport, ModelReport, OrganizationReport, ProjectReport, Report, Saved,
    Saving, Totals,
};
pub use self::tracing::TracingObserver;
pub use crate::provider::ProviderLimit;
pub use crate::store::Replaced;

pub(crate) use self::ledger::{Account, Ledger};
pub(crate) use self::observer::Observers;
