//! Layer that refuses the requests of a caller that has used its quota, with a 429.
//!
//! It goes into [`http::Stack::rate_limit`](crate::http::Stack::rate_limit), or around one route with
//! `axum::Router::route_layer`. It is inside CORS, the error layer and the deadline, so a 429 has the same headers as any
//! other response, and a preflight counts as no request. Several layers apply together: 10 per second and 5,000 per day,
//! for example, each with its own [name](RateLimit::name).
//!
//! # The caller
//!
//! By default callers are distinguished by their address, as AWS reports it in `requestContext`: an IPv4 address, or the
//! first 64 bits of an IPv6 address, since one client has all addresses of such a network. Set another key where you
//! know the caller better:
//!
//! - [`by_claim`](RateLimitLayer::by_claim): a claim that the API's authorizer has verified, such as `sub`;
//! - [`by_api_key`](RateLimitLayer::by_api_key): the API key that a REST API has verified;
//! - [`by_extractor`](RateLimitLayer::by_extractor): any extractor, such as the claims or a tenant of your own type;
//! - [`by_jmespath`](RateLimitLayer::by_jmespath): any part of the event.
//!
//! A request without such a key counts by its address.
//!
//! **`X-Forwarded-For` is never read:** callers write it. Behind CloudFront the address is that of an edge, so choose
//! another key. Events of a load balancer or of VPC Lattice have no address at all; all their requests without another
//! key share one quota, and a warning is logged.
//!
//! # The response
//!
//! A refused request gets a 429 with `Retry-After`, in whole seconds and at least 1, and the problem type
//! [`quota-exceeded`](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/), whose member
//! `violated-policies` has the name of the limit. With [`headers`](RateLimitLayer::headers) every response also has
//! `RateLimit-Policy: "caller";q=120;w=60` and `RateLimit: "caller";r=17;t=4`: `r` more requests may be sent at once,
//! and the burst is full again in `t` seconds. They are off by default, since the draft is not a standard yet.
//!
//! A request that is admitted has used a part of its quota, even if a layer inside this one, or the function, rejects
//! it. [`Decision`] is in the extensions of the request.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, RateLimitLayer};
//! use pilaster::rate_limit::{MemoryStore, Quota, RateLimit};
//! use pilaster::testing::{Caller, http as request};
//!
//! async fn hello(_: http::Method) -> &'static str {
//!     "hello"
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // On Lambda: `RateLimit::from_table_variable("LIMITS_TABLE", quota)`.
//! let limit = RateLimit::new(MemoryStore::new(), Quota::per_minute(60).burst(2));
//! let stack = http::Stack::new().rate_limit(RateLimitLayer::new(limit).headers());
//! let caller = Caller::new(pilaster::handler(hello).layer(stack));
//!
//! let response = caller.send(request::get("/")).await?;
//! assert_eq!(response.header("ratelimit"), Some("\"caller\";r=1;t=1"));
//! assert_eq!(caller.send(request::get("/")).await?.status(), 200);
//! let refused = caller.send(request::get("/")).await?;
//! assert_eq!(refused.status(), 429);
//! assert_eq!(refused.header("retry-after"), Some("1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fields;
mod key;

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
#[cfg(feature = "cors")]
use http::{HeaderName, header};
use http::{HeaderValue, Request};
use tower::{Layer, Service};

use self::key::{By, KeyOf};
use crate::core::error::BoxError;
use crate::core::expression::Expression;
use crate::core::layer_mistakes::reject;
use crate::http::HttpError;
use crate::rate_limit::{Decision, RateLimit};

/// The problem type of the draft.
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// Layer that applies [`RateLimitService`]. See the [module docs](self).
#[derive(Clone)]
#[must_use]
pub struct RateLimitLayer {
    limit: RateLimit,
    key: KeyOf,
    headers: bool,
    mistake: Option<Arc<str>>,
}

