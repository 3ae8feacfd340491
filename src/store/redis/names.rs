//! Names of keys in Redis. All that belongs to one organization has its name for a hash tag, so it stands in one slot.

use std::borrow::Cow;

use crate::store::{CounterKey, HoldId, StoreError};

/// The layout of keys and values: another one gets another name, so that two versions never read each other's.
pub(super) const VERSION: &str = "tq1";

/// How many ids share a key of settled ids, a bit each.
const BLOCK: u64 = 1024;

/// The names of one organization's keys.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The organization as counters' keys begin with it.
    encoded: CounterKey,
    /// What all keys begin with.
    pub(super) root: String,
}

impl Names {
    pub(super) fn new(prefix: &str, organization: &str) -> Self {
        let encoded = CounterKey::new(organization, &[]);
        // An empty tag is none. No encoded name is a mere `%`.
        let tag = match encoded.as_str() {
            "" => "%",
            name => name,
        };
        let root = format!("{prefix}{VERSION}:{{{tag}}}");
        Self { encoded, root }
    }

    pub(super) fn organization(&self) -> Cow<'_, str> {
        self.encoded.organization()
    }

    pub(super) fn epoch(&self) -> String {
        format!("{}:epoch", self.root)
    }

    pub(super) fn due(&self) -> String {
        format!("{}:due", self.root)
    }

    pub(super) fn hold(&self, id: HoldId) -> String {
        format!("{}:h:{id}", self.root)
    }

    /// How a settlement ended that has more to tell than that it was on time.
    pub(super) fn outcome(&self, id: HoldId) -> String {
        format!("{}:o:{id}", self.root)
    }

    /// Where a settled id is written down, and its bit there. Ids are counted up in lanes, so neighbours there share a key.
    pub(super) fn done(&self, id: HoldId) -> (String, u64) {
        let (lane, number) = (id.lane(), id.in_lane());
        let (block, bit) = (number / u128::from(BLOCK), number % u128::from(BLOCK));
        let bit = u64::try_from(bit).unwrap_or_default();
        (format!("{}:d:{lane:x}:{block:x}", self.root), bit)
    }

    pub(super) fn counter(&self, key: &CounterKey) -> Result<String, StoreError> {
        Ok(format!("{}{}", self.root, self.suffix(key)?))
    }

    /// A counter's key without its organization.
    pub(super) fn suffix<'k>(&self, key: &'k CounterKey) -> Result<&'k str, StoreError> {
        let rest = key.as_str().strip_prefix(self.encoded.as_str());
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or_else(|| StoreError(format!("the counter {key:?} is of another organization")))
    }

    /// The counter's key that has this suffix.
    pub(super) fn key(&self, suffix: &str) -> CounterKey {
        CounterKey::from_encoded(format!("{}{suffix}", self.encoded.as_str()))
    }
}

/// What stands before all keys, without what would be taken for a hash tag.
pub(super) fn prefix(text: &str) -> String {
    text.replace(['{', '}'], "_")
}
