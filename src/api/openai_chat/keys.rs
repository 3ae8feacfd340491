//! The keys that decide what a call costs. Nobody may be able to read them in two ways.

use crate::api::Invalid;

/// Keys of which a request has one copy, spelled exactly.
const DECISIVE: [&str; 11] = [
    "model",
    "models",
    "fallbacks",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "n",
    "stream",
    "stream_options",
    "tools",
    "functions",
];

/// The one key of `stream_options` that matters to us.
const INCLUDE_USAGE: [&str; 1] = ["include_usage"];

/// Notes which decisive keys came, and refuses those that come again or look alike.
///
/// Of two copies one server believes the first and another the last. Servers written in Go match keys in any case, and
/// fold `ſ` to `s` and the Kelvin sign to `k` while they are at it.
pub(super) struct Seen {
    keys: &'static [&'static str],
    seen: u16,
}

impl Seen {
    pub(super) fn top_level() -> Self {
        Self {
            keys: &DECISIVE,
            seen: 0,
        }
    }

    pub(super) fn stream_options() -> Self {
        Self {
            keys: &INCLUDE_USAGE,
            seen: 0,
        }
    }

    pub(super) fn note(&mut self, key: &str) -> Result<(), Invalid> {
        let Some(at) = self.keys.iter().position(|known| alike(known, key)) else {
            return Ok(());
        };
        let known = self.keys[at];
        if known != key {
            let message =
                format!("{key:?} could be taken for {known}: spell it so or leave it out");
            return Err(Invalid::param(known, message));
        }
        if self.seen & (1 << at) != 0 {
            return Err(Invalid::param(known, format!("{known} is repeated")));
        }
        self.seen |= 1 << at;
        Ok(())
    }
}

/// Whether a key is `known`, case aside. Known keys are lowercase ASCII.
fn alike(known: &str, key: &str) -> bool {
    let folded = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    key.len() <= 3 * known.len() && key.chars().map(folded).eq(known.chars())
}