impl RateLimitLayer {
    /// Limits the requests of each address.
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, key: KeyOf::Address, headers: false, mistake: None }
    }

    /// Limits the requests with each value of a claim, such as `sub`, which the API's authorizer has verified: one of
    /// those that [`Claims`](crate::http::Claims) reads. A request without this claim counts by its address.
    pub fn by_claim(mut self, name: impl Into<Arc<str>>) -> Self {
        self.key = KeyOf::Claim(name.into());
        self
    }

    /// Limits the requests with each API key that a REST API or a WebSocket API has verified
    /// (`requestContext.identity.apiKeyId`); the header `x-api-key` alone is not a proof. A request without one counts by
    /// its address.
    pub fn by_api_key(mut self) -> Self {
        self.key = KeyOf::ApiKey;
        self
    }

    /// Limits the requests with each value that a JMESPath expression selects from the event:
    /// `{"httpMethod", "path", "headers" (lower case), "queryStringParameters", "pathParameters", "requestContext"}`.
    /// The body is not read. A request for which it selects nothing, or fails, counts by its address.
    ///
    /// Select what AWS has verified: a caller that chooses the value has as many quotas as it invents values. An
    /// expression that is malformed, longer than 4,096 bytes, or has more than 64 chained or nested steps is reported
    /// when the layer is applied.
    pub fn by_jmespath(mut self, jmespath: &str) -> Self {
        match Expression::parse(jmespath) {
            Ok(expression) => self.key = KeyOf::Selector(expression),
            Err(mistake) => self.mistake = Some(mistake.into()),
        }
        self
    }

    /// Limits the requests with each text that a function returns for the value of an extractor. If it returns `None`,
    /// the request counts by its address. The extractor's rejection is the response.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{Claims, RateLimitLayer};
    /// use pilaster::rate_limit::{MemoryStore, Quota, RateLimit};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct User {
    ///     #[serde(rename = "custom:tenant")]
    ///     tenant: String,
    /// }
    ///
    /// let limit = RateLimit::new(MemoryStore::new(), Quota::per_second(50)).name("tenant");
    /// let layer = RateLimitLayer::new(limit).by_extractor(|user: Option<Claims<User>>| user.map(|user| user.0.tenant));
    /// # let _ = layer;
    /// ```
    pub fn by_extractor<E, F, K>(mut self, key: F) -> Self
    where
        E: FromRequestParts<()> + Send + 'static,
        F: Fn(E) -> K + Send + Sync + 'static,
        K: Into<Option<String>> + Send + 'static,
    {
        self.key = KeyOf::Extractor(Arc::new(By::new(key)));
        self
    }

    /// Adds `RateLimit-Policy` and `RateLimit` to each response
    /// ([draft](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/)).
    pub fn headers(mut self) -> Self {
        self.headers = true;
        self
    }

    /// Returns the headers that a page of another origin needs to read.
    #[cfg(feature = "cors")]
    pub(crate) fn exposed(&self) -> Vec<HeaderName> {
        let mut exposed = vec![header::RETRY_AFTER];
        if self.headers {
            exposed.extend([fields::POLICY, fields::LIMIT]);
        }
        exposed
    }

    /// Returns the response to a refused request.
    fn refused(&self, decision: &Decision) -> Response {
        let error = HttpError::too_many_requests("the quota is used up; retry after the given time")
            .with_type(QUOTA_EXCEEDED)
            .with_title("Request cannot be satisfied as assigned quota has been exceeded")
            .with_member("violated-policies", vec![self.limit.policy()])
            .with_retry_after(seconds(decision.retry_after()).max(1));
        error.into_response()
    }
}

/// Returns whole seconds, rounded up.
fn seconds(time: Duration) -> u32 {
    let started = u64::from(time.subsec_nanos() > 0);
    u32::try_from(time.as_secs().saturating_add(started)).unwrap_or(u32::MAX)
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer").field("limit", &self.limit).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;

    /// # Panics
    ///
    /// If the limit or the expression is misconfigured and the layer is applied outside of a
    /// [`Function`](crate::Function). Within one, [`run`](crate::run) reports it as an error.
    fn layer(&self, inner: S) -> RateLimitService<S> {
        if let Some(mistake) = self.mistake.as_deref().or_else(|| self.limit.mistake()) {
            reject(format_args!("rate limit: {mistake}"));
        }
        RateLimitService { inner, layer: self.clone() }
    }
}

/// Service that refuses the requests of a caller that has used its quota. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct RateLimitService<S> {
    inner: S,
    layer: RateLimitLayer,
}

impl<S, B> Service<Request<Body>> for RateLimitService<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The polled service has reserved its slot; its clone has not.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let key = match layer.key.of(&mut parts).await {
                Ok(key) => key,
                Err(rejection) => return Ok(rejection),
            };
            let decision = match layer.limit.take(&key).await {
                Ok(decision) => decision,
                Err(error) => return Ok(HttpError::from(error).into_response()),
            };
            let mut response = if decision.is_allowed() {
                parts.extensions.insert(decision);
                inner.call(Request::from_parts(parts, body)).await?.map(Body::new)
            } else {
                layer.refused(&decision)
            };
            if layer.headers && decision.is_checked() {
                layer.add_fields(&decision, &mut response);
            }
            Ok(response)
        })
    }
}

impl RateLimitLayer {
    fn add_fields(&self, decision: &Decision, response: &mut Response) {
        let name = self.limit.policy();
        let fields = [
            (fields::POLICY, fields::policy(name, self.limit.quota())),
            (fields::LIMIT, fields::limit(name, decision.remaining(), seconds(decision.full_after()))),
        ];
        for (field, text) in fields {
            if let Ok(value) = HeaderValue::from_str(&text) {
                // An inner limit has written its own: a list may have several lines.
                response.headers_mut().append(field, value);
            }
        }
    }
}

#[cfg(test)]
#[cfg(all(feature = "cors", feature = "testing"))]
mod tests;
