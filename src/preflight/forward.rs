//! The request that the inner service gets: the same bytes, but for what the quota's rules change.

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};

use crate::api::{Call, Edit, ModelSite, Opaque, is_set, splice, with_model};
use crate::body::{MeterPlan, RequestBody};
use crate::fallback::Fallback;
use crate::model::Model;
use crate::quota::Hold;
use crate::reject::Rejection;

use super::admission::{Accounting, Admission};
use super::desk::Desk;
use super::refusals::uncountable;

impl Desk {
    /// Makes the request of an admitted call: with the body that was read, or with one that was not.
    ///
    /// # Errors
    /// When an API's changes do not fit the body it has read: a defect of that API.
    pub(super) fn forward<B>(
        &mut self,
        hold: Hold,
        unread: Option<B>,
    ) -> Result<Admission<B>, Rejection> {
        match unread {
            Some(body) => Ok(Admission {
                request: Request::from_parts(taken(&mut self.head), RequestBody::streaming(body)),
                accounting: Accounting::Counted(hold),
            }),
            None => self.forward_read(hold),
        }
    }

    fn forward_read<B>(&mut self, hold: Hold) -> Result<Admission<B>, Rejection> {
        let (Some(api), Some(call), Some(mut buffered)) =
            (&self.api, &self.call, self.buffered.take())
        else {
            hold.release();
            return Err(uncountable());
        };
        let text = std::mem::take(&mut self.text);
        let body = &*text;
        let edit = self.edit((call, body), &hold);
        let splices = api.splices(call, body, &edit);
        let is_changed = !splices.is_empty();
        let Some(bytes) = splice(&buffered.bytes, splices) else {
            hold.release();
            return Err(uncountable());
        };
        buffered.bytes = bytes;
        if let Some(model) = edit.model
            && call.model_site.is_in_path()
        {
            let Some(uri) = with_model_in_path(&self.head.uri, &call.model_site, model) else {
                hold.release();
                return Err(uncountable());
            };
            self.head.uri = uri;
        }
        let mut head = taken(&mut self.head);
        let may_reason = may_reason(call, hold.canonical_model());
        let fallback = hold
            .provider_reply()
            .map(|text| Fallback::new(text, call.clone(), &**api, &head.headers));
        if is_changed {
            forget_digests(&mut head);
        }
        fit_headers(&mut head, buffered.bytes.len());
        let strip_usage = edit.stream_usage;
        Ok(Admission {
            request: Request::from_parts(head, RequestBody::buffered(buffered)),
            accounting: Accounting::Metered(MeterPlan {
                hold,
                api: api.clone(),
                strip_usage,
                may_reason,
                fallback,
            }),
        })
    }

    /// What is changed: nothing that already is as it should be.
    fn edit<'h>(&self, (call, body): (&Call, &str), hold: &'h Hold) -> Edit<'h> {
        let asks_for_usage = hold.asks_stream_usage();
        Edit {
            model: hold.downgraded_from().map(|_| hold.model()),
            output_cap: hold
                .output_cap()
                .filter(|cap| !self.is_capped((call, body), *cap)),
            stream_usage: asks_for_usage && call.is_stream() && !call.asks_usage,
            legacy_cap: self.shared.legacy_cap,
        }
    }
}

impl Desk {
    /// Whether a request says already what would be written, by every name that it would be written by.
    fn is_capped(&self, (call, body): (&Call, &str), cap: u64) -> bool {
        let by_old_name = !self.shared.legacy_cap || is_set(&call.sites.legacy_cap, body);
        call.output.cap == Some(cap) && by_old_name
    }
}

fn taken(head: &mut Parts) -> Parts {
    std::mem::replace(head, Request::new(()).into_parts().0)
}

/// Whether the model that is called may reason without showing it.
fn may_reason(call: &Call, model: Option<&Model>) -> bool {
    let may = |model: &Model| {
        let is_told_not_to = call.told_not_to_reason && model.can_be_told_not_to_reason();
        model.may_reason() && !is_told_not_to
    };
    // What a tool of the provider's has put into the prompt is told at the end of the answer only.
    let runs_tools = matches!(call.opaque, Some(Opaque::HostedTool | Opaque::Mcp));
    call.reasons || runs_tools || model.is_some_and(may)
}

/// Digests of a body that has been changed would be wrong.
fn forget_digests(head: &mut Parts) {
    for name in ["content-md5", "digest", "content-digest", "repr-digest"] {
        head.headers.remove(HeaderName::from_static(name));
    }
}

/// The path names the model: it was made sure, when the call was read, that it can be replaced there. `None` where
/// another model's name makes the URI too long.
fn with_model_in_path(uri: &Uri, site: &ModelSite, model: &str) -> Option<Uri> {
    let path = with_model(uri.path(), site, model)?;
    let query = uri.query().map(|query| format!("?{query}"));
    let path_and_query = format!("{path}{}", query.unwrap_or_default());
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    parts.try_into().ok()
}

fn fit_headers(head: &mut Parts, length: usize) {
    let headers = &mut head.headers;
    fit_length(headers, length);
    // The whole body is here: nobody has to wait for a go-ahead.
    headers.remove(header::EXPECT);
    readable_answer(headers);
}

/// Where a length is told, it is told once, and as servers write it. Nearly always it is so already.
fn fit_length(headers: &mut HeaderMap, length: usize) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(length);
    let mut told = headers.get_all(header::CONTENT_LENGTH).iter();
    let first = told.next();
    let is_told_so = first.is_some_and(|told| told == digits) && told.next().is_none();
    if first.is_some() && !is_told_so {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// Usage cannot be read in a compressed answer. Who wants it compressed does that outside.
pub(crate) fn readable_answer(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Aliases;

    #[test]
    fn the_model_that_is_called_tells_whether_it_may_reason_unless_the_caller_does() {
        let may = |asks: bool, forbids: bool, model: &str| {
            let mut call = Call::new("asked", ModelSite::Nowhere);
            (call.reasons, call.told_not_to_reason) = (asks, forbids);
            may_reason(&call, Some(&Model::resolve(model, &Aliases::default())))
        };
        assert!(may(false, false, "claude-sonnet-5"));
        assert!(!may(false, false, "claude-opus-4-8"));
        assert!(may(true, false, "claude-opus-4-8"));
        // A Claude keeps to it; of others nobody knows.
        assert!(!may(false, true, "claude-sonnet-5"));
        assert!(may(false, true, "gpt-5"));
    }
}
