//! Callers' keys that do not stand under `[keys]`: messages about them repeat no name.

use ::toml::de::DeTable;

/// What is said of a mistake at a byte: the message, but for names that may be callers' keys.
pub(super) fn without_keys(message: String, text: &str, at: Option<usize>) -> String {
    let stray = at.and_then(|at| key(text, at));
    stray.map_or_else(|| without_key(message), str::to_owned)
}

/// What is wrong if a caller's key stands at a byte, where it does not belong.
fn key(text: &str, at: usize) -> Option<&'static str> {
    let file = DeTable::parse(text).ok()?;
    let above = above_key(file.get_ref(), at)?;
    let is_right = above == ["keys"];
    (!is_right).then_some("no setting has this name; a caller's key belongs under `[keys]`")
}

/// The tables that a caller's key is in: a name whose value is a subject's table.
fn above_key<'t>(table: &'t DeTable<'_>, at: usize) -> Option<Vec<&'t str>> {
    table.iter().find_map(|(name, value)| {
        let value = value.get_ref().as_table()?;
        if name.span().contains(&at) && is_subject(value) {
            return Some(Vec::new());
        }
        let mut above = above_key(value, at)?;
        above.insert(0, name.get_ref());
        Some(above)
    })
}

/// Whether a table says whom a key belongs to.
fn is_subject(table: &DeTable<'_>) -> bool {
    let mut fields = ["tier", "user"].into_iter();
    fields.any(|field| table.get(field).is_some_and(|it| it.get_ref().is_str()))
}

/// A message without the name of an unknown field that may be a caller's key: those of settings are letters and underscores.
fn without_key(message: String) -> String {
    let Some(named) = message.strip_prefix("unknown field `") else {
        return message;
    };
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let known = named.find("`, expected ").map(|end| named.split_at(end));
    match known {
        Some((name, _)) if name.chars().all(is_letter) => message,
        Some((_, known)) => format!(
            "unknown field{}; a caller's key belongs under `[keys]`",
            &known[1..]
        ),
        None => "unknown field; a caller's key belongs under `[keys]`".to_owned(),
    }
}
