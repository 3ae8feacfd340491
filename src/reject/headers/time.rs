//! Waits and times, as headers and messages spell them.

use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;

use crate::clock::saturating_micros;

/// A duration as Go writes it: `12ms`, `1s`, `6m0s`; rounded up, so that nobody comes too early.
fn go_text(micros: u64) -> String {
    let millis = micros.div_ceil(1000);
    let mut text = String::new();
    let mut part = |number: u64, unit: &str| {
        text.push_str(itoa::Buffer::new().format(number));
        text.push_str(unit);
    };
    if millis < 1000 {
        part(millis, "ms");
        return text;
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
    text
}

/// A duration as Go writes it.
pub(super) fn go_duration(micros: u64) -> HeaderValue {
    value(go_text(micros))
}

/// A time in microseconds since the Unix epoch as RFC 3339, in whole seconds rounded up.
pub(crate) fn rfc3339(micros: i64) -> HeaderValue {
    value(rfc3339_text(micros))
}

/// The text of a duration or a time, which a header can always hold.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// See [`rfc3339`].
pub(crate) fn rfc3339_text(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000) + i64::from(micros.rem_euclid(1_000_000) > 0);
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// A wait as Go writes it, rounded up, for messages.
pub(crate) fn seconds_text(wait: Duration) -> String {
    go_text(saturating_micros(wait))
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
            assert_eq!(go_text(micros), text, "{micros}");
        }
    }
}
