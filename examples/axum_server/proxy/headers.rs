//! Headers that end at the gateway.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use tower_token_quota::identify::KEY_HEADERS;

const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// What concerns one connection and not the message.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What of a request is for us, or would say which of our accounts with the provider pays.
const FOR_US: [HeaderName; 5] = [
    header::HOST,
    header::EXPECT,
    header::COOKIE,
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
];

/// What of an answer is for the provider's own host.
const FOR_ITS_HOST: [HeaderName; 4] = [
    header::SET_COOKIE,
    header::ALT_SVC,
    header::PROXY_AUTHENTICATE,
    header::STRICT_TRANSPORT_SECURITY,
];

/// Takes from a request what is not for the provider, the caller's key first of all, and puts the provider's key in.
pub(super) fn clean_request(headers: &mut HeaderMap, uri: &Uri, key: Option<&HeaderValue>) {
    let place = place_of_key(headers, uri);
    remove_hop_by_hop(headers);
    for name in KEY_HEADERS.iter().chain(&FOR_US) {
        headers.remove(name);
    }
    if let Some(key) = key {
        headers.insert(place.clone(), in_form(&place, key));
    }
}

/// Takes from an answer what is not for the caller.
pub(super) fn clean_answer(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    for name in &FOR_ITS_HOST {
        headers.remove(name);
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The caller's client knows where this API wants its key.
fn place_of_key(headers: &HeaderMap, uri: &Uri) -> HeaderName {
    let sent = KEY_HEADERS
        .into_iter()
        .find(|name| headers.contains_key(name));
    let in_query = || {
        uri.query()
            .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")))
    };
    sent.unwrap_or_else(|| {
        if in_query() {
            X_GOOG_API_KEY
        } else {
            header::AUTHORIZATION
        }
    })
}

fn in_form(place: &HeaderName, key: &HeaderValue) -> HeaderValue {
    if place != header::AUTHORIZATION {
        return key.clone();
    }
    let bearer = [b"Bearer ", key.as_bytes()].concat();
    let mut value = HeaderValue::from_bytes(&bearer).unwrap_or_else(|_| key.clone());
    value.set_sensitive(true);
    value
}
