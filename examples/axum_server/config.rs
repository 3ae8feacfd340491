//! The policy: from a file, or for a first try the one in `demo.toml`.

use std::fs;
use std::path::PathBuf;

use tower_token_quota::Policy;
use tower_token_quota::policy::{PolicyBuilder, PolicyError, UnknownCalls};

pub(crate) const FREE_KEY: &str = "sk-demo-free";
pub(crate) const PRO_KEY: &str = "sk-demo-pro";

const DEMO: &str = include_str!("demo.toml");

/// Where the policy stands.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    file: Option<PathBuf>,
}

impl Config {
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    pub(crate) fn is_demo(&self) -> bool {
        self.file.is_none()
    }

    /// Reads the policy as it stands now. What is wrong with it is told as `FILE: line N: reason`.
    pub(crate) fn policy(&self) -> Result<Policy, String> {
        let Some(file) = &self.file else {
            return policy(DEMO).map_err(|error| format!("demo.toml: {error}"));
        };
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(file).map_err(|error| named(&error))?;
        policy(&text).map_err(|error| named(&error))
    }
}

/// Behind a gateway there is nothing but the provider: a call that we cannot meter is refused unless the file says otherwise.
fn policy(text: &str) -> Result<Policy, PolicyError> {
    let written = PolicyBuilder::from_toml(text)?;
    written.default_unknown_calls(UnknownCalls::Reject).build()
}
