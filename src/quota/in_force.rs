//! The policy in force: another takes its place by one way only.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use super::engine::Engine;
use crate::policy::Policy;
use crate::watch::Event;

#[derive(Debug)]
pub(super) struct InForce(RwLock<Arc<Policy>>);

impl InForce {
    pub(super) fn new(policy: Policy) -> Self {
        Self(RwLock::new(Arc::new(policy)))
    }

    pub(super) fn get(&self) -> Arc<Policy> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// The policy in force, which nobody else replaces while it is looked at.
    pub(super) fn to_replace<'e>(&'e self, engine: &'e Engine) -> Replacing<'e> {
        let current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Replacing { current, engine }
    }
}

/// A policy in force that another may take the place of.
pub(super) struct Replacing<'e> {
    current: RwLockWriteGuard<'e, Arc<Policy>>,
    engine: &'e Engine,
}

impl Replacing<'_> {
    pub(super) fn current(&self) -> &Arc<Policy> {
        &self.current
    }

    /// Puts another in force, and returns the one before. Books are kept by it before any call can see it, so that those of
    /// two that come at once are never those of the other; who listens is told when others can go on.
    pub(super) fn by(mut self, policy: Arc<Policy>) -> Arc<Policy> {
        self.engine.keep_books(&policy);
        let before = mem::replace(&mut *self.current, policy);
        drop(self.current);
        self.engine.observers.tell(|| Event::PolicyChanged);
        before
    }
}
