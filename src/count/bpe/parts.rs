//! Merging bytes to tokens.

use std::ops::Range;

use super::ranks::{NONE, Rank, Ranks};

/// Ranks of as many parts are looked at together.
const GROUP: usize = 16;

type Group = [Rank; GROUP];

/// The parts of a piece of a text: at first its bytes, at last its tokens. Places are counted from where the piece begins.
///
/// To find the lowest rank takes about as long in a piece of a thousand bytes as in a word: the lowest of each group is known.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// For each place where a part begins: where it ends, and where the one before begins.
    ends: Vec<u32>,
    before: Vec<u32>,
    /// The rank of what the part that begins there is together with the next one; [`NONE`] where none begins.
    joined: Vec<Group>,
    /// The lowest rank of each group.
    lowest: Vec<Rank>,
    len: usize,
}

impl Parts {
    /// How many parts there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where parts end, one after the other.
    pub(super) fn ends(&self) -> impl Iterator<Item = usize> {
        let end = |at: &usize| self.ends.get(*at).map(|end| *end as usize);
        std::iter::successors(end(&0), end)
    }

    /// Merges a piece of a text to tokens: always the two parts that are the first token of the vocabulary together, and of
    /// several such the leftmost.
    pub(super) fn merge(&mut self, ranks: &Ranks, text: &[u8], piece: Range<usize>) {
        let text = &text[piece.start..];
        self.begin(ranks, &text[..piece.len()]);
        let mut rank = lowest(&self.lowest);
        while rank != NONE {
            self.join_all(ranks, text, rank);
            rank = lowest(&self.lowest);
        }
    }

    /// Joins all that are a token of this rank with the next one, from the left to the right; unless a token comes up on the
    /// way that is an earlier one, and so first.
    fn join_all(&mut self, ranks: &Ranks, text: &[u8], rank: Rank) {
        for group in 0..self.lowest.len() {
            if self.lowest[group] == rank && self.join_group(ranks, text, rank, group) < rank {
                return;
            }
        }
    }

    /// Joins those of one group, and returns the lowest rank that is new.
    fn join_group(&mut self, ranks: &Ranks, text: &[u8], rank: Rank, group: usize) -> Rank {
        let mut new = NONE;
        for place in 0..GROUP {
            if self.joined[group][place] == rank {
                new = new.min(self.join(ranks, text, group * GROUP + place));
                if new < rank {
                    break;
                }
            }
        }
        self.lowest[group] = lowest(&self.joined[group]);
        new
    }

    fn begin(&mut self, ranks: &Ranks, bytes: &[u8]) {
        self.len = bytes.len();
        self.ends.clear();
        self.ends.extend((1..).take(bytes.len()));
        self.before.clear();
        self.before
            .extend((0..).take(bytes.len()).map(|at: u32| at.saturating_sub(1)));
        self.joined.clear();
        self.joined
            .resize(bytes.len().div_ceil(GROUP), [NONE; GROUP]);
        for (at, pair) in bytes.windows(2).enumerate() {
            self.joined[at / GROUP][at % GROUP] = ranks.of_pair(pair[0], pair[1]);
        }
        self.lowest.clear();
        self.lowest.extend(self.joined.iter().map(lowest));
    }

    /// Joins a part with the next one, and returns the lower one of the two ranks that are new. The lowest of the part's own
    /// group is not looked for yet.
    #[inline]
    fn join(&mut self, ranks: &Ranks, text: &[u8], at: usize) -> Rank {
        let group = at / GROUP;
        let next = self.ends[at] as usize;
        let end = self.ends[next];
        self.ends[at] = end;
        if let Some(before) = self.before.get_mut(end as usize) {
            *before = at as u32;
        }
        self.len -= 1;
        self.set(group, next, NONE);
        let rank = self.rank(ranks, text, at);
        self.set(group, at, rank);
        if at == 0 {
            return rank;
        }
        let before = self.before[at] as usize;
        let rank_before = self.rank(ranks, text, before);
        self.set(group, before, rank_before);
        rank.min(rank_before)
    }

    /// The rank of what a part is together with the next one.
    #[inline]
    fn rank(&self, ranks: &Ranks, text: &[u8], at: usize) -> Rank {
        match self.ends.get(self.ends[at] as usize) {
            Some(end) => ranks.of(text, at..*end as usize),
            None => NONE,
        }
    }

    #[inline]
    fn set(&mut self, current: usize, at: usize, rank: Rank) {
        let group = at / GROUP;
        self.joined[group][at % GROUP] = rank;
        if group != current {
            self.lowest[group] = lowest(&self.joined[group]);
        }
    }
}

#[inline]
fn lowest<'a>(ranks: impl IntoIterator<Item = &'a Rank>) -> Rank {
    ranks.into_iter().copied().fold(NONE, Rank::min)
}
