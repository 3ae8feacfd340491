//! How much may be buffered over all calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that may be buffered at once, shared by all calls of a quota.
#[derive(Debug, Clone)]
pub(crate) struct BufferBudget {
    left: Arc<AtomicUsize>,
}

impl BufferBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// A share that holds nothing yet.
    pub(crate) fn share(&self) -> BufferShare {
        BufferShare {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

/// What one call has taken of a [`BufferBudget`]; given back when dropped.
#[derive(Debug)]
pub(crate) struct BufferShare {
    budget: BufferBudget,
    bytes: usize,
}

impl BufferShare {
    /// Takes more; `false`, and nothing taken, when there is not enough left.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = &self.budget.left;
        let taken = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            left.checked_sub(bytes)
        });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }

    /// Moves what was taken into a share of its own; this one holds nothing then.
    pub(crate) fn take_over(&mut self) -> Self {
        Self {
            budget: self.budget.clone(),
            bytes: std::mem::take(&mut self.bytes),
        }
    }
}

impl Drop for BufferShare {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.left.fetch_add(self.bytes, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_gives_back_what_it_took_and_never_more_than_there_is() {
        let budget = BufferBudget::new(10);
        let mut first = budget.share();
        assert!(first.take(6));
        let mut second = budget.share();
        assert!(!second.take(5));
        assert!(second.take(4));
        drop(first);
        assert!(second.take(6));
        drop(second);
        assert!(budget.share().take(10));
    }
}
