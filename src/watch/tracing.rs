//! Events as `tracing` lines.

use super::{Event, Observer};
use crate::money::Usd;

/// Writes each event to `tracing`, under the target `tower_token_quota`: what was lost at `ERROR`, failures and what somebody should
/// look at at `WARN`, refusals at `INFO`, single calls at `DEBUG`, and what was counted and learned at `TRACE`.
///
/// Prompts, answers and keys are never written.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

/// One line.
macro_rules! line {
    ($level:ident, $($fields:tt)+) => {
        ::tracing::$level!(target: "tower_token_quota", $($fields)+)
    };
}

/// One line about a subject, if it is known.
macro_rules! line_about {
    ($level:ident, $subject:expr, $($fields:tt)+) => {{
        let subject = $subject;
        line!(
            $level,
            organization = subject.map(|subject| subject.organization_name()),
            project = subject.and_then(|subject| subject.project_name()),
            user = subject.and_then(|subject| subject.user_name()),
            tier = subject.map(|subject| subject.tier_name()),
            $($fields)+
        )
    }};
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event) {
        match event {
            Event::Counted { .. }
            | Event::Admitted { .. }
            | Event::Refused { .. }
            | Event::Replied { .. }
            | Event::Settled { .. }
            | Event::Corrected { .. }
            | Event::Learned { .. }
            | Event::Unmetered => call(event),
            Event::WouldBlock { .. }
            | Event::SoftLimitPassed { .. }
            | Event::PaceExceeded { .. }
            | Event::Crossed { .. }
            | Event::ProviderLimited { .. } => limit(event),
            Event::StoreFailed { .. }
            | Event::Degraded { .. }
            | Event::StoreRecovered
            | Event::SettlementLost { .. }
            | Event::StoreEmptied { .. } => store(event),
            Event::PolicyChanged | Event::Adjusted { .. } | Event::ClockJumped { .. } => {
                operation(event);
            }
        }
    }
}

/// What becomes of a call.
fn call(event: &Event) {
    match event {
        Event::Counted { known, fresh } => line!(trace, known, fresh, "counted"),
        Event::Admitted {
            subject,
            model,
            downgraded_from,
            input_tokens,
            output_tokens,
            ..
        } => line_about!(
            debug,
            Some(subject),
            %model,
            downgraded_from = downgraded_from.as_deref(),
            input_tokens,
            output_tokens,
            "admitted"
        ),
        Event::Refused {
            subject,
            model,
            kind,
            limits,
            ..
        } => line_about!(
            info,
            subject.as_ref(),
            model = model.as_deref(),
            reason = kind.as_str(),
            ?limits,
            "refused"
        ),
        Event::Replied {
            subject,
            model,
            limit,
            ..
        } => line_about!(info, Some(subject), %model, %limit, "canned reply"),
        Event::Settled {
            subject,
            model,
            usage,
            basis,
            settled,
            ..
        } => line_about!(
            debug,
            Some(subject),
            %model,
            input_tokens = usage.input_tokens,
            output_tokens = usage.output_tokens,
            basis = basis.as_str(),
            ?settled,
            "settled"
        ),
        Event::Corrected {
            subject,
            model,
            booked,
            usage,
            ..
        } => line_about!(
            debug,
            Some(subject),
            %model,
            booked_tokens = booked.total(),
            input_tokens = usage.input_tokens,
            output_tokens = usage.output_tokens,
            "corrected"
        ),
        Event::Learned {
            api,
            model,
            input_millionths,
            typical_output_tokens,
            hidden_input_tokens,
        } => line!(
            trace,
            api,
            %model,
            input_millionths,
            typical_output_tokens,
            hidden_input_tokens = hidden_input_tokens.map(|(tokens, _)| tokens),
            "learned"
        ),
        Event::Unmetered => line!(debug, "unknown call passed unmetered"),
        _ => {}
    }
}

/// What a limit, ours or the provider's, has to say beside refusing.
fn limit(event: &Event) {
    match event {
        Event::WouldBlock { subject, limit } => {
            line_about!(info, Some(subject), %limit, "shadow limit would have refused");
        }
        Event::SoftLimitPassed { subject, limit } => {
            line_about!(warn, Some(subject), %limit, "soft limit passed");
        }
        Event::PaceExceeded {
            subject,
            limit,
            today,
            daily,
            ..
        } => line_about!(
            warn,
            Some(subject),
            %limit,
            today = %Usd::from_nanos(*today),
            daily = %Usd::from_nanos(*daily),
            "budget spent too fast"
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
        } => line!(
            debug,
            ?counter,
            %limit,
            percent,
            level = level.as_str(),
            used,
            amount,
            unit = unit.as_str(),
            "threshold crossed"
        ),
        Event::ProviderLimited {
            subject,
            model,
            status,
            reason,
            replied,
        } => line_about!(
            warn,
            Some(subject),
            %model,
            status,
            reason = reason.as_str(),
            replied,
            "the provider limits our account"
        ),
        _ => {}
    }
}

/// How the store is.
fn store(event: &Event) {
    match event {
        Event::StoreFailed { reason } => line!(warn, reason, "store failed"),
        Event::Degraded { rule } => line!(debug, rule = rule.as_str(), "decided without the store"),
        Event::StoreRecovered => line!(info, "the store answers again"),
        // The record that nobody has: all that is needed to book it by hand.
        Event::SettlementLost {
            hold,
            subject,
            api,
            asked,
            model,
            usage,
            cost,
            admitted_at,
            reason,
        } => line_about!(
            error,
            subject.as_ref(),
            %hold,
            api,
            asked = asked.as_deref(),
            model = model.as_deref(),
            input_tokens = usage.input_tokens,
            output_tokens = usage.output_tokens,
            cost = %cost.usd,
            admitted_at = admitted_at.map(super::record::rfc3339),
            reason,
            "settlement lost"
        ),
        Event::StoreEmptied { organization } => line!(
            error,
            %organization,
            "the store has forgotten what was used: it came back empty"
        ),
        _ => {}
    }
}

/// What operators do, and what is done to clocks.
fn operation(event: &Event) {
    match event {
        Event::PolicyChanged => line!(info, "policy changed"),
        Event::Adjusted { subject, limit, .. } => {
            line_about!(info, Some(subject), %limit, "usage adjusted");
        }
        Event::ClockJumped { period, to } => line!(
            warn,
            period = period.as_str(),
            %to,
            "the clock jumped into a later period"
        ),
        _ => {}
    }
}
