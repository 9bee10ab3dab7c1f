//! Cross-origin requests (CORS): the web pages that may call the function from a browser and read its responses.
//!
//! The layer goes outside the error layer and the handler, so that errors, rejections, 404s and panics have the same
//! headers as any response, and inside the security headers. tower-http's `CorsLayer` writes each header; this layer
//! adds patterns and canonical spelling of origins, the check at start, and the differences below.
//!
//! # Example
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use pilaster::http::cors::CorsLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(String::from("[]"))));
//! let users = CorsLayer::new().allow_origins(["https://app.example.com", "https://*.preview.example.com"]).layer(users);
//!
//! let response = users.clone().oneshot(Request::get("/").header("origin", "https://42.preview.example.com").body(())?).await?;
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://42.preview.example.com");
//! assert_eq!(response.headers()["vary"], "Origin");
//!
//! let preflight = Request::options("/")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PATCH")
//!     .body(())?;
//! let response = users.oneshot(preflight).await?;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "GET,HEAD,POST,PUT,PATCH,DELETE");
//! # Ok(())
//! # }
//! ```
//!
//! With cookies, for origins that your own rule allows:
//!
//! ```
//! use std::time::Duration;
//!
//! use http::{Request, Response};
//! use pilaster::http::cors::CorsLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cors = CorsLayer::new()
//!     .allow_origin_if(|origin, parts| origin == "https://partner.example" && parts.uri.path().starts_with("/shared/"))
//!     .allow_credentials(true)
//!     .expose_headers(["location", "x-next-page"])
//!     .max_age(Duration::from_secs(7200));
//! cors.check()?;
//!
//! let shared = cors.layer(service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(String::new()))));
//! let response = shared.oneshot(Request::get("/shared/1").header("origin", "https://partner.example").body(())?).await?;
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://partner.example");
//! assert_eq!(response.headers()["access-control-allow-credentials"], "true");
//!
//! // A mistake is an error at start.
//! let mistake = CorsLayer::new().allow_origins(["https://app.example.com/"]).check().unwrap_err();
//! assert!(mistake.to_string().contains("a path or a slash"));
//! # Ok(())
//! # }
//! ```
//!
//! # The headers of each response
//!
//! | response | headers |
//! |---|---|
//! | actual, origin allowed | `Access-Control-Allow-Origin`, `-Allow-Credentials`, `-Expose-Headers` |
//! | preflight, origin allowed | `Access-Control-Allow-Origin`, `-Allow-Credentials`, `-Allow-Methods`, `-Allow-Headers`, `-Max-Age`, `-Allow-Private-Network` |
//! | origin not allowed | none of these: the browser withholds the response from the page |
//! | every response, if origins are a list, a pattern or a rule | `Vary: Origin`, even if the request has no `Origin` or one that is not allowed |
//!
//! With any origin, or [one fixed origin](CorsLayer::allow_origin), `Access-Control-Allow-Origin` is the same on every
//! response, even if the request has no `Origin`, so no `Vary` is needed
//! ([Fetch, CORS protocol and HTTP caches](https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches)). Headers that
//! the handler sets are kept. If the handler sets the origin, no credentials are added.
//!
//! # Differences
//!
//! - From tower-http: the response to a preflight is a 204, not a 200; an `OPTIONS` request that is not a preflight
//!   reaches the handler ([`Preflight`]); the handler's own headers are kept, and `Vary` is one line without
//!   duplicates.
//! - From middy: `*` with credentials is rejected at start. middy sends back the origin of any request, so that any
//!   page can act as the user; use [`allow_origin_if`](CorsLayer::allow_origin_if) if you intend that. A list always
//!   adds `Vary`, even with one entry. Text that cannot be an origin is a configuration error instead of being
//!   compared. Methods and headers are only sent to allowed origins. A `*` in a pattern matches one or more characters
//!   of a host name.
//! - From Powertools: `Access-Control-Allow-Headers` and `-Max-Age` are sent only on preflights, where browsers read
//!   them; lists add `Vary`; a fixed origin or `*` is also sent without an `Origin` header; `*` with credentials is
//!   rejected at start.
//!
//! Configure CORS here or on the HTTP API or the function URL, not in both: an HTTP API with a CORS configuration drops
//! these headers, and a function URL sends both.

mod check;
mod error;
mod origin;
mod pattern;
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
mod required_headers;
mod rules;
mod service;
mod spelling;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use tower::Layer;
use tower_http::cors::AllowHeaders;

pub use self::error::CorsError;
use self::origin::{Origins, Predicate};
use self::rules::Rules;
pub use self::service::{Cors, ResponseFuture};
use crate::core::layer_mistakes::reject;

