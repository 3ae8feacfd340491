//! Words that may be misspelt.

/// What counts of a name or a key where it is compared with others: its letters and digits, in lower case, however its parts are parted.
pub(crate) fn letters(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
