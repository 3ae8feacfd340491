//! How names are hashed that callers may choose.

use std::sync::LazyLock;

use foldhash::SharedSeed;

use crate::random::random;

/// Hashes under a key that nobody knows.
pub(crate) type SecretHasher = foldhash::quality::SeedableRandomState;

/// A hasher with a key of its own, out of the system's random numbers.
///
/// # Panics
/// When the operating system has no random numbers to give.
pub(crate) fn secret_hasher() -> SecretHasher {
    static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));
    SecretHasher::with_seed(random(), &SHARED)
}
