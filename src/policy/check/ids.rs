//! Names: of limits, tiers, projects and organizations.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::policy::{Limit, Window};

/// The longest name, in bytes.
const LONGEST: usize = 128;

/// The limits' ids that are taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids(BTreeSet<Arc<str>>);

impl Ids {
    pub(super) fn take(&mut self, id: &Arc<str>, given: bool) -> Result<(), String> {
        if self.0.insert(Arc::clone(id)) {
            return Ok(());
        }
        Err(match given {
            true => "another limit has this id; each needs its own".into(),
            false => {
                "another limit is of the same unit and window; give one of them an `id`".into()
            }
        })
    }
}

/// Names go into headers, so they are printable ASCII that needs no escaping there.
pub(super) fn name(kind: &str, name: &str) -> Result<(), String> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if name.is_empty() {
        return Err(format!("the name of a {kind} is empty"));
    }
    if name.len() > LONGEST {
        return Err(format!(
            "the name of a {kind} is longer than {LONGEST} bytes"
        ));
    }
    match name.bytes().all(plain) {
        true => Ok(()),
        false => Err(format!(
            "{kind} `{}`: a name is printable ASCII without quotes and backslashes, since it goes into headers",
            name.escape_debug()
        )),
    }
}

/// `{tier or section}/{unit}/{window}[/{models}]`
pub(super) fn default_id(section: &str, limit: &Limit) -> Arc<str> {
    let mut id = format!("{section}/{}", limit.unit.as_str());
    if let Some(window) = limit.window.filter(|window| *window != Window::Gauge) {
        id = format!("{id}/{}", window.name(limit.amount));
    }
    if let Some(models) = &limit.models {
        id = format!("{id}/{models}");
    }
    shortened(id).into()
}

/// A long list of models makes a long id: what is cut off still counts, as a part of its hash.
fn shortened(id: String) -> String {
    if id.len() <= LONGEST {
        return id;
    }
    let hash = Sha256::digest(&id);
    let kept: String = id
        .chars()
        .filter(char::is_ascii)
        .take(LONGEST - 9)
        .collect();
    format!(
        "{kept}~{:02x}{:02x}{:02x}{:02x}",
        hash[0], hash[1], hash[2], hash[3]
    )
}
