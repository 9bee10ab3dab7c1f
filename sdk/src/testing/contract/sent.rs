//! [`Sent`]: the parts of a request that are checked.

use http::HeaderMap;

use crate::testing::http::Request;

/// The parts of a request that are checked.
pub(in crate::testing) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// The values of the query, not decoded.
    pub(super) raw_query: Vec<String>,
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
            raw_query: raw(query),
            headers: parts.headers.clone(),
            body: body.to_vec(),
        }
    }
}

fn raw(query: &str) -> Vec<String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').map_or("", |(_, value)| value).to_owned()).collect()
}
