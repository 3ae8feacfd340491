//! Tokens of a text.

use std::sync::{Once, OnceLock};
use std::thread;

use crate::model::Encoding;

use super::bpe::Counter;

/// Counts the tokens of a text, exactly. Text that spells a special token, like `<|endoftext|>`, is text.
///
/// It takes time linear in the text's length, whatever the text is.
#[must_use]
pub fn count_text(encoding: Encoding, text: &str) -> u64 {
    counter(encoding).count(text)
}

/// Builds the tables of the tokenizers, so that no call has to wait for them: it takes a good part of a second.
pub fn warm_up() {
    for encoding in [Encoding::O200k, Encoding::Cl100k] {
        let _ = count_text(encoding, "warm");
    }
}

/// Has a thread of its own [warm up](warm_up), once a process.
pub(crate) fn warm_up_aside() {
    static BEGUN: Once = Once::new();
    // Where no thread is to be had, the first call builds the tables.
    BEGUN.call_once(|| {
        drop(
            thread::Builder::new()
                .name("token-quota-warm-up".into())
                .spawn(warm_up),
        )
    });
}

static COUNTERS: [OnceLock<Counter>; Encoding::COUNT] =
    [const { OnceLock::new() }; Encoding::COUNT];

/// Whether all tables are built.
pub(crate) fn is_warm() -> bool {
    COUNTERS.iter().all(|counter| counter.get().is_some())
}

pub(super) fn counter(encoding: Encoding) -> &'static Counter {
    COUNTERS[encoding as usize].get_or_init(|| Counter::new(encoding))
}
