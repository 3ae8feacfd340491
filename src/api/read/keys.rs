//! The keys that decide what a call costs. Nobody may be able to read them in two ways.

use crate::api::Invalid;

/// Notes which decisive keys came, and refuses those that come again or look alike.
///
/// Of two copies one server believes the first and another the last. Servers written in Go match keys in any case, and
/// fold `ſ` to `s` and the Kelvin sign to `k` while they are at it.
pub(in crate::api) struct Seen {
    keys: &'static [&'static str],
    seen: u64,
}

impl Seen {
    /// Of these keys an object may have one copy each, spelled exactly. At most 64 of them, in lower case but for the
    /// humps of camel case.
    pub(in crate::api) fn of(keys: &'static [&'static str]) -> Self {
        Self { keys, seen: 0 }
    }

    pub(in crate::api) fn note(&mut self, key: &str) -> Result<(), Invalid> {
        let Some(at) = self.keys.iter().position(|known| *known == key) else {
            return self.refuse_lookalike(key);
        };
        if self.seen & (1 << at) != 0 {
            let known = self.keys[at];
            return Err(Invalid::param(known, format!("{known} is repeated")));
        }
        self.seen |= 1 << at;
        Ok(())
    }

    /// Refuses a key that is none of them, if somebody could take it for one.
    fn refuse_lookalike(&self, key: &str) -> Result<(), Invalid> {
        let mut keys = self.keys.iter();
        let known = if key.is_ascii() {
            keys.find(|known| known.eq_ignore_ascii_case(key))
        } else {
            keys.find(|known| folds_to(known, key))
        };
        let Some(known) = known else {
            return Ok(());
        };
        let message = format!("{key:?} could be taken for {known}: spell it so or leave it out");
        Err(Invalid::param(known, message))
    }
}

/// Whether a key that is not ASCII is `known` to some, case aside. Known keys are ASCII.
fn folds_to(known: &str, key: &str) -> bool {
    let folded = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    let known_folded = known.chars().map(|c| c.to_ascii_lowercase());
    key.len() <= 3 * known.len() && key.chars().map(folded).eq(known_folded)
}
