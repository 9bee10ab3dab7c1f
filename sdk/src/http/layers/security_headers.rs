//! Security headers on every response, with the defaults of helmet and middy.
//!
//! It is the outermost layer, so that preflights, errors, rejections and panics have the headers too. A header that the
//! handler or an inner layer sets is kept (middy overwrites it), and a response that has a content security policy of
//! either header gets no second one; `Server` and `X-Powered-By` are removed.
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
//! let response = SecurityHeadersLayer::new().layer(users).oneshot(Request::new(())).await?;
//!
//! assert_eq!(response.headers()["strict-transport-security"], "max-age=15552000; includeSubDomains");
//! assert_eq!(response.headers()["x-content-type-options"], "nosniff");
//! assert!(!response.headers().contains_key("content-security-policy")); // JSON is not a document
//! assert!(!response.headers().contains_key("server"));
//! # Ok(())
//! # }
//! ```
//!
//! Another policy for pages that frames of the same site may embed and whose images other sites may show:
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
//! let response = layer.layer(page).oneshot(Request::new(())).await?;
//! assert!(response.headers()["content-security-policy"].to_str()?.contains("https://cdn.example.com"));
//! assert_eq!(response.headers()["x-frame-options"], "SAMEORIGIN");
//!
//! // A value that browsers would ignore is an error at start.
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
//! | `Strict-Transport-Security` | `max-age=15552000; includeSubDomains` | as `new` |
//! | `X-Content-Type-Options` | `nosniff` | as `new` |
//! | `X-Frame-Options` | `DENY` | as `new` |
//! | `Referrer-Policy` | `no-referrer` | as `new` |
//! | `Cross-Origin-Resource-Policy` | `same-origin`; it does not apply to CORS requests | as `new` |
//! | `Cross-Origin-Opener-Policy` | `same-origin` | |
//! | `Cross-Origin-Embedder-Policy` | `require-corp` | |
//! | `Origin-Agent-Cluster` | `?1` | |
//! | `X-DNS-Prefetch-Control` | `off` | |
//! | `X-Download-Options` | `noopen` | |
//! | `X-Permitted-Cross-Domain-Policies` | `none` | |
//! | `Content-Security-Policy` | [helmet's](ContentSecurityPolicy::helmet), on documents | |
//! | `Permissions-Policy`, `X-XSS-Protection`, `Reporting-Endpoints`, `Report-To` | only by a setter | only by a setter |
//!
//! A document is a response in which a browser may run scripts: `text/html`, XML (`text/xml`, `application/xml` and
//! each type that ends in `+xml`, such as `image/svg+xml`) and `application/pdf`, the
//! [scriptable types](https://mimesniff.spec.whatwg.org/#scriptable-mime-type) of the MIME Sniffing standard. On JSON,
//! a content security policy has no effect and adds to the size of each response;
//! [`documents_only(false)`](SecurityHeadersLayer::documents_only) sends it anyway, as helmet and middy do.

mod error;
mod headers;
mod policy;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{self, HeaderName, HeaderValue};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use self::error::Expected;
pub use self::error::SecurityHeadersError;
use self::headers::{
    COEP, COOP, CORP, CROSS_DOMAIN, DOWNLOAD_OPTIONS, Headers, KNOWN, ORIGIN_AGENT_CLUSTER, PERMISSIONS_POLICY,
    REPORT_TO, REPORTING_ENDPOINTS, is_path, is_url,
};
pub use self::policy::{ContentSecurityPolicy, Hsts};
use crate::core::layer_mistakes::reject;

/// Layer that applies [`SecurityHeaders`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct SecurityHeadersLayer {
    headers: Vec<(HeaderName, HeaderValue)>,
    policy: Option<ContentSecurityPolicy>,
    report_only: bool,
    documents_only: bool,
    hide_server: bool,
    error: Option<SecurityHeadersError>,
}

impl SecurityHeadersLayer {
    /// A `Permissions-Policy` that denies every feature to the page and its frames: middy's, with 43 features.
    pub const DENY_FEATURES: &'static str = "accelerometer=(), all-screens-capture=(), ambient-light-sensor=(), \
        autoplay=(), battery=(), camera=(), cross-origin-isolated=(), display-capture=(), document-domain=(), \
        encrypted-media=(), execution-while-not-rendered=(), execution-while-out-of-viewport=(), fullscreen=(), \
        geolocation=(), gyroscope=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), monetization=(), \
        navigation-override=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), \
        sync-xhr=(), usb=(), web-share=(), xr-spatial-tracking=(), clipboard-read=(), clipboard-write=(), gamepad=(), \
        speaker-selection=(), conversion-measurement=(), focus-without-user-activation=(), hid=(), idle-detection=(), \
        interest-cohort=(), serial=(), sync-script=(), trust-token-redemption=(), window-placement=(), vertical-scroll=()";

    /// Creates the headers of a function that may return pages. See the table in the [module docs](self).
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

    /// Creates the headers of a function that never returns a page. See the table in the [module docs](self).
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

    /// Sets `Strict-Transport-Security`.
    pub fn strict_transport_security(self, hsts: impl Into<Hsts>) -> Self {
        self.set(header::STRICT_TRANSPORT_SECURITY, &hsts.into().to_string())
    }

    /// Sets `X-Frame-Options`: `DENY` or `SAMEORIGIN`.
    pub fn frame_options(self, value: &str) -> Self {
        self.set(header::X_FRAME_OPTIONS, value)
    }

