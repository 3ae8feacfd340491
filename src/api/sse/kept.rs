//! What is passed on of a frame.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Which bytes of a frame are passed on: as long as it is one run, nothing is copied.
pub(super) struct Kept<'f> {
    frame: &'f [u8],
    built: BytesMut,
    run: Range<usize>,
}

impl<'f> Kept<'f> {
    pub(super) fn of(frame: &'f [u8]) -> Self {
        Self {
            frame,
            built: BytesMut::new(),
            run: 0..0,
        }
    }

    /// Keeps bytes that came before this frame. They are the first to be kept.
    pub(super) fn lead(&mut self, bytes: &[u8]) {
        self.built.extend_from_slice(bytes);
    }

    pub(super) fn keep(&mut self, range: Range<usize>) {
        if range.start != self.run.end {
            self.built.extend_from_slice(&self.frame[self.run.clone()]);
            self.run.start = range.start;
        }
        self.run.end = range.end;
    }

    /// What is kept, out of the bytes that this was made of.
    pub(super) fn out_of(self, frame: &Bytes) -> Bytes {
        let Self { mut built, run, .. } = self;
        if built.is_empty() {
            return frame.slice(run);
        }
        built.extend_from_slice(&frame[run]);
        built.freeze()
    }
}