/// Layer that applies [`Cors`]. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct CorsLayer {
    inner: tower_http::cors::CorsLayer,
    origins: Origins,
    credentials: bool,
    any_method: bool,
    any_header: bool,
    any_exposed: bool,
    mirror_headers: bool,
    #[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
    allowed: Vec<HeaderName>,
    #[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
    exposed: Vec<HeaderName>,
    vary: Vec<String>,
    preflight: Preflight,
    preflight_cache_control: Option<HeaderValue>,
    request_methods: Vec<Method>,
    request_headers: Vec<HeaderName>,
    error: Option<CorsError>,
}

/// The `OPTIONS` requests to which the layer responds before the handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preflight {
    /// Preflights: those with `Origin` and `Access-Control-Request-Method`. Any other `OPTIONS` reaches the handler.
    #[default]
    Respond,
    /// Every `OPTIONS`, as in Powertools and with middy's `disableBeforePreflightResponse: false`.
    RespondToEveryOptions,
    /// None: the handler responds to each `OPTIONS`, and its response gets the preflight's headers.
    PassOn,
}

impl CorsLayer {
    /// The methods that [`new`](Self::new) allows.
    pub const DEFAULT_METHODS: [Method; 6] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

    /// The request headers that [`new`](Self::new) allows: those of a JSON API with a bearer token, an API key or IAM.
    pub const DEFAULT_HEADERS: [&str; 5] =
        ["authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-api-key"];

    /// Allows no origin yet, so no header is sent. Once origins are added, they get
    /// [`DEFAULT_METHODS`](Self::DEFAULT_METHODS), [`DEFAULT_HEADERS`](Self::DEFAULT_HEADERS), no credentials, no
    /// exposed headers and no maximum age (browsers use 5 s).
    pub fn new() -> Self {
        Self {
            inner: tower_http::cors::CorsLayer::new(),
            origins: Origins::None,
            credentials: false,
            any_method: false,
            any_header: false,
            any_exposed: false,
            mirror_headers: false,
            allowed: Vec::new(),
            exposed: Vec::new(),
            vary: Vec::new(),
            preflight: Preflight::Respond,
            preflight_cache_control: None,
            request_methods: Vec::new(),
            request_headers: Vec::new(),
            error: None,
        }
        .allow_methods(Self::DEFAULT_METHODS)
        .allow_headers(Self::DEFAULT_HEADERS)
    }

    /// Creates the layer of a public API without cookies: any origin may send and read any header, with the default
    /// methods.
    ///
    /// `authorization` is listed as well, since `*` does not include it.
    pub fn permissive() -> Self {
        Self::new().allow_origin("*").allow_headers(["*", "authorization"]).expose_headers(["*"])
    }

    /// Allows one origin, which is sent on every response, regardless of the request's origin: the browser compares.
    /// `*` is any origin; a pattern is treated as in [`allow_origins`](Self::allow_origins). Replaces previously set
    /// origins.
    pub fn allow_origin(mut self, origin: impl AsRef<str>) -> Self {
        match Origins::one(origin.as_ref()) {
            Ok(origins) => self.origins = origins,
            Err(fault) => self.fail(CorsError::origin(origin.as_ref(), fault)),
        }
        self
    }

