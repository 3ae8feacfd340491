//! The inner service's answer, as the caller gets it.

use http::response::Parts;
use http::{Response, header};
use http_body::Body;

use crate::body::{Meter, MeterPlan, ResponseBody};
use crate::fallback::Fallback;
use crate::layer::Shared;
use crate::preflight::Accounting;
use crate::provider;
use crate::settle::Outcome;
use crate::usage::Usage;

use super::head::tell;
use super::way::Follow;

/// An answer that was not ready when its call ended, with its body read on the way.
pub(super) fn read_again<B: Body>(
    response: Response<B>,
    follow: Follow,
    shared: &Shared,
) -> Response<ResponseBody<B>> {
    let (head, body) = response.into_parts();
    let engine = shared.quota.engine().clone();
    let meter = Meter::following(engine, follow.api, follow.answer, &head);
    Response::from_parts(head, ResponseBody::metered(body, meter))
}

/// The inner service's answer, with the limits in its head, and its body metered.
pub(super) fn metered<B: Body>(
    response: Response<B>,
    accounting: Accounting,
    shared: &Shared,
) -> Response<ResponseBody<B>> {
    let (mut head, body) = response.into_parts();
    let known = shared.outcome(&head);
    tell(&mut head.headers, &accounting);
    let body = match accounting {
        Accounting::Metered(mut plan) => {
            if provider::is_limit(head.status)
                && let Some(fallback) = plan.fallback.take()
            {
                return replaced(head, body, (plan, fallback), known);
            }
            let meter = Meter::new(plan, &head, known);
            if meter.strips() {
                head.headers.remove(header::CONTENT_LENGTH);
            }
            ResponseBody::metered(body, meter)
        }
        // A call that is only counted has no tokens.
        Accounting::Counted(hold) => ResponseBody::held(
            body,
            hold,
            known.unwrap_or(Outcome::Counted(Usage::default())),
        ),
    };
    Response::from_parts(head, body)
}

/// The tier's own reply in the place of an answer by which the provider limits our account.
fn replaced<B: Body>(
    head: Parts,
    body: B,
    (plan, fallback): (MeterPlan, Fallback),
    known: Option<Outcome>,
) -> Response<ResponseBody<B>> {
    let reply = fallback.instead_of_provider(&*plan.api, plan.hold.engine());
    let meter = Meter::new(plan, &head, known);
    reply.map(|ours| ResponseBody::replaced(body, meter, ours))
}
