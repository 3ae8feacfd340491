//! Aliases.

use crate::model::Aliases;
use crate::policy::PolicyError;
use crate::policy::error::At;
use crate::policy::glob::has_wildcard;

/// An alias is one step: what it stands for is a model and no alias.
pub(super) fn check(written: &[At<(String, String)>]) -> Result<Aliases, PolicyError> {
    let mut aliases = Aliases::default();
    for at in written {
        let (name, model) = &at.it;
        let complain =
            |reason: &str| Err(at.error(format!("alias `{}` {reason}", name.escape_debug())));
        if name.trim().is_empty() || has_wildcard(name) {
            return complain("is no name; an alias is written out, without `*` and `?`");
        }
        if !Aliases::is_model(model) || has_wildcard(model) {
            return complain("stands for no model's name");
        }
        if !aliases.insert(name, model) {
            return complain("is declared twice");
        }
    }
    match written.iter().find(|at| aliases.has(&at.it.1)) {
        Some(at) => Err(at.error(format!(
            "alias `{}` stands for `{}`, which is an alias itself; name the model",
            at.it.0.escape_debug(),
            at.it.1.escape_debug()
        ))),
        None => Ok(aliases),
    }
}
