//! The headers of each response, built once from a checked [`CorsLayer`](super::CorsLayer), and the decision on each preflight.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use tower::{Layer, Service};
use tower_http::cors::{AllowOrigin, Vary as NoVary};

use super::origin::Origins;
use super::{CorsLayer, Preflight};

const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");

/// The maximum length of an `Access-Control-Request-Headers` that is mirrored, in bytes.
const MAX_MIRRORED: usize = 4096;

/// Headers that need no permission ([Fetch, 2.2.2](https://fetch.spec.whatwg.org/#cors-safelisted-request-header)).
const SAFELISTED: [&str; 5] = ["accept", "accept-language", "content-language", "content-type", "range"];

#[derive(Debug)]
pub(super) struct Rules {
    origins: Origins,
    preflight: Preflight,
    mirror_headers: bool,
    request_methods: Vec<Method>,
    request_headers: Vec<HeaderName>,
    cache_control: Option<HeaderValue>,
    /// The service that writes every header except `Vary`; `origins` selects the origin that it gets.
    tower_http: tower_http::cors::Cors<Blank>,
    /// The headers of a response other than the origin. They do not depend on the request, so they are created once.
    actual: HeaderMap,
    vary: Option<Vary>,
    preflight_vary: Option<Vary>,
}

impl Rules {
    /// Creates the rules of a layer that has passed its check.
    pub(super) fn new(layer: &CorsLayer) -> Self {
        let tower_http =
            layer.inner.clone().allow_origin(AllowOrigin::mirror_request()).vary(NoVary::list([])).layer(Blank);
        let mut probe = Request::new(());
        probe.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("null"));
        let mut actual = tower_http_headers(tower_http.clone(), probe);
        actual.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);

        let mut names: Vec<&str> = layer.vary.iter().map(String::as_str).collect();
        if layer.origins.varies() {
            names.push("Origin");
        }
        let vary = Vary::new(&names);
        // A response to OPTIONS is cached (RFC 9110, 9.3.7) only by a CDN that is configured to do so.
        let kept = layer.preflight_cache_control.is_some();
        if kept && !layer.request_methods.is_empty() {
            names.push("Access-Control-Request-Method");
        }
        if layer.mirror_headers || (kept && !layer.request_headers.is_empty()) {
            names.push("Access-Control-Request-Headers");
        }
        Self {
            origins: layer.origins.clone(),
            preflight: layer.preflight,
            mirror_headers: layer.mirror_headers,
            request_methods: layer.request_methods.clone(),
            request_headers: layer.request_headers.clone(),
            cache_control: layer.preflight_cache_control.clone(),
            tower_http,
            actual,
            vary,
            preflight_vary: Vary::new(&names),
        }
    }

    /// Returns `true` if the response to this request gets a preflight's headers.
    pub(super) fn is_preflight(&self, parts: &Parts) -> bool {
        parts.method == Method::OPTIONS
            && (self.preflight != Preflight::Respond
                || parts.headers.contains_key(header::ORIGIN)
                    && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD))
    }

    /// Returns `true` if the layer responds to preflights itself, instead of the handler.
    pub(super) fn responds(&self) -> bool {
        self.preflight != Preflight::PassOn
    }

    pub(super) fn allow(&self, parts: &Parts) -> Option<HeaderValue> {
        self.origins.allow(parts)
    }

    /// Returns the headers of the response to a preflight, except `Vary`.
    pub(super) fn preflight(&self, parts: &Parts) -> HeaderMap {
        let mut headers = match self.allow(parts) {
            Some(origin) if self.admits(&parts.headers) => {
                tower_http_headers(self.tower_http.clone(), self.copy_of_preflight(origin, &parts.headers))
            }
            _ => HeaderMap::new(),
        };
        if let Some(value) = &self.cache_control {
            headers.insert(header::CACHE_CONTROL, value.clone());
        }
        headers
    }

    /// Returns a request for tower-http that contains only checked values.
    fn copy_of_preflight(&self, origin: HeaderValue, headers: &HeaderMap) -> Request<()> {
        let mut copy = Request::new(());
        *copy.method_mut() = Method::OPTIONS;
        copy.headers_mut().insert(header::ORIGIN, origin);
        if let Some(wish) = headers.get(REQUEST_PRIVATE_NETWORK) {
            copy.headers_mut().insert(REQUEST_PRIVATE_NETWORK, wish.clone());
        }
        let wished = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(wished) = wished.filter(|wished| self.mirror_headers && is_list_of_names(wished)) {
            copy.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_HEADERS, wished.clone());
        }
        copy
    }

    /// Returns `true` if `request_methods` and `request_headers` allow this preflight.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let method_fits = self.request_methods.is_empty()
            || method.is_none_or(|wished| {
                self.request_methods.iter().any(|known| known.as_str().as_bytes() == wished.as_bytes())
            });
        method_fits
            && (self.request_headers.is_empty()
                || headers
                    .get_all(header::ACCESS_CONTROL_REQUEST_HEADERS)
                    .iter()
                    .all(|wished| self.admits_headers(wished)))
    }

    fn admits_headers(&self, wished: &HeaderValue) -> bool {
        let known = |name: &str| {
            SAFELISTED.iter().any(|safe| safe.eq_ignore_ascii_case(name))
                || self.request_headers.iter().any(|known| known.as_str().eq_ignore_ascii_case(name))
        };
        wished.to_str().is_ok_and(|names| names.split(',').map(str::trim).all(|name| name.is_empty() || known(name)))
    }

    /// Adds the headers of a response to an actual request.
    pub(super) fn complete_actual(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if let Some(origin) = origin {
            // A handler that sets the origin decides about credentials itself.
            let own_origin = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            add(headers, &header::ACCESS_CONTROL_ALLOW_ORIGIN, &origin);
            for (name, value) in &self.actual {
                if !(own_origin && name == header::ACCESS_CONTROL_ALLOW_CREDENTIALS) {
                    add(headers, name, value);
                }
            }
        }
        if let Some(vary) = &self.vary {
            vary.add_to(headers);
        }
    }

    /// Adds the headers of a response to a preflight.
    pub(super) fn complete_preflight(&self, own: &HeaderMap, headers: &mut HeaderMap) {
        let own_origin = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        for (name, value) in own {
            if !(own_origin && name == header::ACCESS_CONTROL_ALLOW_CREDENTIALS) {
                add(headers, name, value);
            }
        }
        if let Some(vary) = &self.preflight_vary {
            vary.add_to(headers);
        }
    }
}

