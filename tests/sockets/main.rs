//! The layer in front of real HTTP/1 and HTTP/2 connections.
#![allow(clippy::unwrap_used)]

mod http1;
mod serving;
mod versions;

#[path = "../support/mod.rs"]
mod support;
