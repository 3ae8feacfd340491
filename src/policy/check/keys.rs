//! API keys.

use super::Sections;
use super::tier::Tiers;
use crate::Subject;
use crate::identify::{ApiKeys, KeyHash};
use crate::policy::PolicyError;
use crate::policy::error::At;

/// Messages name no key: they end up in logs.
pub(super) fn check(
    written: Vec<At<(KeyHash, Subject)>>,
    tiers: &Tiers,
    projects: &Sections,
) -> Result<ApiKeys, PolicyError> {
    let mut keys = ApiKeys::new();
    for at in written {
        let (hash, subject) = &at.it;
        if hash.is_of_nothing() {
            return Err(at.error("an API key is empty"));
        }
        if !tiers.contains_key(subject.tier_name()) {
            return Err(at.error(format!(
                "an API key's tier `{}` is not in the policy",
                subject.tier_name()
            )));
        }
        let unknown = |name: &&str| !projects.is_empty() && !projects.contains_key(*name);
        if let Some(name) = subject.project_name().filter(unknown) {
            return Err(at.error(format!("an API key's project `{name}` is not declared")));
        }
        if !keys.insert(*hash, subject.clone()) {
            return Err(at.error("this API key stands here twice"));
        }
    }
    Ok(keys)
}
