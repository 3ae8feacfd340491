//! Calls that are of no family we meter.

use http::{HeaderMap, HeaderName, Method, header};

use super::path::{ends_with, verb};

/// Whether a call of no metered family may cost something: it has a side effect, or it upgrades to another protocol
/// (realtime sockets bill too). Reading is free, and so is counting tokens.
pub(crate) fn may_cost(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    if headers.contains_key(header::UPGRADE)
        || headers.contains_key(&METHOD_OVERRIDE)
        || method == Method::CONNECT
    {
        return true;
    }
    !method.is_safe() && !counts_only(path) && !is_cancelled(path)
}

/// Some servers, Google's among them, take a call for one of the method that is written here.
static METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

fn counts_only(path: &str) -> bool {
    let has_verb = |wanted: &str| verb(path).is_some_and(|(_, verb)| verb == wanted);
    ends_with(path, &["messages", "count_tokens"])
        || ends_with(path, &["responses", "input_tokens"])
        || has_verb("countTokens")
}

/// `…/responses/{id}/cancel`: whoever gives up an answer that is still being made saves money.
fn is_cancelled(path: &str) -> bool {
    ends_with(path, &["cancel"]) && path.rsplit('/').nth(2) == Some("responses")
}

/// The method by which a call may be taken in the place of its own.
pub(crate) fn tunnelled_method(headers: &HeaderMap) -> Option<Method> {
    let method = headers.get(&METHOD_OVERRIDE)?;
    Method::from_bytes(method.as_bytes().to_ascii_uppercase().as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_counting_are_free_and_the_rest_may_cost() {
        let none = HeaderMap::new();
        let mut upgrade = HeaderMap::new();
        upgrade.insert(header::UPGRADE, "websocket".parse().expect("a value"));
        assert!(!may_cost(&Method::GET, "/v1/models", &none));
        assert!(!may_cost(&Method::OPTIONS, "/v1/chat/completions", &none));
        assert!(!may_cost(&Method::POST, "/v1/messages/count_tokens", &none));
        assert!(!may_cost(
            &Method::POST,
            "/v1beta/models/gemini-2.5-flash:countTokens",
            &none
        ));
        assert!(!may_cost(&Method::POST, "/v1/responses/r1/cancel", &none));
        assert!(may_cost(&Method::POST, "/v1/batches/b1/cancel", &none));
        let mut tunnelled = HeaderMap::new();
        tunnelled.insert(&METHOD_OVERRIDE, "POST".parse().expect("a value"));
        assert!(may_cost(&Method::GET, "/v1beta/models/x:y", &tunnelled));
        assert!(may_cost(&Method::POST, "/v1/images/generations", &none));
        assert!(may_cost(&Method::DELETE, "/v1/files/1", &none));
        assert!(may_cost(&Method::GET, "/v1/realtime", &upgrade));
    }
}
