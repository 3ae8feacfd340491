//! What one event says.

use super::rest_of_line;
use crate::api::text_of;

/// Calls `with` with an event's data, if it has any: the values of its `data` lines, joined by `\n`.
pub(super) fn with_data<T>(event: &[u8], with: impl FnOnce(&str) -> T) -> Option<T> {
    let event = text_of(event);
    let mut lines = lines(&event).filter_map(data_of);
    let first = lines.next()?;
    let Some(second) = lines.next() else {
        return Some(with(first));
    };
    let mut data = format!("{first}\n{second}");
    for line in lines {
        data.push('\n');
        data.push_str(line);
    }
    Some(with(&data))
}

/// What stands between the line ends.
fn lines(event: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(event);
    std::iter::from_fn(move || {
        let (line, after) = rest?.split_at_checked(rest_of_line(rest?.as_bytes()))?;
        rest = after.get(1..);
        Some(line)
    })
}

/// The value of a line whose field is `data`.
fn data_of(line: &str) -> Option<&str> {
    match line.strip_prefix("data")? {
        "" => Some(""),
        value => value
            .strip_prefix(':')
            .map(|value| value.strip_prefix(' ').unwrap_or(value)),
    }
}
