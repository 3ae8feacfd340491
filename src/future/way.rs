//! Which way a call goes.

use std::cell::LazyCell;
use std::iter;

use http::Request;

use crate::api::{self, NormalPath, SharedApi};
use crate::layer::Shared;
use crate::policy::UnknownCalls;
use crate::watch::Event;

/// What is done with a call, before anything is read but its head.
pub(super) enum Way {
    /// Straight through, and its answer is read: it tells what an earlier call has used.
    Again(Follow),
    /// Straight through, unread.
    Straight,
    /// Through the preflight: of a known API, or to be counted as a request, or to be refused.
    Metered(Option<SharedApi>),
}

impl Way {
    pub(super) fn of<B>(request: &Request<B>, shared: &Shared) -> Self {
        let path = request.uri().path();
        // Most calls are known by the first reading of their path and by their own method: the others are then not looked for.
        let whole = NormalPath::of(path);
        let cut = LazyCell::new(|| NormalPath::cut(path));
        let readings = || {
            let cut = iter::once_with(|| cut.as_ref()).flatten();
            iter::once(&whole).chain(cut).map(NormalPath::as_str)
        };
        // Some servers, Google's among them, take a call for one of the method that a header says.
        let tunnelled = LazyCell::new(|| api::tunnelled_method(request.headers()));
        let methods = || {
            let tunnelled = iter::once_with(|| tunnelled.as_ref()).flatten();
            iter::once(request.method()).chain(tunnelled)
        };
        let knows = |api: &&SharedApi| {
            readings().any(|path| methods().any(|method| api.recognises(method, path)))
        };
        if let Some(api) = shared.apis.iter().find(knows) {
            return Self::Metered(Some(api.clone()));
        }
        let is_plain = cut.is_none();
        let follow = || Follow::of(request, whole.as_str(), shared);
        if let Some(follow) = is_plain.then(follow).flatten() {
            return Self::Again(follow);
        }
        let may_cost = |path| api::may_cost(request.method(), path, request.headers());
        if !readings().any(may_cost) {
            return Self::Straight;
        }
        match shared.quota.policy().unknown_calls() {
            UnknownCalls::Pass => {
                shared.quota.engine().tell(|| Event::Unmetered);
                Self::Straight
            }
            UnknownCalls::Count | UnknownCalls::Reject => Self::Metered(None),
        }
    }
}

/// An answer that was not ready when its call ended.
pub(super) struct Follow {
    pub(super) api: SharedApi,
    pub(super) answer: Box<str>,
}

impl Follow {
    /// What a call asks for once more, if that is still to tell its usage.
    fn of<B>(request: &Request<B>, path: &str, shared: &Shared) -> Option<Self> {
        let engine = shared.quota.engine();
        shared.apis.iter().find_map(|api| {
            let answer = api.follows(request.method(), path)?;
            engine.awaits((api.name(), answer)).then(|| Self {
                api: api.clone(),
                answer: answer.into(),
            })
        })
    }
}
