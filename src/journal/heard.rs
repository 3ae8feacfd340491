//! What time it is, as far as a journal can rely on it: a wall clock that is set far ahead may be set right again.

use super::DAY;

/// The times that were heard of, in the order in which they were.
///
/// A step forward by a day or less is believed at once. A clock that was set ahead by more is believed when it has been there for a day: nothing is forgotten by a time that
/// was shown once. Set back, it is believed at once, for then more is kept.
#[derive(Debug, Default)]
pub(super) struct Heard {
    known: Option<i64>,
    /// When the clock was first seen so far ahead, if it is.
    ahead: Option<i64>,
}

impl Heard {
    pub(super) fn hear(&mut self, at: i64) {
        let is_near = |known: i64| at <= known.saturating_add(DAY);
        if self.known.is_none_or(is_near) {
            (self.known, self.ahead) = (Some(at), None);
            return;
        }
        match self.ahead {
            Some(first) if at >= first.saturating_add(DAY) => {
                (self.known, self.ahead) = (Some(first), None);
                self.hear(at);
            }
            first => self.ahead = Some(first.map_or(at, |first| first.min(at))),
        }
    }

    /// The time that is relied on.
    pub(super) fn known(&self) -> Option<i64> {
        self.known
    }

    /// Whether a time is one that no clock has shown yet, unless it was wrong.
    pub(super) fn is_to_come(&self, at: i64) -> bool {
        self.known
            .is_none_or(|known| at > known.saturating_add(DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(days: &[i64]) -> Option<i64> {
        let mut heard = Heard::default();
        days.iter().for_each(|day| heard.hear(day * DAY));
        heard.known().map(|at| at / DAY)
    }

    #[test]
    fn a_clock_that_is_set_ahead_is_believed_when_it_has_been_there_for_a_day() {
        assert_eq!(known(&[]), None);
        assert_eq!(known(&[1, 2, 3]), Some(3));
        assert_eq!(known(&[1, 100]), Some(1));
        assert_eq!(known(&[1, 100, 100]), Some(1));
        assert_eq!(known(&[1, 100, 101]), Some(101));
        assert_eq!(known(&[1, 100, 1, 101]), Some(1));
        assert_eq!(known(&[100, 1, 2]), Some(2));
        // Calls that are days apart.
        assert_eq!(known(&[1, 4, 7, 10]), Some(7));
    }
}
