//! The names and values of the headers, and the code that adds them to a response.

use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};

pub(super) const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
pub(super) const COEP: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
pub(super) const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
pub(super) const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");
pub(super) const DOWNLOAD_OPTIONS: HeaderName = HeaderName::from_static("x-download-options");
pub(super) const CROSS_DOMAIN: HeaderName = HeaderName::from_static("x-permitted-cross-domain-policies");
pub(super) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
pub(super) const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");
pub(super) const REPORT_TO: HeaderName = HeaderName::from_static("report-to");
pub(super) const POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");

/// The values of headers that accept only known values.
pub(super) const KNOWN: [(HeaderName, &[&str]); 6] = [
    (header::X_FRAME_OPTIONS, &["DENY", "SAMEORIGIN"]),
    (COOP, &["unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"]),
    (COEP, &["unsafe-none", "require-corp", "credentialless"]),
    (CORP, &["same-site", "same-origin", "cross-origin"]),
    (CROSS_DOMAIN, &["none", "none-this-response", "by-content-type", "by-ftp-filename", "master-only", "all"]),
    (
        header::REFERRER_POLICY,
        &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "origin",
            "origin-when-cross-origin",
            "same-origin",
            "strict-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
    ),
];

pub(super) fn is_url(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && is_quotable(rest))
}

pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && is_quotable(path)
}

/// Returns `true` if this text can be within quotes.
fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>".contains(&byte))
}

#[derive(Debug)]
pub(super) struct Headers {
    pub(super) always: Vec<(HeaderName, HeaderValue)>,
    pub(super) documents: Vec<(HeaderName, HeaderValue)>,
    pub(super) policy: Option<(HeaderName, HeaderValue)>,
    /// `documents` and `policy` are for documents only.
    pub(super) documents_only: bool,
    pub(super) hide_server: bool,
}

impl Headers {
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        if self.hide_server {
            headers.remove(header::SERVER);
            headers.remove(POWERED_BY);
        }
        headers.reserve(self.always.len());
        add(headers, &self.always);
        if self.documents.is_empty() && self.policy.is_none() {
            return;
        }
        if self.documents_only && !headers.get_all(header::CONTENT_TYPE).iter().any(is_document) {
            return;
        }
        add(headers, &self.documents);
        if let Some((name, value)) = &self.policy
            // A page with a policy of its own gets no second one, not even one that only reports.
            && ![header::CONTENT_SECURITY_POLICY, header::CONTENT_SECURITY_POLICY_REPORT_ONLY]
                .iter()
                .any(|name| headers.contains_key(name))
        {
            headers.insert(name, value.clone());
        }
    }
}

fn add(headers: &mut HeaderMap, own: &[(HeaderName, HeaderValue)]) {
    for (name, value) in own {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

/// Returns `true` if a browser may run scripts in it: a scriptable type of the MIME Sniffing standard.
fn is_document(content_type: &HeaderValue) -> bool {
    // A list is invalid, but browsers use a part of it that they can parse.
    content_type.as_bytes().split(|byte| *byte == b',').any(|part| {
        let essence = part.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let is_xml = essence.len() > 4 && essence[essence.len() - 4..].eq_ignore_ascii_case(b"+xml");
        is_xml
            || [&b"text/html"[..], b"text/xml", b"text/xsl", b"application/xml", b"application/pdf"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(essence))
    })
}
