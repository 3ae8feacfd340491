//! Changing the policy in force.

use std::sync::Arc;

use super::backend::Backend;
use super::engine::Engine;
use crate::policy::{Policy, PolicyBuilder, PolicyError};
use crate::store::Books;

impl Engine {
    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.in_force.get()
    }

    /// Whether the store counts all of a policy's limits to the last unit.
    pub(super) fn check(&self, policy: &Policy) -> Result<(), PolicyError> {
        let most = match &self.backend {
            Backend::Memory(_) => u64::MAX,
            Backend::Other(guard) => guard.store().largest_amount(),
        };
        match policy.limits_of_all().find(|limit| limit.largest() > most) {
            Some(limit) => Err(limit.too_large(most)),
            None => Ok(()),
        }
    }

    pub(super) fn set_policy(&self, policy: Arc<Policy>) -> Arc<Policy> {
        self.in_force.to_replace(self).by(policy)
    }

    /// Changes the policy in force, anew where another came first, and returns the one before.
    pub(super) fn change_policy(
        &self,
        change: impl Fn(PolicyBuilder) -> PolicyBuilder,
    ) -> Result<Arc<Policy>, PolicyError> {
        let mut base = self.policy();
        loop {
            let changed = change(base.to_builder()).build()?;
            self.check(&changed)?;
            match self.replace_policy(&base, changed) {
                Ok(()) => return Ok(base),
                Err(newer) => base = newer,
            }
        }
    }

    /// Puts a changed policy in force, if nobody has put another in force meanwhile: its own, else, which the change is to be
    /// made to anew.
    fn replace_policy(&self, base: &Arc<Policy>, policy: Policy) -> Result<(), Arc<Policy>> {
        let current = self.in_force.to_replace(self);
        if !Arc::ptr_eq(current.current(), base) {
            return Err(current.current().clone());
        }
        current.by(Arc::new(policy));
        Ok(())
    }

    /// How books are kept by a policy: in which time zone days and months are told apart.
    pub(super) fn keep_books(&self, policy: &Policy) {
        let zone = policy.timezone();
        self.ledger().use_zone(zone.clone());
        if let Backend::Other(guard) = &self.backend {
            guard.store().keep_books(Books {
                zone: zone.iana_name().unwrap_or("UTC").into(),
                record_days: policy.record_days(),
            });
        }
    }
}
