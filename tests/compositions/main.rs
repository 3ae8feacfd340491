//! The layer in the compositions that people build: axum routers, tower-http's layers, hyper servers and clients.
#![allow(clippy::unwrap_used)]

mod app;
mod layers;
mod proxies;
mod routers;
mod types;

#[path = "../support/mod.rs"]
mod support;
