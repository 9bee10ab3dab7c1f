//! `Cache-Control` by route and status.
//!
//! The layer sets the header where the function has not: a response with `Cache-Control` or `Expires` is not changed.
//!
//! | the response | its `Cache-Control` |
//! |---|---|
//! | 2xx or 304 to `GET` or `HEAD` | that of the first [`route`](CacheControlLayer::route) that matches, or of [`new`](CacheControlLayer::new) |
//! | a status with its own rule, to `GET` or `HEAD` | that of [`status`](CacheControlLayer::status); a 304 is sent with that of a 200 |
//! | any other 4xx and 5xx, to any method | `no-store` |
//! | a redirect, and a success of another method | none |
//!
//! A shared cache, such as CloudFront, must not give the response of one caller to another. So a response with
//! `Set-Cookie`, and one to a request with `Authorization`, `Cookie` or verified claims (of an authorizer or of IAM), is
//! `private`: the layer removes `public` and `s-maxage` from its value. [`public_with_credentials`] changes that.
//!
//! In a [`Stack`](crate::http::Stack) the layer is outside of conditional requests and errors, so that a 304 and an
//! error that the stack renders have the header too. It can also be the layer of one route of an `axum::Router`.
//!
//! Directives: [RFC 9111, 5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2),
//! [RFC 5861](https://www.rfc-editor.org/rfc/rfc5861) (`stale-while-revalidate`, `stale-if-error`) and
//! [RFC 8246](https://www.rfc-editor.org/rfc/rfc8246) (`immutable`).
//!
//! # Example
//!
//! ```
//! use pilaster::http::{CacheControlLayer, Method, Stack};
//!
//! async fn list(_: Method) -> &'static str {
//!     "[]"
//! }
//!
//! let caching = CacheControlLayer::new("no-store")
//!     .route("/articles/{id}", "public, max-age=60, stale-while-revalidate=300")
//!     .route("/assets/{path+}", "public, max-age=31536000, immutable")
//!     .status(404, "public, max-age=10");
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # use pilaster::testing::{Caller, http::get};
//! let caller = Caller::new(pilaster::handler(list).layer(Stack::new().cache_control(caching)));
//! let response = caller.send(get("/articles/7")).await?;
//! assert_eq!(response.header("cache-control"), Some("public, max-age=60, stale-while-revalidate=300"));
//! let response = caller.send(get("/articles/7").header("cookie", "session=1")).await?;
//! assert_eq!(response.header("cache-control"), Some("max-age=60, stale-while-revalidate=300, private"));
//! let response = caller.send(get("/drafts")).await?;
//! assert_eq!(response.header("cache-control"), Some("no-store"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`public_with_credentials`]: CacheControlLayer::public_with_credentials

mod directives;
mod error;
mod route;
#[cfg(test)]
mod tests;
mod value;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

pub use self::error::CacheControlError;
use self::route::Route;
use self::value::Value;
use crate::core::layer_mistakes::reject;
use crate::http::extract::claims;

/// Layer that applies [`CacheControl`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct CacheControlLayer {
    rules: Arc<Rules>,
    error: Option<CacheControlError>,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    default: Value,
    routes: Vec<(Route, Value)>,
    statuses: Vec<(StatusCode, Value)>,
    public_with_credentials: bool,
}

impl CacheControlLayer {
    /// Creates a layer with the value of successful responses to `GET` and `HEAD`, such as `private, max-age=60` or
    /// `no-store`. Times are in seconds.
    pub fn new(value: &str) -> Self {
        let mut layer = Self { rules: Arc::default(), error: None };
        let default = layer.value(value);
        layer.rules = Arc::new(Rules { default, ..Rules::default() });
        layer
    }

