//! Who pays.

use std::fmt;
use std::sync::Arc;

/// The organization that a [`Subject`] belongs to when none is named.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// Who pays for a call: an organization, a project and a user in it, and the tier whose rules apply. Cheap to clone.
///
/// ```
/// use tower_token_quota::Subject;
///
/// let alice = Subject::user("alice", "pro").project("web-app");
/// assert_eq!(alice.organization_name(), "default");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subject(Arc<Parts>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Parts {
    organization: Arc<str>,
    project: Option<Arc<str>>,
    user: Option<Arc<str>>,
    tier: Arc<str>,
}

impl Subject {
    /// A subject of a tier, with neither user nor project: limits of scope `user` then count all such callers together.
    #[must_use]
    pub fn new(tier: impl AsRef<str>) -> Self {
        Self(Arc::new(Parts {
            organization: DEFAULT_ORGANIZATION.into(),
            project: None,
            user: None,
            tier: tier.as_ref().into(),
        }))
    }

    /// A user of a tier.
    #[must_use]
    pub fn user(user: impl AsRef<str>, tier: impl AsRef<str>) -> Self {
        let mut subject = Self::new(tier);
        subject.parts().user = Some(user.as_ref().into());
        subject
    }

    /// Places the subject in a project.
    #[must_use]
    pub fn project(mut self, project: impl AsRef<str>) -> Self {
        self.parts().project = Some(project.as_ref().into());
        self
    }

    /// Places the subject in an organization.
    #[must_use]
    pub fn organization(mut self, organization: impl AsRef<str>) -> Self {
        self.parts().organization = organization.as_ref().into();
        self
    }

    /// The organization's name, [`DEFAULT_ORGANIZATION`] when none was given.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.0.organization
    }

    pub(crate) fn shared_organization(&self) -> Arc<str> {
        self.0.organization.clone()
    }

    /// The project's name.
    #[must_use]
    pub fn project_name(&self) -> Option<&str> {
        self.0.project.as_deref()
    }

    /// The user's name.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// The name of the tier whose rules apply.
    #[must_use]
    pub fn tier_name(&self) -> &str {
        &self.0.tier
    }

    /// The parts, to be changed: its own, if others share them.
    fn parts(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            organization,
            project,
            user,
            tier,
        } = &*self.0;
        f.debug_struct("Subject")
            .field("organization", organization)
            .field("project", project)
            .field("user", user)
            .field("tier", tier)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_that_is_changed_leaves_the_others_as_they_are() {
        let alice = Subject::user("alice", "pro");
        let elsewhere = alice.clone().organization("acme").project("web");
        assert_eq!(alice, Subject::user("alice", "pro"));
        assert_eq!(
            (elsewhere.organization_name(), elsewhere.project_name()),
            ("acme", Some("web"))
        );
        assert_eq!(elsewhere.user_name(), Some("alice"));
    }
}
