//! Headers that tell browsers to be careful, as helmet and middy choose them, on every answer.
//!
//! Stands outermost, so that preflights, errors, rejections and panics have them too. A header that the handler or a layer
//! within set stays as it is (middy overwrites it); `Server` and `X-Powered-By` are taken away.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use pilaster::http::security_headers::SecurityHeadersLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = service_fn(async |_: Request<()>| {
//!     Response::builder().header("content-type", "application/json").header("server", "warp").body("[]")
//! });
//! let answer = SecurityHeadersLayer::new().layer(users).oneshot(Request::new(())).await?;
//!
//! assert_eq!(answer.headers()["strict-transport-security"], "max-age=15552000; includeSubDomains");
//! assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
//! assert!(!answer.headers().contains_key("content-security-policy")); // JSON is no page
//! assert!(!answer.headers().contains_key("server"));
//! # Ok(())
//! # }
//! ```
//!
//! With another policy for pages, in a frame of the same site, and images that other sites may show:
//!
//! ```
//! use http::{Request, Response, header};
//! use pilaster::http::security_headers::{ContentSecurityPolicy, SecurityHeadersLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = SecurityHeadersLayer::new()
//!     .content_security_policy(ContentSecurityPolicy::helmet().directive("script-src", "'self' https://cdn.example.com"))
//!     .frame_options("SAMEORIGIN")
//!     .cross_origin_resource_policy("cross-origin")
//!     .without(header::X_DNS_PREFETCH_CONTROL);
//! layer.check()?;
//!
//! let page = service_fn(async |_: Request<()>| Response::builder().header("content-type", "text/html").body("<p>hello"));
//! let answer = layer.layer(page).oneshot(Request::new(())).await?;
//! assert!(answer.headers()["content-security-policy"].to_str()?.contains("https://cdn.example.com"));
//! assert_eq!(answer.headers()["x-frame-options"], "SAMEORIGIN");
//!
//! // A value that browsers would ignore is a sentence at start.
//! let mistake = SecurityHeadersLayer::new().frame_options("SAME-ORIGIN").check().unwrap_err();
//! assert!(mistake.to_string().contains("`DENY`, `SAMEORIGIN`"));
//! # Ok(())
//! # }
//! ```
//!
//! # The headers
//!
//! | header | [`new`](SecurityHeadersLayer::new) | [`api`](SecurityHeadersLayer::api) |
//! |---|---|---|
//! | `Strict-Transport-Security` | `max-age=15552000; includeSubDomains` | the same |
//! | `X-Content-Type-Options` | `nosniff` | the same |
//! | `X-Frame-Options` | `DENY` | the same |
//! | `Referrer-Policy` | `no-referrer` | the same |
//! | `Cross-Origin-Resource-Policy` | `same-origin`; requests under CORS are not touched by it | the same |
//! | `Cross-Origin-Opener-Policy` | `same-origin` | |
//! | `Cross-Origin-Embedder-Policy` | `require-corp` | |
//! | `Origin-Agent-Cluster` | `?1` | |
//! | `X-DNS-Prefetch-Control` | `off` | |
//! | `X-Download-Options` | `noopen` | |
//! | `X-Permitted-Cross-Domain-Policies` | `none` | |
//! | `Content-Security-Policy` | [helmet's](ContentSecurityPolicy::helmet), on documents | |
//! | `Permissions-Policy`, `X-XSS-Protection`, `Reporting-Endpoints`, `Report-To` | by a setter | by a setter |
//!
//! A document is an answer in which a browser may run scripts: `text/html`, XML (`text/xml`, `application/xml` and each type that ends
//! in `+xml`, such as `image/svg+xml`) and `application/pdf`, the [scriptable types](https://mimesniff.spec.whatwg.org/#scriptable-mime-type)
//! of the MIME Sniffing standard. On JSON a content security policy says nothing, and costs its bytes on each answer; [`documents_only(false)`](SecurityHeadersLayer::documents_only)
//! sends it nonetheless, as helmet and middy do.

mod error;
mod policy;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use self::error::Expected;
pub use self::error::SecurityHeadersError;
pub use self::policy::{ContentSecurityPolicy, Hsts};
use crate::core::configuration::reject;

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const COEP: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");
const DOWNLOAD_OPTIONS: HeaderName = HeaderName::from_static("x-download-options");
const CROSS_DOMAIN: HeaderName = HeaderName::from_static("x-permitted-cross-domain-policies");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");
const REPORT_TO: HeaderName = HeaderName::from_static("report-to");
const POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");

