//! Waits and times, as headers and messages spell them.

use std::fmt::Write;
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;

use super::fields::push_number;
use crate::clock::saturating_micros;

/// Writes a duration as Go does: `12ms`, `1s`, `6m0s`; rounded up, so that nobody comes too early.
pub(super) fn push_go_duration(text: &mut String, micros: u64) {
    let millis = micros.div_ceil(1000);
    let mut part = |number: u64, unit: &str| {
        push_number(text, number);
        text.push_str(unit);
    };
    if millis < 1000 {
        return part(millis, "ms");
    }
    let seconds = millis.div_ceil(1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        part(hours, "h");
    }
    if hours > 0 || minutes > 0 {
        part(minutes, "m");
    }
    part(seconds % 60, "s");
}

/// A time in microseconds since the Unix epoch as RFC 3339, in whole seconds rounded up.
pub(crate) fn rfc3339(micros: i64) -> HeaderValue {
    let text = rfc3339_text(micros);
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// See [`rfc3339`].
pub(crate) fn rfc3339_text(micros: i64) -> String {
    rounded_up(micros).to_string()
}

/// See [`rfc3339`].
pub(super) fn push_rfc3339(text: &mut String, micros: i64) {
    // A text takes all that is written.
    let _ = write!(text, "{}", rounded_up(micros));
}

fn rounded_up(micros: i64) -> Timestamp {
    let seconds = micros.div_euclid(1_000_000) + i64::from(micros.rem_euclid(1_000_000) > 0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// A wait as Go writes it, rounded up, for messages.
pub(crate) fn seconds_text(wait: Duration) -> String {
    let mut text = String::new();
    push_go_duration(&mut text, saturating_micros(wait));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them_and_rounded_up() {
        let cases = [
            (0, "0ms"),
            (1, "1ms"),
            (12_000, "12ms"),
            (999_001, "1s"),
            (1_000_001, "2s"),
            (360_000_000, "6m0s"),
            (3_661_000_000, "1h1m1s"),
        ];
        for (micros, text) in cases {
            let wait = Duration::from_micros(micros);
            assert_eq!(seconds_text(wait), text, "{micros}");
        }
    }
}
