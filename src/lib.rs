//! Tower middleware that keeps an LLM bill bounded.
//!
//! [`TokenQuotaLayer`] stands in front of any service that speaks an LLM's HTTP API. It counts what a call will cost
//! before it is made, decides in one atomic step whether the caller may make it, forwards it, forwards it to a cheaper
//! model, or answers 429; and it books what the call really cost when it is over.
//!
//! - **[`Policy`]**: tiers with allowed models, limits and a ladder of models to fall back to; in code or as TOML.
//! - **[`Quota`]**: the engine. Usable without HTTP; cheap to clone; all clones share the counters.
//! - **[`identify`]**: who pays.
//! - **[`store`]**: where the counters live: in memory, on this machine's disk (feature `sqlite`: `journal`), or (feature `redis`)
//!   on Redis, for a fleet.
//! - **[`watch`]**: what happened, as typed events.
//! - **[`prices`]**: what models cost, to the nano-dollar, without floats.
//! - **[`Quota::report`]**: what was spent and saved, by organization, project and model.
//!
//! # In an axum app
//! ```
//! use axum::{Router, routing::post};
//! use tower_token_quota::{Limit, Policy, Quota, Subject, Tier, TokenQuotaLayer, identify};
//!
//! # async fn chat() {}
//! # fn app() -> Result<Router, Box<dyn std::error::Error>> {
//! let policy = Policy::new()
//!     .tier(Tier::new("free").models(["gpt-4o-mini"]).limit(Limit::tokens(10_000).per_day()))
//!     .tier(
//!         Tier::new("pro")
//!             .limit(Limit::requests(60).per_minute())
//!             .limit(Limit::tokens(500_000).per_day().for_models(["gpt-4o", "gpt-4.1"]).then_downgrade())
//!             .ladder(["gpt-4.1-mini", "gpt-4o-mini"]),
//!     )
//!     .build()?;
//! let quota = Quota::new(policy);
//! let app = Router::new()
//!     .route("/v1/chat/completions", post(chat))
//!     .layer(TokenQuotaLayer::new(quota.clone(), identify::extension::<Subject>()));
//! # Ok(app)
//! # }
//! # app().unwrap();
//! ```
//! An auth middleware outside of the layer puts the [`Subject`] into the request's extensions.
//!
//! The layer changes the request's body type. A middleware *inside* of it that names `axum::extract::Request`, like one
//! made by `axum::middleware::from_fn` in the same `ServiceBuilder`, needs the body mapped back:
//! `.layer(tower_http::map_request_body::MapRequestBodyLayer::new(axum::body::Body::new))` between the two. Outside of
//! the layer, and under [`Router::layer`](https://docs.rs/axum/latest/axum/struct.Router.html#method.layer), nothing is needed.
//!
//! # Around a hyper service
//! ```
//! use http_body_util::Full;
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response};
//! use hyper_util::service::TowerToHyperService;
//! use tower::{ServiceBuilder, service_fn};
//! use tower_token_quota::identify::ApiKeys;
//! use tower_token_quota::{Limit, Policy, Quota, RequestBody, Subject, Tier, TokenQuotaLayer};
//!
//! async fn model(_: Request<RequestBody<Incoming>>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
//!     Ok(Response::new(Full::from("…")))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new()
//!     .tier(Tier::new("free").limit(Limit::tokens(10_000).per_minute()))
//!     .build()?;
//! let keys = ApiKeys::new().key("sk-alice", Subject::user("alice", "free"));
//! let service = ServiceBuilder::new()
//!     .layer(TokenQuotaLayer::new(Quota::new(policy), keys))
//!     .service(service_fn(model));
//! let _for_hyper = TowerToHyperService::new(service);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! A hard limit is hard: on a healthy store, at every admission and under any concurrency, what is used, held and reserved is
//! within it. A true bill is true: what a call used beyond its reservation is booked in full, and missing usage is not zero
//! usage. Every exit settles: success, errors, panics, callers who leave. And the service behind does not notice: an admitted
//! body reaches it byte for byte, but for the model, cap or stream option that a rule changes.
//!
//! # Runtime
//! Reading a body with a deadline, and counting a large one off the executor's thread, need a `tokio` runtime. The engine
//! alone does not.

pub mod api;
pub mod clock;
pub mod count;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod identify;
#[cfg(feature = "sqlite")]
pub mod journal;
pub mod model;
pub mod policy;
pub mod prices;
pub mod reject;
pub mod store;
pub mod watch;

mod body;
mod causes;
mod decimal;
mod fallback;
mod future;
mod hashing;
mod layer;
mod learn;
mod money;
mod outstanding;
mod percent;
mod preflight;
mod provider;
mod quota;
mod random;
mod service;
mod settle;
mod spelling;
mod subject;
mod usage;

pub use body::{RequestBody, ResponseBody};
pub use future::ResponseFuture;
pub use layer::TokenQuotaLayer;
pub use money::{AmountError, Usd};
pub use percent::Percent;
pub use policy::{Limit, Policy, Scope, Tier};
pub use quota::{Demand, Forecast, Hold, LimitStatus, Quota, QuotaError, Reserve};
pub use reject::{Rejection, RejectionKind};
pub use service::TokenQuota;
pub use settle::Outcome;
pub use subject::{DEFAULT_ORGANIZATION, Subject};
pub use usage::{Estimate, ServiceTier, Usage};

/// The crate that [`RedisStore`](store::RedisStore) connects with, in the version that it takes connections of.
#[cfg(feature = "redis")]
pub use ::redis;