    /// Sets the value for the requests of a route, such as `/users/{id}` or `/assets/{path+}`: `{id}` matches one
    /// segment of the path, `{path+}` all the rest, at least one. It is the path without the
    /// [base path](crate::http::base_path), compared as the client has escaped it, and a slash at its end is ignored.
    /// The first route that matches wins.
    pub fn route(mut self, route: &str, value: &str) -> Self {
        let value = self.value(value);
        match Route::parse(route) {
            Ok(route) => Arc::make_mut(&mut self.rules).routes.push((route, value)),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
        self
    }

    /// Sets the value for the responses to `GET` and `HEAD` with this status, of any route: an error or a redirect that
    /// may be stored. The last one for a status counts.
    pub fn status(mut self, status: u16, value: &str) -> Self {
        let value = self.value(value);
        match StatusCode::from_u16(status) {
            Ok(status) if status.as_u16() >= 200 => {
                Arc::make_mut(&mut self.rules).statuses.insert(0, (status, value));
            }
            _ => {
                let mistake = || format!("`.status({status}, ..)` takes a status from 200 to 599");
                self.error.get_or_insert_with(|| CacheControlError::new(mistake()));
            }
        }
        self
    }

    /// Sets whether the values are also sent unchanged with `Set-Cookie`, and to requests with credentials: for
    /// responses that are the same for every caller.
    pub fn public_with_credentials(mut self, unchanged: bool) -> Self {
        Arc::make_mut(&mut self.rules).public_with_credentials = unchanged;
        self
    }

    /// Checks the values, routes and statuses.
    ///
    /// # Errors
    ///
    /// The first mistake: a directive that caches do not know, directives that contradict each other, an invalid route
    /// or status.
    pub fn check(&self) -> Result<(), CacheControlError> {
        self.error.clone().map_or(Ok(()), Err)
    }

    fn value(&mut self, value: &str) -> Value {
        Value::parse(value).unwrap_or_else(|error| {
            self.error.get_or_insert(error);
            Value::default()
        })
    }
}

impl<S> Layer<S> for CacheControlLayer {
    type Service = CacheControl<S>;

    /// # Panics
    ///
    /// If the configuration fails [`CacheControlLayer::check`] and the layer is applied outside of a
    /// [`Function`](crate::Function).
    fn layer(&self, inner: S) -> CacheControl<S> {
        if let Err(error) = self.check() {
            reject(error);
        }
        CacheControl { inner, rules: Arc::clone(&self.rules) }
    }
}

/// Service that sets `Cache-Control`. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct CacheControl<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S, R, B> Service<Request<R>> for CacheControl<S>
where
    S: Service<Request<R>, Response = Response<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let reads = reads.then(|| {
            let route = self.rules.routes.iter().position(|(route, _)| route.matches(request.uri().path()));
            Read { route, has_credentials: self.rules.depends_on_caller(route) && has_credentials(&request) }
        });
        ResponseFuture { future: self.inner.call(request), reads, rules: Arc::clone(&self.rules) }
    }
}

/// Returns whether the response to a request may be for its caller alone.
fn has_credentials<R>(request: &Request<R>) -> bool {
    let headers = request.headers();
    headers.contains_key(header::AUTHORIZATION)
        || headers.contains_key(header::COOKIE)
        || claims::is_authenticated(request.extensions())
}

/// A request whose response may be stored.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// The index of the route that it matches.
    route: Option<usize>,
    has_credentials: bool,
}

impl Rules {
    /// Returns `true` if a value of a route is another one for a request with credentials: else its claims are not read.
    fn depends_on_caller(&self, route: Option<usize>) -> bool {
        let statuses = self.statuses.iter().map(|(_, value)| value);
        !self.public_with_credentials && statuses.chain([self.of_route(route)]).any(Value::depends_on_caller)
    }

    fn of_route(&self, route: Option<usize>) -> &Value {
        route.and_then(|at| self.routes.get(at)).map_or(&self.default, |(_, value)| value)
    }

    fn complete(&self, status: StatusCode, headers: &mut HeaderMap, request: Option<Read>) {
        if headers.contains_key(header::CACHE_CONTROL) || headers.contains_key(header::EXPIRES) {
            return;
        }
        let value = request.and_then(|request| {
            let with_cookies = headers.contains_key(header::SET_COOKIE) && !self.public_with_credentials;
            self.value(status, request.route)?.header(request.has_credentials || with_cookies)
        });
        let is_error = status.is_client_error() || status.is_server_error();
        let no_store = || is_error.then(|| HeaderValue::from_static("no-store"));
        if let Some(value) = value.or_else(no_store) {
            headers.insert(header::CACHE_CONTROL, value);
        }
    }

    /// Returns the value for a response to `GET` or `HEAD`.
    fn value(&self, status: StatusCode, route: Option<usize>) -> Option<&Value> {
        let of = |status| self.statuses.iter().find(|(known, _)| *known == status).map(|(_, value)| value);
        // A 304 renews what the client has stored of a 200.
        let is_held = status == StatusCode::NOT_MODIFIED;
        of(status)
            .or_else(|| is_held.then(|| of(StatusCode::OK)).flatten())
            .or_else(|| (status.is_success() || is_held).then(|| self.of_route(route)))
    }
}

pin_project! {
    /// The response future of [`CacheControl`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        reads: Option<Read>,
        rules: Arc<Rules>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        let status = response.status();
        this.rules.complete(status, response.headers_mut(), *this.reads);
        Poll::Ready(Ok(response))
    }
}
