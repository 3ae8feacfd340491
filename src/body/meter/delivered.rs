//! Counts the text that is delivered: what is booked where an answer does not tell its usage.

use std::mem;

use crate::api::Tally;
use crate::count;
use crate::model::Encoding;
use crate::quota::Hold;

/// Text is counted in pieces of this many bytes: most answers never grow so long before their usage comes.
const COUNT_AT: usize = 32 * 1024;

/// Text that comes with usage is hardly ever counted, but does not pile up either.
const COUNT_ANYWAY: usize = 4 * 1024 * 1024;

/// Output tokens that were delivered and counted.
#[derive(Default)]
pub(super) struct Delivered {
    tokens: u64,
}

impl Delivered {
    /// Counts the text of an open call once there is much of it, and forgets it. Without a call nobody asks for it.
    pub(super) fn observe(&mut self, tally: &mut Tally, hold: Option<&Hold>) {
        // Where the usage is final the text is not asked for.
        let much = if tally.is_final {
            COUNT_ANYWAY
        } else {
            COUNT_AT
        };
        match hold {
            Some(hold) if tally.text.len() >= much => {
                self.tokens = self.with(&mem::take(&mut tally.text), hold);
            }
            Some(_) => {}
            None => tally.text = String::new(),
        }
    }

    /// The tokens, together with those of text that has not been counted.
    pub(super) fn with(&self, text: &str, hold: &Hold) -> u64 {
        if text.is_empty() {
            return self.tokens;
        }
        let model = hold.canonical_model();
        let encoding = Encoding::of(model.map_or("", |model| model.canonical()));
        self.tokens
            .saturating_add(count::count_text(encoding, text))
    }
}
