//! What one event says.

/// Calls `with` with an event's data, if it has any: the values of its `data` lines, joined by `\n`.
pub(super) fn with_data<T>(event: &[u8], with: impl FnOnce(&str) -> T) -> Option<T> {
    let event = String::from_utf8_lossy(event);
    let mut lines = event.split(['\n', '\r']).filter_map(data_of);
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

/// The value of a line whose field is `data`.
fn data_of(line: &str) -> Option<&str> {
    match line.strip_prefix("data")? {
        "" => Some(""),
        value => value
            .strip_prefix(':')
            .map(|value| value.strip_prefix(' ').unwrap_or(value)),
    }
}