/// The values that browsers know, of the headers that have no other.
const KNOWN: [(HeaderName, &[&str]); 6] = [
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

/// Layer that applies [`SecurityHeaders`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it stands around a service"]
pub struct SecurityHeadersLayer {
    headers: Vec<(HeaderName, HeaderValue)>,
    policy: Option<ContentSecurityPolicy>,
    report_only: bool,
    documents_only: bool,
    hide_server: bool,
    error: Option<SecurityHeadersError>,
}

impl SecurityHeadersLayer {
    /// A `Permissions-Policy` that denies every feature, to the page and its frames: middy's, with its 43 features.
    pub const DENY_FEATURES: &'static str = "accelerometer=(), all-screens-capture=(), ambient-light-sensor=(), \
        autoplay=(), battery=(), camera=(), cross-origin-isolated=(), display-capture=(), document-domain=(), \
        encrypted-media=(), execution-while-not-rendered=(), execution-while-out-of-viewport=(), fullscreen=(), \
        geolocation=(), gyroscope=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), monetization=(), \
        navigation-override=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), \
        sync-xhr=(), usb=(), web-share=(), xr-spatial-tracking=(), clipboard-read=(), clipboard-write=(), gamepad=(), \
        speaker-selection=(), conversion-measurement=(), focus-without-user-activation=(), hid=(), idle-detection=(), \
        interest-cohort=(), serial=(), sync-script=(), trust-token-redemption=(), window-placement=(), vertical-scroll=()";

    /// The headers of a function that may answer with pages. See the table in the [module docs](self).
    pub fn new() -> Self {
        let mut layer = Self::api();
        layer.policy = Some(ContentSecurityPolicy::helmet());
        for (name, value) in [
            (COOP, "same-origin"),
            (COEP, "require-corp"),
            (ORIGIN_AGENT_CLUSTER, "?1"),
            (header::X_DNS_PREFETCH_CONTROL, "off"),
            (DOWNLOAD_OPTIONS, "noopen"),
            (CROSS_DOMAIN, "none"),
        ] {
            layer = layer.set(name, value);
        }
        layer
    }

    /// The headers that matter to answers which are never a page. See the table in the [module docs](self).
    pub fn api() -> Self {
        let empty = Self {
            headers: Vec::new(),
            policy: None,
            report_only: false,
            documents_only: true,
            hide_server: true,
            error: None,
        };
        empty
            .strict_transport_security(Hsts::default())
            .set(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .set(header::X_FRAME_OPTIONS, "DENY")
            .set(header::REFERRER_POLICY, "no-referrer")
            .set(CORP, "same-origin")
    }

    /// `Strict-Transport-Security`.
    pub fn strict_transport_security(self, hsts: impl Into<Hsts>) -> Self {
        self.set(header::STRICT_TRANSPORT_SECURITY, &hsts.into().to_string())
    }

    /// `X-Frame-Options`: `DENY` or `SAMEORIGIN`.
    pub fn frame_options(self, value: &str) -> Self {
        self.set(header::X_FRAME_OPTIONS, value)
    }

    /// `Referrer-Policy`: one policy, or several with commas of which the browser takes the last that it knows
    /// ([the policies](https://www.w3.org/TR/referrer-policy/#referrer-policies)).
    pub fn referrer_policy(self, value: &str) -> Self {
        self.set(header::REFERRER_POLICY, value)
    }

    /// `Cross-Origin-Opener-Policy`: `same-origin`, `same-origin-allow-popups`, `noopener-allow-popups`, `unsafe-none`.
    pub fn cross_origin_opener_policy(self, value: &str) -> Self {
        self.set(COOP, value)
    }

    /// `Cross-Origin-Embedder-Policy`: `require-corp`, `credentialless`, `unsafe-none`.
    pub fn cross_origin_embedder_policy(self, value: &str) -> Self {
        self.set(COEP, value)
    }

    /// `Cross-Origin-Resource-Policy`: `same-origin`, `same-site`, `cross-origin`.
    pub fn cross_origin_resource_policy(self, value: &str) -> Self {
        self.set(CORP, value)
    }

    /// `Origin-Agent-Cluster`: whether the origin wants a process of its own.
    pub fn origin_agent_cluster(self, own: bool) -> Self {
        self.set(ORIGIN_AGENT_CLUSTER, if own { "?1" } else { "?0" })
    }

    /// `X-DNS-Prefetch-Control`: whether the browser may look up the hosts of links in advance.
    pub fn dns_prefetch_control(self, on: bool) -> Self {
        self.set(header::X_DNS_PREFETCH_CONTROL, if on { "on" } else { "off" })
    }

    /// `X-Permitted-Cross-Domain-Policies`: `none`, `none-this-response`, `by-content-type`, `by-ftp-filename`,
    /// `master-only`, `all`.
    pub fn permitted_cross_domain_policies(self, value: &str) -> Self {
        self.set(CROSS_DOMAIN, value)
    }

    /// `Permissions-Policy`, on documents: which features of the browser the page may use, such as `camera=(), geolocation=(self)`,
    /// or [`DENY_FEATURES`](Self::DENY_FEATURES).
    pub fn permissions_policy(self, value: &str) -> Self {
        self.set(PERMISSIONS_POLICY, value)
    }

    /// `Content-Security-Policy`, on documents: text, or a preset with changes.
    pub fn content_security_policy(mut self, policy: impl Into<ContentSecurityPolicy>) -> Self {
        let policy = policy.into();
        if !policy.is_valid() {
            self.fail(header::CONTENT_SECURITY_POLICY, &policy.to_string(), Expected::Policy);
        }
        self.policy = Some(policy);
        self
    }

    /// Whether the content security policy only reports what it would forbid, by `Content-Security-Policy-Report-Only`.
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.report_only = report_only;
        self
    }

    /// Whether `Content-Security-Policy` and `Permissions-Policy` are kept to documents, as they are at first.
    pub fn documents_only(mut self, documents_only: bool) -> Self {
        self.documents_only = documents_only;
        self
    }

    /// `X-XSS-Protection: 0`: turns off the filter of old browsers, which made holes of its own.
    pub fn disable_xss_filter(self) -> Self {
        self.set(header::X_XSS_PROTECTION, "0")
    }

    /// One more endpoint in `Reporting-Endpoints`: a name in lower case, and an `https` URL or a path.
    pub fn reporting_endpoint(self, name: &str, url: &str) -> Self {
        let key = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '*')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte));
        self.append(REPORTING_ENDPOINTS, format!("{name}=\"{url}\""), key && (is_url(url) || is_path(url)))
    }

    /// One more group in `Report-To`, the older form of [`reporting_endpoint`](Self::reporting_endpoint), for a year: a name of
    /// letters, digits, `-`, `_` or `.`, and an `https` URL.
    pub fn report_to(self, group: &str, url: &str, include_subdomains: bool) -> Self {
        let name =
            !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let group = format!(
            "{{ \"group\": \"{group}\", \"max_age\": 31536000, \"endpoints\": [ {{ \"url\": \"{url}\" }} ], \
             \"include_subdomains\": {include_subdomains} }}"
        );
        self.append(REPORT_TO, group, name && is_url(url))
    }

    /// Whether `Server` and `X-Powered-By` are taken off the answers, as they are at first, whoever set them.
    pub fn hide_server(mut self, hide: bool) -> Self {
        self.hide_server = hide;
        self
    }

    /// Leaves a header out.
    ///
    /// ```
    /// use http::header;
    /// use pilaster::http::security_headers::SecurityHeadersLayer;
    ///
    /// // The distribution in front of the function sets it.
    /// let layer = SecurityHeadersLayer::new().without(header::STRICT_TRANSPORT_SECURITY);
    /// # let _ = layer;
    /// ```
    pub fn without(mut self, name: HeaderName) -> Self {
        if name == header::CONTENT_SECURITY_POLICY || name == header::CONTENT_SECURITY_POLICY_REPORT_ONLY {
            self.policy = None;
        }
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// Whether browsers would heed this configuration.
    ///
    /// # Errors
    ///
    /// The first mistake that was made: a value that browsers do not know, or that cannot be a header's.
    pub fn check(&self) -> Result<(), SecurityHeadersError> {
        self.error.clone().map_or(Ok(()), Err)
    }

    fn set(mut self, name: HeaderName, value: &str) -> Self {
        let known = KNOWN.iter().find(|(known, _)| *known == name).map(|(_, values)| *values);
        let is_known = known.is_none_or(|known| {
            if name == header::REFERRER_POLICY {
                value.split(',').all(|policy| known.contains(&policy.trim()))
            } else {
                known.contains(&value)
            }
        });
        match HeaderValue::from_str(value) {
            Ok(value) if is_known && !value.is_empty() => match self.headers.iter_mut().find(|(set, _)| *set == name) {
                Some(header) => header.1 = value,
                None => self.headers.push((name, value)),
            },
            _ => self.fail(name, value, known.map_or(Expected::Text, Expected::OneOf)),
        }
        self
    }

    fn append(mut self, name: HeaderName, item: String, valid: bool) -> Self {
        if !valid {
            self.fail(name, &item, Expected::Endpoint);
            return self;
        }
        let before = self.headers.iter().find(|(set, _)| *set == name).and_then(|(_, value)| value.to_str().ok());
        let value = before.map_or_else(|| item.clone(), |before| format!("{before}, {item}"));
        self.set(name, &value)
    }

    fn fail(&mut self, name: HeaderName, value: &str, expected: Expected) {
        self.error.get_or_insert_with(|| SecurityHeadersError { name, value: value.to_owned(), expected });
    }
}

