//! Idempotent HTTP requests: by the `Idempotency-Key` header, or by any part of the request.
//!
//! [`IdempotencyLayer`] goes into [`http::Stack::idempotency`](crate::http::Stack::idempotency), which puts it right around the
//! function: below CORS and the error layer, so that a replayed answer has *this* caller's headers, and below your own layers, so
//! that who may not call gets no answer either. Only `POST` and `PATCH` are looked at unless
//! [`methods`](IdempotencyLayer::methods) says otherwise: the other methods are idempotent by definition.
//!
//! **The header.** Without [`Idempotency::key`](super::Idempotency::key) the key is what the header carries
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)),
//! together with the method, the path and who is calling, so that nobody reads another's answer. The body and the query belong
//! to it: the same key with another body is a 422. A key in use is a 409 with `Retry-After`; a required one that is missing, and one of
//! more than 255 characters, a 400.
//!
//! **Any part.** [`Idempotency::key`](super::Idempotency::key) selects from the request in the form of the event:
//! `{"httpMethod", "path", "headers" (lower case), "queryStringParameters", "pathParameters", "requestContext", "body",
//! "isBase64Encoded"}`, so `powertools_json(body).order_id` makes the key that it makes in Python. Who is calling is then in the
//! key only if the expression names it.
//!
//! **What is recorded** is the status, the headers and the body, in the form that API Gateway takes from any function. An error, a 5xx,
//! 408, 425 and 429 are not: the next request runs. The whole body is held in memory.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, Json};
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//! use pilaster::testing::{Caller, http as request};
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! static CHARGES: AtomicU32 = AtomicU32::new(0);
//!
//! async fn pay(Json(_amount): Json<u32>) -> Json<u32> {
//!     Json(CHARGES.fetch_add(1, Ordering::Relaxed) + 1)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let once = IdempotencyLayer::new(Idempotency::new(MemoryStore::new()).require_key());
//! let caller = Caller::new(pilaster::handler(pay).layer(http::Stack::new().idempotency(once)));
//! let post = |key: &str, amount: u32| request::post("/payments").header("idempotency-key", key).json(amount);
//!
//! assert_eq!(caller.send(post("\"a\"", 100)).await?.text(), "1");
//! assert_eq!(caller.send(post("\"a\"", 100)).await?.text(), "1", "the recorded answer");
//! assert_eq!(caller.send(post("\"a\"", 999)).await?.status(), 422, "the key of another request");
//! assert_eq!(caller.send(post("\"b\"", 100)).await?.text(), "2");
//! assert_eq!(caller.send(request::post("/payments").json(100)).await?.status(), 400, "no key");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod document;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tower::Service;

use super::engine::{Begun, Idempotency, Running};
use super::error::IdempotencyError;
use super::layer::{IdempotencyLayer, Idempotent, taken};
use crate::error::BoxError;
use crate::event::{Invocation, PAYLOAD_LIMIT};
use crate::http::HttpError;

/// A key of more bytes is refused.
const LONGEST_KEY: usize = 255;
/// What a caller waits whose key is in use: seconds.
const RETRY_AFTER: u32 = 1;

type Caller = dyn Fn(&Parts) -> Option<String> + Send + Sync;

/// Where the key of a request is.
#[derive(Clone)]
pub(super) struct HttpKey {
    header: HeaderName,
    methods: Arc<[Method]>,
    caller: Option<Arc<Caller>>,
}

impl Default for HttpKey {
    fn default() -> Self {
        let header = HeaderName::from_static("idempotency-key");
        Self { header, methods: [Method::POST, Method::PATCH].into(), caller: None }
    }
}

impl fmt::Debug for HttpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpKey").field("header", &self.header).field("methods", &self.methods).finish_non_exhaustive()
    }
}

impl IdempotencyLayer {
    /// Another header of HTTP requests than `Idempotency-Key`.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.http.header = name;
        self
    }

    /// The methods of HTTP requests that are made idempotent: `POST` and `PATCH` unless set.
    pub fn methods(mut self, methods: impl Into<Arc<[Method]>>) -> Self {
        self.http.methods = methods.into();
        self
    }

    /// Who sends an HTTP request with an `Idempotency-Key`: two callers may use the same one. Unless set, it is who API Gateway's
    /// authorizer, IAM or API key says. Choose what stays the same when a request is sent again: not a token that is renewed.
    pub fn caller(mut self, caller: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.http.caller = Some(Arc::new(caller));
        self
    }
}

