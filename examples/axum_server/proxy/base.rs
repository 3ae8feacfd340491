//! The provider's address.

use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::keys::query_without_key;

/// An address that requests' paths are put after, such as `https://api.openai.com` or `http://host/base`.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

impl Base {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // A key in it is not repeated.
        let shown = if text.contains(['@', '?']) {
            "…"
        } else {
            text
        };
        let wrong = |why: &str| format!("--upstream {shown}: {why}");
        let uri = Uri::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let path = uri.path().trim_end_matches('/').to_owned();
        if uri.query().is_some() {
            return Err(wrong("an address has no query"));
        }
        let parts = uri.into_parts();
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority))
                if scheme == Scheme::HTTP || scheme == Scheme::HTTPS =>
            {
                if authority.as_str().contains('@') {
                    return Err(wrong("the provider's key is taken from UPSTREAM_API_KEY"));
                }
                Ok(Self {
                    scheme,
                    authority,
                    path,
                })
            }
            _ => Err(wrong("write http:// or https://, and a host")),
        }
    }

    /// Host and port. There is no user's name in it.
    pub(crate) fn host(&self) -> &str {
        self.authority.as_str()
    }

    /// Whether it ends as the paths of most APIs begin, as the addresses that clients are given do.
    pub(crate) fn ends_in_version(&self) -> bool {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        matches!(last, "v1" | "v1beta")
    }

    /// The address of a request; nothing if its path would lead out of the base.
    pub(crate) fn target(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path();
        if !path.starts_with('/') || climbs(path) {
            return None;
        }
        let query = uri.query().map(query_without_key).unwrap_or_default();
        let path_and_query = PathAndQuery::try_from(format!("{}{path}{query}", self.path)).ok()?;
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
            .ok()
    }
}

/// Whether there is a `..` in it, `%2e` and `%5c` included: whoever decodes it would walk up.
fn climbs(path: &str) -> bool {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    path.split(['/', '\\']).any(|segment| segment == "..")
}
