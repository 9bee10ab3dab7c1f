//! The base path of a custom domain, which the routes of a function do not have.
//!
//! A custom domain can map a base path to an API: `https://api.example.com/v1/users` is then the route `/users`, but
//! API Gateway sends `/v1/users` as the path. [`Stack::base_path`](crate::http::Stack::base_path) sets what is removed:
//!
//! - [`BasePath::Auto`], the default, removes the beginning of the path that the route in the event does not have: for a
//!   REST API, and for an HTTP API with routes other than `$default`. It also removes the stage that an HTTP API puts
//!   before the path. A parameter such as `{id}` or `{proxy+}` stands for its value in `pathParameters`, so that the
//!   path is changed only if all of it is explained.
//! - [`BasePath::Strip`] also removes base paths that you list: for a function with a router behind an HTTP API's
//!   `$default` route, a load balancer or CloudFront, whose events do not name the route.
//! - [`BasePath::Keep`] keeps the path of the event, for a router whose routes include the base path.
//!
//! Only whole segments at the beginning of a path are removed: a request to the API's own domain is not changed, and the
//! path `/v1` becomes `/`. The query is never changed. What has been removed is in
//! [`RequestContext::base_path`](crate::http::RequestContext::base_path).
//!
//! # Example
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use pilaster::http;
//!
//! let app = Router::new().route("/users", get(async || "ada"));
//! let function = pilaster::http::service(app).layer(http::Stack::new().base_path("v1"));
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = pilaster::testing::Caller::new(function);
//! for path in ["/v1/users", "/users"] {
//!     assert_eq!(caller.send(pilaster::testing::http::get(path)).await?.text(), "ada");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use http::{Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::{Layer, Service};

use crate::http::extract::context::EventParts;

/// The characters to escape in a path whose existing escapes are kept: `%` is not one of them.
pub(crate) const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#').add(b'?').add(b'{').add(b'}');

/// The part of the path in an event that a request's path does not have. See the [module docs](self).
///
/// A text or a list of texts is [`Strip`](Self::Strip):
///
/// ```
/// use pilaster::http::{BasePath, Stack};
///
/// let one = Stack::new().base_path("v1");
/// let several = Stack::new().base_path(["v1", "v1/orders"]);
/// let only_v1 = Stack::new().base_path(BasePath::Keep).base_path("v1");
/// # let _ = (one, several, only_v1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BasePath {
    /// The stage and the base path that the event shows.
    #[default]
    Auto,
    /// Each of these base paths, such as `v1` or `v1/orders`, after what [`Auto`](Self::Auto) or [`Keep`](Self::Keep)
    /// has left; of several matches, the longest. Slashes around a base path are ignored. Characters that a path must
    /// escape (a space, `ü`) are escaped; a `%` starts an existing escape.
    Strip(Vec<String>),
    /// Nothing: the path is that of the event, with the stage of an HTTP API.
    Keep,
}

impl From<&str> for BasePath {
    fn from(base_path: &str) -> Self {
        Self::Strip(vec![base_path.to_owned()])
    }
}

impl From<String> for BasePath {
    fn from(base_path: String) -> Self {
        Self::Strip(vec![base_path])
    }
}

impl From<&String> for BasePath {
    fn from(base_path: &String) -> Self {
        Self::from(base_path.as_str())
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for BasePath {
    fn from(base_paths: [T; N]) -> Self {
        Self::Strip(base_paths.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<String>> From<Vec<T>> for BasePath {
    fn from(base_paths: Vec<T>) -> Self {
        Self::Strip(base_paths.into_iter().map(Into::into).collect())
    }
}

/// Layer that applies [`BasePathService`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct BasePathLayer {
    keeps: bool,
    bases: Option<Arc<[String]>>,
}

impl BasePathLayer {
    /// Creates the layer of a base path such as `v1`, of several, or of [`BasePath::Keep`].
    pub fn new(base_path: impl Into<BasePath>) -> Self {
        Self::default().and(base_path)
    }

    /// Removes this base path as well. [`BasePath::Auto`] and [`BasePath::Keep`] replace each other.
    pub fn and(mut self, base_path: impl Into<BasePath>) -> Self {
        match base_path.into() {
            BasePath::Auto => self.keeps = false,
            BasePath::Keep => self.keeps = true,
            BasePath::Strip(bases) => bases.iter().for_each(|base| self.strip(base)),
        }
        self
    }

    fn strip(&mut self, base_path: &str) {
        let base = base_path.trim_matches('/');
        if base.is_empty() {
            return;
        }
        let mut bases = self.bases.take().map_or_else(Vec::new, |bases| bases.to_vec());
        let base = format!("/{}", utf8_percent_encode(base, PATH));
        let (upper, lower) = (with_escapes(&base, char::to_uppercase), with_escapes(&base, char::to_lowercase));
        if lower != upper {
            bases.push(lower);
        }
        bases.push(upper);
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        self.bases = Some(bases.into());
    }
}

impl<S> Layer<S> for BasePathLayer {
    type Service = BasePathService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BasePathService { inner, keeps: self.keeps, bases: self.bases.clone() }
    }
}

/// Service that removes base paths from request paths. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct BasePathService<S> {
    inner: S,
    keeps: bool,
    bases: Option<Arc<[String]>>,
}

impl<S, B> Service<Request<B>> for BasePathService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.keeps {
            keep(&mut request);
        }
        if let Some(bases) = &self.bases {
            strip(&mut request, bases);
        }
        self.inner.call(request)
    }
}

/// Sets the path in the event as the path of the request.
fn keep<B>(request: &mut Request<B>) {
    let Some(parts) = request.extensions_mut().get_mut::<EventParts>() else { return };
    let Some(whole) = parts.path.whole.take() else { return };
    parts.path.base.clear();
    let target = match request.uri().query() {
        Some(query) => format!("{whole}?{query}"),
        None => whole,
    };
    if let Some(uri) = PathAndQuery::try_from(target).ok().and_then(|target| with_target(request.uri(), target)) {
        *request.uri_mut() = uri;
    }
}

/// Removes the longest base path that matches.
fn strip<B>(request: &mut Request<B>, bases: &[String]) {
    let Some((base, uri)) = without_base(request.uri(), bases) else { return };
    *request.uri_mut() = uri;
    if let Some(parts) = request.extensions_mut().get_mut::<EventParts>() {
        parts.path.base.push_str(base);
    }
}

/// Returns the path with upper-case escapes; clients send either case.
fn with_escapes<I: Iterator<Item = char>>(path: &str, case: fn(char) -> I) -> String {
    let mut left = 0_u8;
    let mut cased = String::with_capacity(path.len());
    for c in path.chars() {
        if left > 0 {
            cased.extend(case(c));
        } else {
            cased.push(c);
        }
        left = if c == '%' { 2 } else { left.saturating_sub(1) };
    }
    cased
}

/// Returns the first base path that matches, and the URI without it.
fn without_base<'b>(uri: &Uri, bases: &'b [String]) -> Option<(&'b str, Uri)> {
    let target = uri.path_and_query()?.as_str();
    let (base, rest) = bases.iter().find_map(|base| {
        let rest = target.strip_prefix(base.as_str())?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((base.as_str(), rest))
    })?;
    let rest = if rest.starts_with('/') { PathAndQuery::try_from(rest) } else { format!("/{rest}").try_into() };
    Some((base, with_target(uri, rest.ok()?)?))
}

fn with_target(uri: &Uri, target: PathAndQuery) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).ok()
}
