//! Which epoch of each organization was seen: another one tells that Redis came back empty.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// For how many organizations it is remembered. When there are more, all are forgotten: then one that is emptied just then is
/// not noticed.
const MOST: usize = 65_536;

/// Microseconds for which an epoch is kept that nobody looks at; less than the script keeps it.
const KEPT: i64 = 90 * 24 * 3600 * 1_000_000;

/// The epochs that were seen.
#[derive(Debug, Default)]
pub(super) struct Epochs(Mutex<HashMap<Arc<str>, Seen>>);

#[derive(Debug)]
struct Seen {
    epoch: String,
    at: i64,
}

impl Epochs {
    /// Takes note of an organization's epoch at a time of the store's; whether it has forgotten what it knew.
    pub(super) fn note(&self, organization: &str, epoch: &str, now: i64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = all.get_mut(organization) {
            let emptied = began(epoch) > began(&seen.epoch) && now.saturating_sub(seen.at) < KEPT;
            // An answer that was overtaken tells of an older one.
            if began(epoch) >= began(&seen.epoch) {
                seen.epoch.clear();
                seen.epoch.push_str(epoch);
            }
            seen.at = seen.at.max(now);
            return emptied;
        }
        if all.len() >= MOST {
            all.clear();
        }
        let epoch = epoch.to_owned();
        all.insert(organization.into(), Seen { epoch, at: now });
        false
    }
}

/// When an epoch began: its name begins with that.
fn began(epoch: &str) -> i64 {
    let began = epoch.split('-').next().and_then(|it| it.parse().ok());
    began.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_is_emptied_once_whichever_answer_comes_last() {
        let (epochs, acme) = (Epochs::default(), "acme");
        assert!(!epochs.note(acme, "5-a", 10));
        assert!(!epochs.note(acme, "5-a", 11));
        assert!(epochs.note(acme, "12-b", 13));
        assert!(!epochs.note(acme, "5-a", 12), "an overtaken answer");
        assert!(!epochs.note(acme, "12-b", 14));
        assert!(!epochs.note("globex", "20-a", 20));
    }

    #[test]
    fn an_epoch_that_ran_out_is_no_loss() {
        let (epochs, acme) = (Epochs::default(), "acme");
        assert!(!epochs.note(acme, "5-a", 10));
        assert!(!epochs.note(acme, "12-b", KEPT + 10));
    }
}
