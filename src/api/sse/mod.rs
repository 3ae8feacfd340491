//! Server-sent events, split incrementally out of a stream of bytes that is cut anywhere.

mod event;
mod kept;
mod large;

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

use super::outline::{Bounds, Outline};
use event::with_data;
use kept::Kept;
use large::LargeEvent;

/// At most this much of an incomplete event is held back. The event that we strip is far smaller, so one that has grown
/// beyond it is passed on.
const MOST_HELD: usize = 64 * 1024;

/// An event larger than this is not kept to be looked into: what is large in it is left out.
const LARGEST: usize = 1024 * 1024;

/// Splits a stream into events, to read them or to strip some of them out.
///
/// Lines end with `\n`, `\r\n` or `\r`. What it does depends on the bytes alone, not on where they were cut.
#[derive(Debug)]
pub(crate) struct Events {
    /// How much of an incomplete event may be held back: nothing when it is only read.
    most_held: usize,
    /// An event larger than this is read through an outline…
    largest: usize,
    /// …of this size.
    outline: Bounds,
    /// The beginning of the event that is not complete yet.
    begun: Vec<u8>,
    /// What was begun has been passed on already.
    passed: bool,
    /// What is read of what was begun, in place of keeping it, because it is too large.
    large: Option<LargeEvent>,
    /// Something in an event was too large to be looked into.
    skipped: bool,
    /// The current line has no bytes yet.
    line_is_empty: bool,
    /// The last byte was a `\r`, so a `\n` belongs to it.
    after_cr: bool,
    /// What becomes of a `\n` that belongs to the last event's end.
    last_was_kept: bool,
    /// Nothing has been completed, so a byte order mark may lead.
    is_first: bool,
}

impl Events {
    /// Events that are only [observed](Self::observe).
    pub(crate) fn observed() -> Self {
        Self {
            most_held: 0,
            largest: LARGEST,
            outline: Bounds::default(),
            begun: Vec::new(),
            passed: false,
            large: None,
            skipped: false,
            line_is_empty: true,
            after_cr: false,
            last_was_kept: true,
            is_first: true,
        }
    }

    /// Events of which some are [stripped](Self::strip).
    pub(crate) fn stripped() -> Self {
        Self {
            most_held: MOST_HELD,
            ..Self::observed()
        }
    }

