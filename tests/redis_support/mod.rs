//! Real servers, for the tests of the store on Redis.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test uses a part of it

pub mod cluster;
pub mod line;
pub mod server;
pub mod silent;
