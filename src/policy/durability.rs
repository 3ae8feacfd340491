//! When what is booked has to be on disk.

use serde::{Deserialize, Serialize};

/// When a charge has to be on disk, where the store keeps a journal there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Before the call is made: after a crash the books can only be too high. The default of dollars.
    Reserve,
    /// After the call is over, within a bounded time: a crash forgets what was under way. The default of all but dollars.
    Settle,
}