impl HttpKey {
    /// The key by the header, `null` where there is none.
    fn select(&self, parts: &Parts) -> Result<Value, IdempotencyError> {
        let Some(sent) = parts.headers.get(&self.header) else { return Ok(Value::Null) };
        let key = sent.to_str().ok().map(str::trim).filter(|key| key.len() <= LONGEST_KEY);
        let key = key.ok_or_else(|| {
            IdempotencyError::bad_key(format!("{} is no ASCII text of at most {LONGEST_KEY} characters", self.header))
        })?;
        // A string of RFC 9651 is in quotes; many clients leave them out.
        let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
        if key.is_empty() {
            return Ok(Value::Null);
        }
        let caller = match &self.caller {
            Some(caller) => caller(parts).into(),
            None => document::caller(parts),
        };
        Ok(json!([parts.method.as_str(), parts.uri.path(), caller, key]))
    }
}

impl<S> Idempotent<S> {
    fn is_concerned(&self, method: &Method) -> bool {
        self.http.methods.contains(method)
    }
}

async fn begin(
    idempotency: &Idempotency,
    key: &HttpKey,
    parts: &Parts,
    body: &Bytes,
) -> Result<Begun, IdempotencyError> {
    let deadline = parts.extensions.get::<Invocation>().and_then(Invocation::deadline);
    if idempotency.has_key() {
        return idempotency.begin(&document::of(parts, body)?, deadline).await;
    }
    let selected = key.select(parts)?;
    let payload = match idempotency.has_payload() {
        true => idempotency.payload_of(&document::of(parts, body)?)?,
        false => Some(json!([parts.uri.query(), document::text(body)])),
    };
    idempotency.begin_with(selected, payload, deadline).await
}

impl<S, B> Service<Request<Body>> for Idempotent<S>
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
        let concerned = self.is_concerned(request.method());
        let mut inner = taken(&mut self.inner);
        if !concerned {
            let answered = inner.call(request);
            return Box::pin(async move { Ok(answered.await?.map(Body::new)) });
        }
        let (idempotency, key) = (self.idempotency.clone(), self.http.clone());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // The door has the whole of it in memory; this is for a body that comes from elsewhere.
            let body = match Limited::new(body, PAYLOAD_LIMIT).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => {
                    let error = HttpError::bad_request("the body could not be read").with_source(error);
                    return Ok(error.into_response());
                }
            };
            let begun = begin(&idempotency, &key, &parts, &body).await;
            let request = Request::from_parts(parts, Body::from(body));
            let running = match begun {
                Ok(Begun::Run(running)) => running,
                Ok(Begun::Unkeyed) => return Ok(inner.call(request).await?.map(Body::new)),
                Ok(Begun::Replay(recorded)) => {
                    let replayed = answer::replayed(&recorded);
                    return Ok(
                        replayed.unwrap_or_else(|error| refused(IdempotencyError::answer("replayed", error), &key))
                    );
                }
                Err(error) => return Ok(refused(error, &key)),
            };
            let (running, answered) = running.watch(async move { inner.call(request).await }).await;
            match answered {
                Ok(response) => Ok(record(running, response, &key).await),
                Err(error) => {
                    running.release().await;
                    Err(error)
                }
            }
        })
    }
}

/// Records the answer of the first request, if it is one to be repeated.
async fn record<B>(running: Running, response: Response<B>, key: &HttpKey) -> Response
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if !is_repeatable(&response) {
        running.release().await;
        return response.map(Body::new);
    }
    let (parts, body) = response.into_parts();
    let body = match body.collect().await.map_err(|error| HttpError::from_boxed(error.into())) {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            running.release().await;
            return error.into_response();
        }
    };
    match answer::recorded(&parts, &body) {
        Ok(recorded) => {
            if let Err(error) = running.complete(&recorded).await {
                return refused(error, key);
            }
        }
        Err(error) => running.keep(&error),
    }
    Response::from_parts(parts, Body::from(body))
}

/// An error is not: the function failed, or asked to come back later.
fn is_repeatable<B>(response: &Response<B>) -> bool {
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    let status = response.status();
    let failed = response.extensions().get::<HttpError>().is_some();
    !failed && !status.is_server_error() && !status.is_informational() && !later.contains(&status)
}

/// The answer to a request that did not run, as the draft asks.
fn refused(error: IdempotencyError, key: &HttpKey) -> Response {
    let later = HeaderValue::from(RETRY_AFTER);
    let header = &key.header;
    let answer = if error.is_in_progress() {
        HttpError::conflict("a request with the same idempotency key is in progress")
            .with_header(header::RETRY_AFTER, later)
    } else if error.is_lost() {
        HttpError::conflict("the outcome of this request is being recorded by another; ask again")
            .with_header(header::RETRY_AFTER, later)
    } else if error.is_payload_mismatch() {
        HttpError::unprocessable("the idempotency key was used before with another payload")
    } else if error.is_key_error() {
        HttpError::bad_request(format!("send an idempotency key, such as the header `{header}: \"…\"`"))
    } else {
        return HttpError::internal(error).into_response();
    };
    answer.with_source(error).into_response()
}

#[cfg(test)]
mod tests;
