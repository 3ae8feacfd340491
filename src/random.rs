//! Numbers that nobody can guess.

/// A number out of the system's random ones.
///
/// # Panics
/// When the operating system has none to give.
pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random numbers")
}
