//! Who pays.

use std::sync::Arc;

/// The organization that a [`Subject`] belongs to when none is named.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// Who pays for a call: an organization, a project and a user in it, and the tier whose rules apply.
///
/// ```
/// use tower_token_quota::Subject;
///
/// let alice = Subject::user("alice", "pro").project("web-app");
/// assert_eq!(alice.organization_name(), "default");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    organization: Arc<str>,
    project: Option<Arc<str>>,
    user: Option<Arc<str>>,
    tier: Arc<str>,
}

impl Subject {
    /// A subject of a tier, with neither user nor project: limits of scope `user` then count all such callers together.
    #[must_use]
    pub fn new(tier: impl AsRef<str>) -> Self {
        Self {
            organization: DEFAULT_ORGANIZATION.into(),
            project: None,
            user: None,
            tier: tier.as_ref().into(),
        }
    }

    /// A user of a tier.
    #[must_use]
    pub fn user(user: impl AsRef<str>, tier: impl AsRef<str>) -> Self {
        let mut subject = Self::new(tier);
        subject.user = Some(user.as_ref().into());
        subject
    }

    /// Places the subject in a project.
    #[must_use]
    pub fn project(mut self, project: impl AsRef<str>) -> Self {
        self.project = Some(project.as_ref().into());
        self
    }

    /// Places the subject in an organization.
    #[must_use]
    pub fn organization(mut self, organization: impl AsRef<str>) -> Self {
        self.organization = organization.as_ref().into();
        self
    }

    /// The organization's name, [`DEFAULT_ORGANIZATION`] when none was given.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.organization
    }

    pub(crate) fn shared_organization(&self) -> Arc<str> {
        self.organization.clone()
    }

    /// The project's name.
    #[must_use]
    pub fn project_name(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// The user's name.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The name of the tier whose rules apply.
    #[must_use]
    pub fn tier_name(&self) -> &str {
        &self.tier
    }
}