    /// The same with other bounds, which small events reach. `largest` is not less than what may be held back.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn within(self, most_held: usize, largest: usize, outline: Bounds) -> Self {
        Self {
            most_held: most_held.min(self.most_held),
            largest,
            outline,
            ..self
        }
    }

    /// Whether something in an event was so large that nobody has seen it.
    pub(crate) fn skipped(&self) -> bool {
        self.skipped
    }

    /// Reads on, and calls `seen` with the data of each event that is now complete.
    pub(crate) fn observe(&mut self, frame: &[u8], mut seen: impl FnMut(&str)) {
        self.advance(frame, &mut Kept::of(frame), |data| {
            seen(data);
            true
        });
    }

    /// Reads on, and returns what may be passed on: all complete events for which `keep` says so.
    ///
    /// At most one incomplete event is held back. A frame of nothing but complete and kept events is not copied.
    pub(crate) fn strip(&mut self, frame: &Bytes, keep: impl FnMut(&str) -> bool) -> Bytes {
        let mut kept = Kept::of(frame);
        self.advance(frame, &mut kept, keep);
        kept.out_of(frame)
    }

    /// Ends the stream: what was held back is looked at as an event, although nothing ended it, and returned if kept.
    pub(crate) fn finish(&mut self, mut keep: impl FnMut(&str) -> bool) -> Bytes {
        let begun = std::mem::take(&mut self.begun);
        let kept = match self.large.take() {
            Some(large) => self.end_large(&large),
            None => self.judge(&begun, &mut keep),
        };
        let held = kept && !self.passed;
        *self = Self {
            most_held: self.most_held,
            largest: self.largest,
            outline: self.outline,
            skipped: self.skipped,
            ..Self::observed()
        };
        if held { begun.into() } else { Bytes::new() }
    }

    fn advance(&mut self, frame: &[u8], kept: &mut Kept<'_>, mut keep: impl FnMut(&str) -> bool) {
        let mut at = self.late_line_feed(frame, kept);
        while let Some(end) = self.event_end(frame, at) {
            self.complete(frame, at..end, kept, &mut keep);
            at = end;
        }
        self.put_aside(frame, at, kept, &mut keep);
    }

    /// The `\n` of a `\r\n` that ended an event and was cut in two.
    fn late_line_feed(&mut self, frame: &[u8], kept: &mut Kept<'_>) -> usize {
        let between_events = self.begun.is_empty() && self.large.is_none();
        if !(between_events && self.after_cr && frame.first() == Some(&b'\n')) {
            return 0;
        }
        self.after_cr = false;
        if self.last_was_kept {
            kept.keep(0..1);
        }
        1
    }

    /// The end of the event that `at` stands in, its empty line included.
    fn event_end(&mut self, frame: &[u8], mut at: usize) -> Option<usize> {
        while let Some(&byte) = frame.get(at) {
            at += 1;
            if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                continue;
            }
            if byte != b'\n' && byte != b'\r' {
                self.line_is_empty = false;
                at += rest_of_line(&frame[at..]);
                continue;
            }
            self.after_cr = byte == b'\r';
            if !std::mem::replace(&mut self.line_is_empty, true) {
                continue;
            }
            if self.after_cr && frame.get(at) == Some(&b'\n') {
                self.after_cr = false;
                at += 1;
            }
            return Some(at);
        }
        None
    }

    fn complete(
        &mut self,
        frame: &[u8],
        piece: Range<usize>,
        kept: &mut Kept<'_>,
        keep: &mut impl FnMut(&str) -> bool,
    ) {
        let mut begun = std::mem::take(&mut self.begun);
        let ending = &frame[piece.clone()];
        let keeps = if self.is_large(size_of(begun.len(), ending)) {
            let large = self.read_large([&begun, ending], keep);
            self.end_large(&large)
        } else if begun.is_empty() {
            self.judge(ending, keep)
        } else {
            let before = begun.len();
            begun.extend_from_slice(ending);
            let keeps = self.judge(&begun, keep);
            begun.truncate(before);
            keeps
        };
        if keeps && !self.passed {
            kept.lead(&begun);
        }
        if keeps {
            kept.keep(piece);
        }
        // The buffer is used again, unless a large event has blown it up.
        if begun.capacity() <= MOST_HELD {
            begun.clear();
            self.begun = begun;
        }
        self.last_was_kept = keeps;
        self.passed = false;
        self.is_first = false;
    }

    /// Shows an event, and says whether it is kept. One that may have been passed on already always is.
    fn judge(&mut self, event: &[u8], keep: &mut impl FnMut(&str) -> bool) -> bool {
        let size = size_of(0, event);
        let event = match event.strip_prefix(b"\xef\xbb\xbf") {
            Some(event) if self.is_first => event,
            _ => event,
        };
        let Some(keeps) = with_data(event, keep) else {
            return true;
        };
        keeps || size > self.most_held
    }

    /// Keeps the beginning of an incomplete event, and passes it on if it is too large to hold back.
    fn put_aside(
        &mut self,
        frame: &[u8],
        at: usize,
        kept: &mut Kept<'_>,
        keep: &mut impl FnMut(&str) -> bool,
    ) {
        let piece = &frame[at..];
        if piece.is_empty() {
            return;
        }
        let size = self.begun.len() + piece.len();
        if self.passed || size > self.most_held {
            if !self.passed {
                kept.lead(&self.begun);
            }
            kept.keep(at..frame.len());
            self.passed = true;
        }
        if self.is_large(size) {
            let begun = std::mem::take(&mut self.begun);
            self.large = Some(self.read_large([&begun, piece], keep));
        } else {
            self.begun.extend_from_slice(piece);
        }
    }

    fn is_large(&self, size: usize) -> bool {
        self.large.is_some() || size > self.largest
    }

    /// Reads the current event on, which is large: what was begun of it, then a piece.
    fn read_large(
        &mut self,
        pieces: [&[u8]; 2],
        keep: &mut impl FnMut(&str) -> bool,
    ) -> LargeEvent {
        let begin = || LargeEvent::new(Outline::within(self.outline), self.is_first);
        let mut large = self.large.take().unwrap_or_else(begin);
        for piece in pieces {
            large.feed(piece, &mut |data: &str| {
                keep(data);
            });
        }
        large
    }

    /// Ends a large event. It is kept, since its beginning may have been passed on.
    fn end_large(&mut self, large: &LargeEvent) -> bool {
        self.skipped |= large.cut();
        true
    }
}

/// The size of an event that ends so. The last `\n` of a `\r\n` may come later, so it must not matter.
fn size_of(begun: usize, ending: &[u8]) -> usize {
    begun + ending.len() - usize::from(ending.ends_with(b"\r\n"))
}

/// The number of bytes before the next line's end.
fn rest_of_line(bytes: &[u8]) -> usize {
    memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests;