    /// Sets `Referrer-Policy`: one policy, or several separated by commas, of which the browser uses the last one that
    /// it supports ([the policies](https://www.w3.org/TR/referrer-policy/#referrer-policies)).
    pub fn referrer_policy(self, value: &str) -> Self {
        self.set(header::REFERRER_POLICY, value)
    }

    /// Sets `Cross-Origin-Opener-Policy`: `same-origin`, `same-origin-allow-popups`, `noopener-allow-popups`,
    /// `unsafe-none`.
    pub fn cross_origin_opener_policy(self, value: &str) -> Self {
        self.set(COOP, value)
    }

    /// Sets `Cross-Origin-Embedder-Policy`: `require-corp`, `credentialless`, `unsafe-none`.
    pub fn cross_origin_embedder_policy(self, value: &str) -> Self {
        self.set(COEP, value)
    }

    /// Sets `Cross-Origin-Resource-Policy`: `same-origin`, `same-site`, `cross-origin`.
    pub fn cross_origin_resource_policy(self, value: &str) -> Self {
        self.set(CORP, value)
    }

    /// Sets `Origin-Agent-Cluster`, which requests a separate process for the origin.
    pub fn origin_agent_cluster(self, own: bool) -> Self {
        self.set(ORIGIN_AGENT_CLUSTER, if own { "?1" } else { "?0" })
    }

    /// Sets `X-DNS-Prefetch-Control`, which allows the browser to resolve the hosts of links in advance.
    pub fn dns_prefetch_control(self, on: bool) -> Self {
        self.set(header::X_DNS_PREFETCH_CONTROL, if on { "on" } else { "off" })
    }

    /// Sets `X-Permitted-Cross-Domain-Policies`: `none`, `none-this-response`, `by-content-type`, `by-ftp-filename`,
    /// `master-only`, `all`.
    pub fn permitted_cross_domain_policies(self, value: &str) -> Self {
        self.set(CROSS_DOMAIN, value)
    }

    /// Sets `Permissions-Policy` on documents: the browser features that the page may use, such as
    /// `camera=(), geolocation=(self)`, or [`DENY_FEATURES`](Self::DENY_FEATURES).
    pub fn permissions_policy(self, value: &str) -> Self {
        self.set(PERMISSIONS_POLICY, value)
    }

    /// Sets `Content-Security-Policy` on documents: text, or a preset with changes.
    pub fn content_security_policy(mut self, policy: impl Into<ContentSecurityPolicy>) -> Self {
        let policy = policy.into();
        if !policy.is_valid() {
            self.fail(header::CONTENT_SECURITY_POLICY, &policy.to_string(), Expected::Policy);
        }
        self.policy = Some(policy);
        self
    }

    /// Sets whether the content security policy only reports violations, with `Content-Security-Policy-Report-Only`.
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.report_only = report_only;
        self
    }

    /// Sets whether `Content-Security-Policy` and `Permissions-Policy` are sent on documents only, which is the
    /// default.
    pub fn documents_only(mut self, documents_only: bool) -> Self {
        self.documents_only = documents_only;
        self
    }

    /// Sets `X-XSS-Protection: 0`, which turns off the vulnerable XSS filter of old browsers.
    pub fn disable_xss_filter(self) -> Self {
        self.set(header::X_XSS_PROTECTION, "0")
    }

    /// Adds an endpoint to `Reporting-Endpoints`: a name in lower case, and an `https` URL or a path.
    pub fn reporting_endpoint(self, name: &str, url: &str) -> Self {
        let key = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '*')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte));
        self.append(REPORTING_ENDPOINTS, format!("{name}=\"{url}\""), key && (is_url(url) || is_path(url)))
    }

    /// Adds a group to `Report-To`, the older form of [`reporting_endpoint`](Self::reporting_endpoint), for a year: a
    /// name of letters, digits, `-`, `_` or `.`, and an `https` URL.
    pub fn report_to(self, group: &str, url: &str, include_subdomains: bool) -> Self {
        let name =
            !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let group = format!(
            "{{ \"group\": \"{group}\", \"max_age\": 31536000, \"endpoints\": [ {{ \"url\": \"{url}\" }} ], \
             \"include_subdomains\": {include_subdomains} }}"
        );
        self.append(REPORT_TO, group, name && is_url(url))
    }

    /// Sets whether `Server` and `X-Powered-By` are removed from all responses, which is the default.
    pub fn hide_server(mut self, hide: bool) -> Self {
        self.hide_server = hide;
        self
    }

    /// Removes a header from the layer.
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

    /// Checks that browsers accept this configuration.
    ///
    /// # Errors
    ///
    /// The first mistake: a value that browsers do not support, or that is not a valid header value.
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

impl Default for SecurityHeadersLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeaders<S>;

    /// # Panics
    ///
    /// If the configuration fails [`SecurityHeadersLayer::check`] and the layer is applied outside of a
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
        let value = self.policy.as_ref().and_then(|policy| HeaderValue::from_str(&policy.to_string()).ok());
        let name = match self.report_only {
            true => header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
            false => header::CONTENT_SECURITY_POLICY,
        };
        let headers = Headers {
            always,
            documents,
            policy: value.map(|value| (name, value)),
            documents_only: self.documents_only,
            hide_server: self.hide_server,
        };
        SecurityHeaders { inner, headers: Arc::new(headers) }
    }
}

/// Service that adds security headers to every response. See the [module docs](self).
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
    /// The response future of [`SecurityHeaders`].
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
