//! The request that the inner service gets: the same bytes, but for what the quota's rules change.

use std::sync::Arc;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, header};

use crate::api::{Api, Call, Edit, ModelSite, splice, with_model};
use crate::body::{Buffered, MeterPlan, RequestBody};
use crate::quota::{Admitted, Hold};

use super::admission::{Accounting, Admission, Load};
use super::desk::Desk;

impl Desk {
    /// Makes the request of an admitted call.
    pub(super) fn forward<B>(&mut self, admitted: Admitted, load: Load<B>) -> Admission<B> {
        let head = std::mem::replace(&mut self.head, http::Request::new(()).into_parts().0);
        match load {
            Load::Unread(body) => Admission {
                request: Request::from_parts(head, RequestBody::streaming(body)),
                accounting: Accounting::Counted(admitted.hold),
            },
            Load::Read {
                api,
                call,
                buffered,
            } => self.forward_read(head, admitted, (api, &call, buffered)),
        }
    }

    fn forward_read<B>(
        &self,
        mut head: Parts,
        admitted: Admitted,
        (api, call, mut buffered): (Arc<dyn Api>, &Call, Buffered),
    ) -> Admission<B> {
        let Admitted { hold, output_cap } = admitted;
        let edit = self.edit(call, &hold, output_cap);
        let body = std::str::from_utf8(&buffered.bytes).unwrap_or_default();
        let splices = api.splices(call, body, &edit);
        if !splices.is_empty() {
            buffered.bytes = splice(&buffered.bytes, splices);
            forget_digests(&mut head);
        }
        if let (Some(model), ModelSite::PathAfter(name)) = (edit.model, &call.model_site) {
            replace_model(&mut head, name, model);
        }
        fit_headers(&mut head, buffered.bytes.len());
        let strip_usage = edit.stream_usage;
        Admission {
            request: Request::from_parts(head, RequestBody::buffered(buffered)),
            accounting: Accounting::Metered(MeterPlan {
                hold,
                api,
                strip_usage,
            }),
        }
    }

    /// What is changed: nothing that already is as it should be.
    fn edit<'h>(&self, call: &Call, hold: &'h Hold, output_cap: Option<u64>) -> Edit<'h> {
        let asks_for_usage = self.shared.quota.policy().asks_stream_usage();
        Edit {
            model: hold.downgraded_from().map(|_| hold.model()),
            output_cap: output_cap.filter(|cap| call.output.cap != Some(*cap)),
            stream_usage: asks_for_usage && call.stream && !call.asks_usage,
            legacy_cap: self.shared.legacy_cap,
        }
    }
}

/// Digests of a body that has been changed would be wrong.
fn forget_digests(head: &mut Parts) {
    for name in ["content-md5", "digest", "content-digest", "repr-digest"] {
        head.headers.remove(HeaderName::from_static(name));
    }
}

/// The path names the model: it was made sure, when the call was read, that it can be replaced there.
fn replace_model(head: &mut Parts, name: &'static str, model: &str) {
    let Some(path) = with_model(head.uri.path(), name, model) else {
        return;
    };
    let query = head
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let Ok(path_and_query) = PathAndQuery::try_from(format!("{path}{query}")) else {
        return;
    };
    let mut parts = head.uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    if let Ok(uri) = parts.try_into() {
        head.uri = uri;
    }
}

fn fit_headers(head: &mut Parts, length: usize) {
    let headers = &mut head.headers;
    if headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    // The whole body is here: nobody has to wait for a go-ahead.
    headers.remove(header::EXPECT);
    // Usage cannot be read in a compressed answer. Who wants it compressed does that outside.
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
}
