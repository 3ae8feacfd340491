//! How many tokens a piece of text is merged to.

use std::ops::Range;

use super::parts::Parts;
use super::ranks::Ranks;

/// Longer pieces are merged window by window.
const WINDOW: usize = 64;

/// So many tokens at the end of a window may be there only because it ends.
const UNSURE: usize = 2;

/// Counts the tokens of pieces of one text.
pub(super) struct Merger<'a> {
    ranks: &'a Ranks,
    text: &'a [u8],
    window: usize,
    parts: Parts,
    neighbours: Parts,
    /// Where the tokens of the last window begin that are kept, and where the last one of them ends.
    kept: Vec<usize>,
}

impl<'a> Merger<'a> {
    pub(super) fn new(ranks: &'a Ranks, text: &'a [u8]) -> Self {
        Self {
            ranks,
            text,
            window: WINDOW,
            parts: Parts::default(),
            neighbours: Parts::default(),
            kept: Vec::new(),
        }
    }

    /// Begins with windows of another size.
    #[cfg(test)]
    pub(super) fn with_window(self, window: usize) -> Self {
        Self { window, ..self }
    }

    /// Counts the tokens of a piece, which is not empty and no token itself. Windows whose tokens fit on nowhere are made larger:
    /// at last, one is the piece.
    pub(super) fn count(&mut self, piece: Range<usize>) -> u64 {
        let mut window = self.window;
        loop {
            match self.count_by_windows(&piece, window) {
                Some(tokens) => return tokens as u64,
                None => window *= 8,
            }
        }
    }

    /// Tokens are those of a text if each two neighbours are the tokens of what the two are together: nothing farther off has
    /// a say. So windows are merged, each beginning where a token of the one before ends, and the tokens on both sides of
    /// that place are asked whether they are neighbours. Where they are not, the window begins a token earlier.
    fn count_by_windows(&mut self, piece: &Range<usize>, window: usize) -> Option<usize> {
        let (mut tokens, mut failed) = (0, piece.start);
        let (mut start, mut size) = (piece.start, window);
        self.kept.clear();
        loop {
            let end = piece.end.min(start + size);
            self.parts.merge(self.ranks, self.text, start..end);
            if start > piece.start && !self.fits_on(start)? {
                failed = failed.max(start);
                tokens -= 1;
                self.kept.pop();
                start = *self.kept.last()?;
                continue;
            }
            if end == piece.end {
                return Some(tokens + self.parts.len());
            }
            let sure = self.parts.len().saturating_sub(UNSURE);
            if sure == 0 {
                // One or two tokens fill it.
                size *= 8;
                continue;
            }
            size = window;
            self.keep(start, sure);
            let next = *self.kept.last()?;
            if next <= failed {
                return None;
            }
            let repeats = self.repeats(start..end, next - start, piece.end)?;
            tokens += (1 + repeats) * sure;
            start = next + repeats * (next - start);
        }
    }

    fn keep(&mut self, start: usize, tokens: usize) {
        self.kept.clear();
        self.kept.push(start);
        let ends = self.parts.ends().take(tokens);
        self.kept.extend(ends.map(|end| start + end));
    }

    /// Whether the last token that is kept and the first one of the window are neighbours; nothing if none is kept.
    fn fits_on(&mut self, start: usize) -> Option<bool> {
        let before = *self.kept.iter().nth_back(1)?;
        let after = start + self.parts.ends().next()?;
        self.neighbours.merge(self.ranks, self.text, before..after);
        Some(self.neighbours.ends().eq([start - before, after - before]))
    }

    /// How often a window repeats, a step further each time: what has the same bytes and the same neighbours has the same tokens.
    fn repeats(&mut self, window: Range<usize>, step: usize, end: usize) -> Option<usize> {
        let piece = &self.text[..end];
        let bytes = &piece[window.clone()];
        let again = |times: &usize| {
            let moved = window.start + times * step..window.end + times * step;
            piece.get(moved) == Some(bytes)
        };
        let times = (1..).take_while(again).count();
        if times == 0 || !self.fits_on(window.start + step)? {
            return Some(0);
        }
        for place in &mut self.kept {
            *place += times * step;
        }
        Some(times)
    }
}
