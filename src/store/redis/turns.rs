//! Which settlements may be delivered now: so many at once, what has failed apart from the rest, and a correction after what it
//! corrects.

use std::convert::Infallible;
use std::fmt;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, oneshot};

use crate::store::HoldId;

/// How many are delivered at once for the first time, and how many again, on one connection. The others wait for their turn, in the
/// order in which they came.
const AT_ONCE: usize = 64;

/// What is under way, and whose turn it is. Nobody keeps a turn longer than one delivery takes, and those that have failed wait in a
/// line of their own: what cannot be delivered keeps nothing from it that can.
pub(super) struct Turns {
    first: Semaphore,
    again: Semaphore,
    under_way: DashMap<HoldId, UnderWay>,
}

/// A settlement that is not over.
#[derive(Default)]
struct UnderWay {
    /// How often: the same id may come again.
    times: usize,
    /// Those who wait for its end hear of it when these are dropped.
    ends: Vec<oneshot::Sender<Infallible>>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            first: Semaphore::new(AT_ONCE),
            again: Semaphore::new(AT_ONCE),
            under_way: DashMap::new(),
        }
    }

    /// A settlement is under way, until its [end](Self::end).
    pub(super) fn begin(&self, id: HoldId) {
        self.under_way.entry(id).or_default().times += 1;
    }

    pub(super) fn end(&self, id: HoldId) {
        if let Entry::Occupied(mut under_way) = self.under_way.entry(id) {
            under_way.get_mut().times -= 1;
            if under_way.get().times == 0 {
                under_way.remove();
            }
        }
    }

    /// What ends when a settlement does that is under way now.
    pub(super) fn end_of(&self, id: HoldId) -> Option<oneshot::Receiver<Infallible>> {
        let mut under_way = self.under_way.get_mut(&id)?;
        let (ends, end) = oneshot::channel();
        under_way.ends.push(ends);
        Some(end)
    }

    /// Waits for the turn to deliver once, which is over when it is dropped. Nobody closes a line.
    pub(super) async fn next(&self, again: bool) -> Result<SemaphorePermit<'_>, AcquireError> {
        let line = if again { &self.again } else { &self.first };
        line.acquire().await
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_twice_ends_with_the_last_of_both() {
        let (turns, id) = (Turns::new(), HoldId::from_u128(1));
        assert!(turns.end_of(id).is_none());
        turns.begin(id);
        turns.begin(id);
        let mut end = turns.end_of(id).expect("it is under way");
        turns.end(id);
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        turns.end(id);
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert!(turns.end_of(id).is_none() && turns.under_way.is_empty());
    }
}