/// Adds a header unless the handler has set it.
fn add(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    if !headers.contains_key(name) {
        headers.insert(name, value.clone());
    }
}

fn is_list_of_names(wished: &HeaderValue) -> bool {
    let is_name = |name: &[u8]| HeaderName::from_bytes(name.trim_ascii()).is_ok();
    wished.len() <= MAX_MIRRORED && wished.as_bytes().split(|byte| *byte == b',').all(is_name)
}

/// The names for `Vary`, and their joined value.
#[derive(Debug)]
struct Vary {
    names: Vec<Box<str>>,
    line: HeaderValue,
}

impl Vary {
    fn new(names: &[&str]) -> Option<Self> {
        let line = HeaderValue::from_str(&names.join(", ")).ok().filter(|line| !line.is_empty())?;
        Some(Self { names: names.iter().map(|name| (*name).into()).collect(), line })
    }

    /// Adds the names in one line, without duplicates: an ALB without multi-value headers keeps only one line of each
    /// header.
    fn add_to(&self, headers: &mut HeaderMap) {
        let mut there: Vec<&str> = Vec::new();
        for line in headers.get_all(header::VARY) {
            let Ok(line) = line.to_str() else {
                // A value that is not text cannot be merged.
                headers.append(header::VARY, self.line.clone());
                return;
            };
            there.extend(line.split(',').map(str::trim).filter(|name| !name.is_empty()));
        }
        if there.contains(&"*") {
            return;
        }
        if there.is_empty() {
            headers.insert(header::VARY, self.line.clone());
            return;
        }
        let kept = there.len();
        for name in &self.names {
            if !there[..kept].iter().any(|known| known.eq_ignore_ascii_case(name)) {
                there.push(name);
            }
        }
        if let Ok(line) = HeaderValue::from_str(&there.join(", ")) {
            headers.insert(header::VARY, line);
        }
    }
}

/// Returns tower-http's headers for this request.
fn tower_http_headers(mut cors: tower_http::cors::Cors<Blank>, request: Request<()>) -> HeaderMap {
    // It is only pending for an asynchronous predicate, and there is none.
    match cors.call(request).now_or_never() {
        Some(Ok(response)) => response.into_parts().0.headers,
        None => HeaderMap::new(),
    }
}

/// The service inside tower-http's: an immediate empty response.
#[derive(Clone, Copy, Debug)]
struct Blank;

impl Service<Request<()>> for Blank {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}