fn is_url(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && is_quotable(rest))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && is_quotable(path)
}

/// Whether this text can stand between quotes.
fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>".contains(&byte))
}

impl Default for SecurityHeadersLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeaders<S>;

    /// # Panics
    ///
    /// If the configuration does not pass [`SecurityHeadersLayer::check`], with its sentence, and the layer is not one of a
    /// [`Function`](crate::Function).
    fn layer(&self, inner: S) -> SecurityHeaders<S> {
        if let Err(error) = self.check() {
            reject(error);
        }
        let (mut always, mut documents) = (Vec::new(), Vec::new());
        for header in &self.headers {
            let list = if header.0 == PERMISSIONS_POLICY { &mut documents } else { &mut always };
            list.push(header.clone());
        }
        if let Some(value) = self.policy.as_ref().and_then(|policy| HeaderValue::from_str(&policy.to_string()).ok()) {
            let name = if self.report_only {
                header::CONTENT_SECURITY_POLICY_REPORT_ONLY
            } else {
                header::CONTENT_SECURITY_POLICY
            };
            documents.push((name, value));
        }
        if !self.documents_only {
            always.append(&mut documents);
        }
        SecurityHeaders { inner, headers: Arc::new(Headers { always, documents, hide_server: self.hide_server }) }
    }
}