    /// Allows these origins: the request's origin is looked up and sent back. Replaces previously set origins.
    ///
    /// Each is `scheme://host[:port]` and is compared in canonical form: lower case, no default port. A
    /// host that is not ASCII must be written in punycode (`https://xn--mnchen-3ya.de`), as browsers send it. In a
    /// pattern, `*` matches one or more letters, digits, `-` or `_` within one label: `https://*.example.com` matches
    /// `https://app.example.com`, but neither `https://example.com` nor `https://a.b.example.com`. The last label must
    /// not contain a `*`; you must own the domain to the right of it. `http://localhost:*` matches any port. `"*"`
    /// alone is any origin. `"null"` (a sandboxed frame, a file) is allowed only if it is listed. An empty list allows
    /// no origin.
    ///
    /// ```
    /// use pilaster::http::cors::CorsLayer;
    ///
    /// let origins = "https://app.example.com,https://shop-*.example.com"; // for example, from an environment variable
    /// CorsLayer::new().allow_origins(origins.split(',')).check()?;
    /// # Ok::<(), pilaster::http::cors::CorsError>(())
    /// ```
    pub fn allow_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let texts: Vec<I::Item> = origins.into_iter().collect();
        match Origins::list(texts.iter().map(AsRef::as_ref)) {
            Ok(origins) => self.origins = origins,
            Err((origin, fault)) => self.fail(CorsError::origin(origin, fault)),
        }
        self
    }

    /// Allows the origins for which the rule returns `true`. Replaces previously set origins.
    ///
    /// The rule gets the origin in canonical form (`null` as `"null"`). It is not called with text that is not an
    /// origin. Compare whole origins: `ends_with("example.com")` also matches `https://not-example.com`.
    pub fn allow_origin_if(mut self, rule: impl Fn(&str, &Parts) -> bool + Send + Sync + 'static) -> Self {
        let rule: Predicate = Arc::new(rule);
        self.origins = Origins::If(rule);
        self
    }

    /// Allows pages to send cookies, client certificates and HTTP authentication, and read the response.
    ///
    /// It cannot be combined with any origin, any method, any header (unless [mirrored](Self::mirror_headers)) or the
    /// origin `null`.
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.credentials = allow;
        self.inner = self.inner.allow_credentials(allow);
        self
    }

    /// Sets the methods that pages may use, in place of the default ones; `*` is any. An empty list sends no such
    /// header, which allows `GET`, `HEAD` and `POST`.
    pub fn allow_methods<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let methods = self.methods("allow_methods", methods);
        self.any_method = methods.iter().any(|method| method.as_str() == "*");
        self.inner = self.inner.allow_methods(methods);
        self
    }

    /// Sets the request headers that pages may send, in place of the default ones; `*` is any except `authorization`.
    /// An empty list sends no such header.
    pub fn allow_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let headers = self.names("allow_headers", headers);
        self.any_header = headers.iter().any(|name| name.as_str() == "*");
        self.mirror_headers = false;
        self.allowed.clone_from(&headers);
        self.inner = self.inner.allow_headers(headers);
        self
    }

    /// Allows all headers that a preflight requests, even with credentials, in place of a list. A value that is not a
    /// list of header names, or is longer than 4096 bytes, is not mirrored.
    pub fn mirror_headers(mut self) -> Self {
        self.any_header = false;
        self.mirror_headers = true;
        self.inner = self.inner.allow_headers(AllowHeaders::mirror_request());
        self
    }

    /// Sets the response headers that pages may read in addition to the
    /// [safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name) ones; `*` is any.
    pub fn expose_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let headers = self.names("expose_headers", headers);
        self.any_exposed = headers.iter().any(|name| name.as_str() == "*");
        self.exposed.clone_from(&headers);
        self.inner = self.inner.expose_headers(headers);
        self
    }

    /// Sets the time for which a browser may cache the response to a preflight, in whole seconds; zero disables
    /// caching.
    ///
    /// Each preflight is an invocation. Browsers have limits: Chromium 7200 s, Firefox 86400 s, WebKit 600 s
    /// ([MDN](https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age)).
    pub fn max_age(mut self, age: Duration) -> Self {
        self.inner = self.inner.max_age(age);
        self
    }

    /// Allows public pages to call the function in a private network, if the browser requests it
    /// ([Private Network Access](https://wicg.github.io/private-network-access/)).
    pub fn allow_private_network(mut self, allow: bool) -> Self {
        self.inner = self.inner.allow_private_network(allow);
        self
    }

    /// Adds names to the `Vary` of every response, in addition to `Origin` if that is needed.
    pub fn vary<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let texts: Vec<I::Item> = headers.into_iter().collect();
        self.names("vary", texts.iter().map(AsRef::as_ref));
        self.vary = texts.iter().map(|name| name.as_ref().to_owned()).collect();
        self
    }

    /// Sets the `OPTIONS` requests to which the layer responds before the handler.
    pub fn preflight(mut self, preflight: Preflight) -> Self {
        self.preflight = preflight;
        self
    }

    /// Sets `Cache-Control` of the response to a preflight, for a CDN that caches `OPTIONS`.
    pub fn preflight_cache_control(mut self, value: impl AsRef<str>) -> Self {
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => self.preflight_cache_control = Some(value),
            Err(_) => self.fail(CorsError::cache_control()),
        }
        self
    }

    /// Sets the methods for which a preflight gets CORS headers. By default it is empty, for any method: the browser
    /// compares with [`allow_methods`](Self::allow_methods), and its console can show the missing method.
    pub fn request_methods<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.request_methods = self.methods("request_methods", methods);
        self
    }

    /// Sets the headers for which a preflight gets CORS headers, in addition to the
    /// [safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-request-header) ones. By default it is empty, for
    /// any header: the browser compares with [`allow_headers`](Self::allow_headers).
    pub fn request_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.request_headers = self.names("request_headers", headers);
        self
    }
}

impl Default for CorsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CorsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsLayer")
            .field("origins", &self.origins)
            .field("headers", &self.inner)
            .field("vary", &self.vary)
            .field("preflight", &self.preflight)
            .field("preflight_cache_control", &self.preflight_cache_control)
            .field("request_methods", &self.request_methods)
            .field("request_headers", &self.request_headers)
            .field("error", &self.error)
            .finish()
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    /// # Panics
    ///
    /// If the configuration fails [`CorsLayer::check`] and the layer is applied outside of a
    /// [`Function`](crate::Function).
    fn layer(&self, inner: S) -> Cors<S> {
        // The service of a rejected layer is not run, but tower-http's would panic with a message of its own.
        let rules = match self.check() {
            Ok(()) => Rules::new(self),
            Err(error) => {
                reject(error);
                Rules::new(&Self::new())
            }
        };
        Cors { inner, rules: Arc::new(rules) }
    }
}
