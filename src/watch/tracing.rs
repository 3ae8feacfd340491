//! Events as `tracing` lines.

use super::{Event, Observer};
use crate::money::Usd;

/// Writes each event to `tracing`, under the target `tower_token_quota`: refusals and failures at `WARN` or `INFO`, the rest at `DEBUG`.
///
/// Prompts, answers and keys are never written.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn observe(&self, event: &Event) {
        match event {
            Event::Admitted {
                subject,
                model,
                downgraded_from,
                input_tokens,
                output_tokens,
                ..
            } => tracing::debug!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), tier = subject.tier_name(), %model, downgraded_from = downgraded_from.as_deref(),
                input_tokens, output_tokens, "admitted"
            ),
            Event::Refused {
                subject,
                model,
                kind,
                limits,
                ..
            } => tracing::info!(
                target: "tower_token_quota",
                user = subject.as_ref().and_then(|subject| subject.user_name()),
                model = model.as_deref(), reason = kind.as_str(), ?limits, "refused"
            ),
            Event::Replied {
                subject,
                model,
                limit,
                ..
            } => tracing::info!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %model, %limit, "canned reply"
            ),
            Event::WouldBlock { subject, limit } => tracing::info!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %limit, "shadow limit would have refused"
            ),
            Event::SoftLimitPassed { subject, limit } => tracing::warn!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %limit, "soft limit passed"
            ),
            Event::PaceExceeded {
                subject,
                limit,
                today,
                daily,
                ..
            } => tracing::warn!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %limit,
                today = %Usd::from_nanos(*today), daily = %Usd::from_nanos(*daily), "budget spent too fast"
            ),
            Event::Settled {
                subject,
                model,
                usage,
                basis,
                settled,
                ..
            } => tracing::debug!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %model, input_tokens = usage.input_tokens,
                output_tokens = usage.output_tokens, basis = basis.as_str(), ?settled, "settled"
            ),
            Event::Crossed {
                counter,
                limit,
                percent,
                level,
                used,
                amount,
                unit,
                ..
            } => tracing::debug!(
                target: "tower_token_quota",
                ?counter, %limit, percent, level = level.as_str(), used, amount, unit = unit.as_str(), "threshold crossed"
            ),
            Event::ProviderLimited {
                subject,
                model,
                status,
                reason,
                replied,
            } => tracing::warn!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %model, status,
                reason = reason.as_str(), replied, "the provider limits our account"
            ),
            Event::Corrected {
                subject,
                model,
                booked,
                usage,
                ..
            } => tracing::debug!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %model,
                booked_tokens = booked.total(), input_tokens = usage.input_tokens, output_tokens = usage.output_tokens, "corrected"
            ),
            Event::Learned {
                api,
                model,
                input_millionths,
                typical_output_tokens,
                hidden_input_tokens,
            } => tracing::trace!(
                target: "tower_token_quota",
                api, %model, input_millionths, typical_output_tokens,
                hidden_input_tokens = hidden_input_tokens.map(|(tokens, _)| tokens), "learned"
            ),
            Event::Counted { known, fresh } => {
                tracing::trace!(target: "tower_token_quota", known, fresh, "counted")
            }
            Event::Unmetered => {
                tracing::debug!(target: "tower_token_quota", "unknown call passed unmetered")
            }
            Event::StoreFailed { reason } => {
                tracing::warn!(target: "tower_token_quota", reason, "store failed")
            }
            Event::Degraded { rule } => tracing::debug!(
                target: "tower_token_quota",
                rule = rule.as_str(), "decided without the store"
            ),
            Event::StoreRecovered => {
                tracing::info!(target: "tower_token_quota", "the store answers again");
            }
            // The record that nobody has: all that is needed to book it by hand.
            Event::SettlementLost {
                hold,
                subject,
                model,
                usage,
                cost,
                reason,
            } => tracing::error!(
                target: "tower_token_quota",
                %hold, organization = subject.as_ref().map(|subject| subject.organization_name()),
                project = subject.as_ref().and_then(|subject| subject.project_name()), user = subject.as_ref().and_then(|subject| subject.user_name()),
                model = model.as_deref(), input_tokens = usage.input_tokens, output_tokens = usage.output_tokens, cost = %cost.usd,
                reason, "settlement lost"
            ),
            Event::StoreEmptied { organization } => tracing::error!(
                target: "tower_token_quota",
                %organization, "the store has forgotten what was used: it came back empty"
            ),
            Event::PolicyChanged => tracing::info!(target: "tower_token_quota", "policy changed"),
            Event::ClockJumped { period, to } => tracing::warn!(
                target: "tower_token_quota",
                period = period.as_str(), %to, "the clock jumped into a later period"
            ),
            Event::Adjusted { subject, limit, .. } => tracing::info!(
                target: "tower_token_quota",
                organization = subject.organization_name(), project = subject.project_name(), user = subject.user_name(), %limit, "usage adjusted"
            ),
        }
    }
}