#[derive(Debug)]
struct Headers {
    always: Vec<(HeaderName, HeaderValue)>,
    documents: Vec<(HeaderName, HeaderValue)>,
    hide_server: bool,
}

impl Headers {
    fn complete(&self, headers: &mut HeaderMap) {
        if self.hide_server {
            headers.remove(header::SERVER);
            headers.remove(POWERED_BY);
        }
        headers.reserve(self.always.len());
        add(headers, &self.always);
        if !self.documents.is_empty() && headers.get_all(header::CONTENT_TYPE).iter().any(is_document) {
            add(headers, &self.documents);
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

/// Whether a browser may run scripts in it: a scriptable type of the MIME Sniffing standard.
fn is_document(content_type: &HeaderValue) -> bool {
    // Of a list, which is ill-formed, browsers take a part that they can read.
    content_type.as_bytes().split(|byte| *byte == b',').any(|part| {
        let essence = part.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let is_xml = essence.len() > 4 && essence[essence.len() - 4..].eq_ignore_ascii_case(b"+xml");
        is_xml
            || [&b"text/html"[..], b"text/xml", b"text/xsl", b"application/xml", b"application/pdf"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(essence))
    })
}

/// Adds security headers to every answer. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct SecurityHeaders<S> {
    inner: S,
    headers: Arc<Headers>,
}

impl<S, B, R> Service<Request<B>> for SecurityHeaders<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ResponseFuture { future: self.inner.call(request), headers: Arc::clone(&self.headers) }
    }
}

pin_project! {
    /// The future of [`SecurityHeaders`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        headers: Arc<Headers>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        this.headers.complete(response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
