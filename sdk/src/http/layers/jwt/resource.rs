//! [`Resource`]: the metadata of a protected resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).

use http::{Method, Uri};
use serde::Serialize;

use crate::jwt::is_loopback;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

#[derive(Clone, Debug)]
pub(super) struct Resource {
    address: String,
    /// The path of its metadata.
    path: String,
    /// The URL of its metadata.
    pub(super) metadata: String,
}

impl Resource {
    /// Reads the address of a resource; its metadata is at the well-known path followed by that of the address
    /// (section 3.1).
    pub(super) fn parse(address: &str) -> Result<Self, &'static str> {
        let wrong =
            "the address of a protected resource is an `https` URL without user information, a query and a fragment";
        let uri: Uri = address.parse().map_err(|_| wrong)?;
        let (Some("https" | "http"), Some(authority), None) = (uri.scheme_str(), uri.authority(), uri.query()) else {
            return Err(wrong);
        };
        let is_safe = uri.scheme_str() == Some("https") || is_loopback(authority.host());
        if !is_safe
            || authority.host().is_empty()
            || address.contains(['#', '"', '\\'])
            || authority.as_str().contains('@')
        {
            return Err(wrong);
        }
        let path = format!("{WELL_KNOWN}{}", uri.path().trim_end_matches('/'));
        let metadata = format!("{}://{authority}{path}", uri.scheme_str().unwrap_or_default());
        Ok(Self { address: address.to_owned(), path, metadata })
    }

    pub(super) fn is_asked_for(&self, method: &Method, uri: &Uri) -> bool {
        (method == Method::GET || method == Method::HEAD) && uri.path() == self.path
    }

    /// Returns the metadata (section 2) as JSON.
    pub(super) fn document<'a>(&'a self, issuers: impl Iterator<Item = &'a str>, scopes: &'a [String]) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            resource: &'a str,
            authorization_servers: Vec<&'a str>,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            scopes_supported: &'a [String],
            bearer_methods_supported: [&'static str; 1],
        }
        let document = Document {
            resource: &self.address,
            authorization_servers: issuers.collect(),
            scopes_supported: scopes,
            bearer_methods_supported: ["header"],
        };
        serde_json::to_string(&document).unwrap_or_default()
    }
}
