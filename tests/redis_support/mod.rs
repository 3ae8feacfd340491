//! Real servers, for the tests of the store on Redis.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test uses a part of it

use std::time::{SystemTime, UNIX_EPOCH};

pub mod cluster;
pub mod line;
pub mod server;
pub mod silent;

/// A zone in which it is about noon, so that no day ends while a test runs.
pub fn noon() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    match now.as_secs() / 3600 % 24 {
        hour @ 0..12 => format!("Etc/GMT-{}", 12 - hour),
        hour => format!("Etc/GMT+{}", hour - 12),
    }
}
