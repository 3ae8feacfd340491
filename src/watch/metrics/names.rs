//! What metrics there are, and what each of them says.

use metrics::{Unit, counter, describe_counter, describe_gauge};

/// Tells the recorder in force what there will be, and begins to count what somebody wants to be woken by.
pub(super) fn describe() {
    for (name, description) in COUNTERS {
        describe_counter!(*name, Unit::Count, *description);
    }
    for (name, description) in GAUGES {
        describe_gauge!(*name, Unit::Count, *description);
    }
    for failure in FAILURES {
        counter!(*failure).increment(0);
    }
}

/// All counters, with what they count.
const COUNTERS: &[(&str, &str)] = &[
    ("token_quota_admitted_total", "Admitted calls"),
    (
        "token_quota_refused_total",
        "Calls that were answered by the quota",
    ),
    (
        "token_quota_refused_by_limit_total",
        "Refusals a limit took part in",
    ),
    ("token_quota_replies_total", "Canned replies"),
    (
        "token_quota_would_block_total",
        "Calls that a shadow limit would have refused",
    ),
    (
        "token_quota_soft_limit_passed_total",
        "Admitted calls beyond a soft limit",
    ),
    (
        "token_quota_alerts_total",
        "Thresholds that usage has reached",
    ),
    (
        "token_quota_pace_exceeded_total",
        "Days on which a budget was spent too fast",
    ),
    ("token_quota_settled_total", "Settled calls"),
    (
        "token_quota_unpriced_total",
        "Settled calls of which a part has no price",
    ),
    ("token_quota_tokens_total", "Tokens booked"),
    ("token_quota_reserved_tokens_total", "Tokens reserved"),
    (
        "token_quota_corrected_total",
        "Answers that told their usage when they were asked for again",
    ),
    (
        "token_quota_corrected_tokens_total",
        "Tokens by which that moved what had been booked",
    ),
    (
        "token_quota_provider_limited_total",
        "The provider's own 429 and 402",
    ),
    (
        "token_quota_unmetered_total",
        "Calls of unknown APIs that passed",
    ),
    (
        "token_quota_counted_bytes_total",
        "Bytes of texts that were counted, or known from an earlier call",
    ),
    ("token_quota_store_failures_total", "Failures of the store"),
    (
        "token_quota_degraded_total",
        "Calls that were decided without the store",
    ),
    (
        "token_quota_store_recoveries_total",
        "How often the store answered again",
    ),
    (
        "token_quota_settlements_lost_total",
        "Settlements that could not be booked and never will be",
    ),
    (
        "token_quota_store_emptied_total",
        "How often the store came back without an organization's usage",
    ),
    (
        "token_quota_usage_records_dropped_total",
        "Usage records that nobody took fast enough",
    ),
    (
        "token_quota_clock_jumps_total",
        "Periods that a set clock began early",
    ),
];

const GAUGES: &[(&str, &str)] = &[
    (
        "token_quota_input_factor_millionths",
        "By how much an estimate of input is multiplied",
    ),
    (
        "token_quota_typical_output_tokens",
        "Output tokens that 19 of 20 answers do not exceed",
    ),
    (
        "token_quota_hidden_input_tokens",
        "Input tokens that 19 of 20 opaque calls do not hide more of",
    ),
];

/// What somebody wants to be woken by is there from the beginning: of a metric that is absent no rule can tell whether it rises.
const FAILURES: &[&str] = &[
    "token_quota_store_failures_total",
    "token_quota_store_recoveries_total",
    "token_quota_store_emptied_total",
    "token_quota_settlements_lost_total",
    "token_quota_usage_records_dropped_total",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const OBSERVER: &str = include_str!("../metrics.rs");
    const RECORDS: &str = include_str!("../records.rs");
    const README: &str = include_str!("../../../README.md");

    /// What the example gateway publishes beside these.
    const OF_THE_GATEWAY: &str = "token_quota_settlements_waiting";

    fn described() -> BTreeSet<&'static str> {
        let all = COUNTERS.iter().chain(GAUGES);
        all.map(|(name, _)| *name).collect()
    }

    /// The names of metrics in these lines.
    fn names<'t>(lines: impl Iterator<Item = &'t str>) -> BTreeSet<&'t str> {
        let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let words = lines.flat_map(|line| line.split(move |letter| !in_name(letter)));
        words
            .filter(|word| word.starts_with("token_quota_"))
            .collect()
    }

    fn is_doc(line: &&str) -> bool {
        line.trim_start().starts_with("//")
    }

    #[test]
    fn what_is_counted_is_described_and_what_is_described_is_counted() {
        let code = OBSERVER.lines().chain(RECORDS.lines());
        assert_eq!(names(code.filter(|line| !is_doc(line))), described());
    }

    #[test]
    fn the_observers_table_has_each_metric_and_no_other() {
        assert_eq!(names(OBSERVER.lines().filter(is_doc)), described());
    }

    #[test]
    fn the_readme_names_no_metric_that_is_not_there() {
        let mut there = described();
        there.insert(OF_THE_GATEWAY);
        let named = names(README.lines());
        assert!(named.is_subset(&there), "{:?}", &named - &there);
        assert!(named.contains(OF_THE_GATEWAY), "nothing was read");
    }

    #[test]
    fn what_wakes_somebody_is_a_counter() {
        let counter = |failure: &&str| COUNTERS.iter().any(|(name, _)| name == failure);
        assert!(FAILURES.iter().all(counter));
    }
}
