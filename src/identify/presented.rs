//! Where callers put their API keys.

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderName, header};
use percent_encoding::percent_decode_str;

/// The headers in which clients of the known APIs send their key, in the order in which they are looked at.
pub const KEY_HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// The key that a caller presents: in one of [`KEY_HEADERS`] or, as Gemini's clients do, as `?key=`.
///
/// The first place that holds one decides.
#[must_use]
pub fn presented_key(head: &Parts) -> Option<Cow<'_, str>> {
    let in_header = KEY_HEADERS.iter().find_map(|name| {
        let value = head.headers.get(name)?.to_str().ok()?;
        let key = if name == header::AUTHORIZATION {
            bearer(value)?
        } else {
            value.trim()
        };
        (!key.is_empty()).then_some(Cow::Borrowed(key))
    });
    in_header.or_else(|| in_query(head.uri.query()?))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn in_query(query: &str) -> Option<Cow<'_, str>> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, key) = pairs.find(|(name, _)| *name == "key")?;
    let key = percent_decode_str(key).decode_utf8().ok()?;
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn every_usual_place_of_a_key_is_read() {
        type Case = (
            &'static str,
            &'static [(&'static str, &'static str)],
            Option<&'static str>,
        );
        let cases: &[Case] = &[
            ("/", &[("authorization", "Bearer sk-1")], Some("sk-1")),
            ("/", &[("authorization", "bearer  sk-1 ")], Some("sk-1")),
            ("/", &[("x-api-key", "sk-2")], Some("sk-2")),
            ("/", &[("api-key", "sk-3")], Some("sk-3")),
            ("/", &[("x-goog-api-key", "sk-4")], Some("sk-4")),
            ("/?alt=sse&key=sk%2D5", &[], Some("sk-5")),
            ("/", &[("authorization", "Basic YTpi")], None),
            ("/", &[("authorization", "Bearer ")], None),
            ("/?key=", &[], None),
            ("/", &[], None),
        ];
        for (uri, headers, key) in cases {
            assert_eq!(
                presented_key(&head(uri, headers)).as_deref(),
                *key,
                "{uri} {headers:?}"
            );
        }
    }
}
