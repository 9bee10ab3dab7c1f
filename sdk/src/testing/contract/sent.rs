//! [`Sent`]: the parts of a request that are checked.

use http::HeaderMap;

use crate::testing::http::Request;

/// The parts of a request that are checked.
pub(in crate::testing) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn of(request: &Request) -> Self {
        let (parts, body) = request.sent();
        let query = parts.uri.query().unwrap_or_default();
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: serde_html_form::from_str(query).unwrap_or_default(),
            headers: parts.headers.clone(),
            body: body.to_vec(),
        }
    }
}
