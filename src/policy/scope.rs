//! Who shares a counter.

/// Which parts of a subject share one counter. The organization always parts counters; a scope refines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope {
    /// Each project has its own counter.
    pub project: bool,
    /// Each user has its own counter.
    pub user: bool,
    /// Each canonical model has its own counter.
    pub model: bool,
}

impl Scope {
    /// One counter for a whole organization.
    pub const ORGANIZATION: Self = Self {
        project: false,
        user: false,
        model: false,
    };
    /// One counter a project.
    pub const PROJECT: Self = Self {
        project: true,
        ..Self::ORGANIZATION
    };
    /// One counter a user: the default.
    pub const USER: Self = Self {
        user: true,
        ..Self::ORGANIZATION
    };
    /// One counter a model.
    pub const MODEL: Self = Self {
        model: true,
        ..Self::ORGANIZATION
    };

    /// The names of the parts, as configuration and status write them.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let parts = [
            (self.project, "project"),
            (self.user, "user"),
            (self.model, "model"),
        ];
        let names: Vec<_> = parts
            .into_iter()
            .filter_map(|(has, name)| has.then_some(name))
            .collect();
        if names.is_empty() {
            vec!["organization"]
        } else {
            names
        }
    }

    /// Both scopes' parts together: `Scope::USER.and(Scope::MODEL)` counts each user's use of each model.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            project: self.project || other.project,
            user: self.user || other.user,
            model: self.model || other.model,
        }
    }
}
