//! Idempotent HTTP requests: by the `Idempotency-Key` header, or by any part of the request.
//!
//! [`IdempotencyLayer`] goes into [`http::Stack::idempotency`](crate::http::Stack::idempotency), which puts it right around the
//! function: below CORS and the error layer, so that a replayed answer has *this* caller's headers, and below your own layers, so
//! that who may not call gets no answer either. Only `POST` and `PATCH` are looked at unless
//! [`methods`](IdempotencyLayer::methods) says otherwise: the other methods are idempotent by definition.
//!
//! **The header.** Without [`Idempotency::key`](super::Idempotency::key) the key is what the header carries
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)),
//! together with the method, the path and the caller. The body and the query belong to it: the same key with another body is a 422.
//! A key in use is a 409 with `Retry-After`; a required one that is missing, and one of more than 255 characters, a 400.
//!
//! **Any part.** [`Idempotency::key`](super::Idempotency::key) selects from the request in the form of the event:
//! `{"httpMethod", "path", "headers" (lower case), "queryStringParameters", "pathParameters", "requestContext", "body",
//! "isBase64Encoded"}`, so `powertools_json(body).order_id` makes the key that it makes in Python. The caller is not part of such a
//! key, so an order that two callers send has its effect once; the caller for whom the answer was recorded has it replayed, any
//! other gets a 422. (A record of Powertools names no caller and is replayed for all.)
//!
//! # The caller
//!
//! An answer is replayed for the caller that it was made for, and for no other:
//!
//! 1. [`IdempotencyLayer::caller`] says who calls, if it is set and returns `Some`.
//! 2. Else it is who the platform has authenticated: the subject of a JWT or Cognito authorizer's token, the IAM or Cognito identity,
//!    the principal of VPC Lattice.
//! 3. Else the caller is known by what the request proves itself with: its `Authorization`, `Cookie` and `x-api-key` headers, the
//!    whole context of a Lambda authorizer, the client certificate. So a layer, a router's middleware or an extractor below may check a
//!    token: a request without it, or with another one, has another key and reaches that check. A request without any of these has a key,
//!    too, which all such requests share.
//!
//! In the third case a caller whose token or cookies were renewed between two attempts is a new caller: an `Idempotency-Key` runs
//! again, and an expression's key is a 422. Where that happens, and where credentials travel in a header of another name, name what
//! stays the same:
//!
//! ```
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//!
//! #[derive(Clone)]
//! struct User(String); // what a layer above has put into the request's extensions
//!
//! let once = IdempotencyLayer::new(Idempotency::new(MemoryStore::new()))
//!     .caller(|parts| parts.extensions.get::<User>().map(|user| user.0.clone()));
//! # let _ = once;
//! ```
//!
//! One that returns `Some` of the same text for each request makes answers common to all callers.
//!
//! # The answer
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
use http::{HeaderName, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tower::Service;

use super::engine::{Begun, Call, Idempotency, Running, caller_hash};
use super::error::IdempotencyError;
use super::layer::{IdempotencyLayer, Idempotent, taken};
use crate::error::BoxError;
use crate::event::{Invocation, PAYLOAD_LIMIT};
use crate::http::HttpError;

/// A key of more bytes is refused.
const LONGEST_KEY: usize = 255;
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

    /// The header that a page has to send, unless the key is another part of the request.
    #[cfg_attr(not(feature = "cors"), allow(dead_code))]
    pub(crate) fn key_header(&self) -> Option<&HeaderName> {
        (!self.idempotency.has_key()).then_some(&self.http.header)
    }

    /// The methods of HTTP requests that are made idempotent: `POST` and `PATCH` unless set.
    pub fn methods(mut self, methods: impl Into<Arc<[Method]>>) -> Self {
        self.http.methods = methods.into();
        self
    }

    /// Returns the caller of an HTTP request: two callers may use the same key, and no caller gets another's answer. Choose what
    /// stays the same when a request is sent again: not a token that is renewed.
    ///
    /// Unless set, and where it returns `None`, the caller is the one that the platform has authenticated, else the request's
    /// credentials. See [the caller](super::http#the-caller).
    pub fn caller(mut self, caller: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.http.caller = Some(Arc::new(caller));
        self
    }
}

impl HttpKey {
    /// The key by the header, `null` where there is none.
    fn select(&self, parts: &Parts) -> Result<Value, IdempotencyError> {
        // A list of several would be one key here and another there.
        let mut lines = parts.headers.get_all(&self.header).iter();
        let Some(sent) = lines.next() else { return Ok(Value::Null) };
        if lines.next().is_some() {
            return Err(IdempotencyError::bad_key(format!("{} is there more than once", self.header)));
        }
        let key = sent.to_str().ok().map(str::trim).filter(|key| key.len() <= LONGEST_KEY);
        let key = key.ok_or_else(|| {
            IdempotencyError::bad_key(format!("{} is no ASCII text of at most {LONGEST_KEY} characters", self.header))
        })?;
        // A string of RFC 9651 is in quotes; many clients leave them out.
        let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
        if key.is_empty() {
            return Ok(Value::Null);
        }
        Ok(json!([parts.method.as_str(), parts.uri.path(), self.caller(parts), key]))
    }

    /// Who is calling, or what is known of it.
    fn caller(&self, parts: &Parts) -> Value {
        let named = self.caller.as_ref().and_then(|caller| caller(parts));
        named.map_or_else(|| document::caller(parts), Value::from)
    }
}

impl<S> Idempotent<S> {
    fn is_concerned(&self, method: &Method) -> bool {
        self.http.methods.contains(method)
    }
}

/// The key and the payload of a request, and its caller where the key does not name the caller.
fn known_by(idempotency: &Idempotency, key: &HttpKey, parts: &Parts, body: &Bytes) -> Result<Call, IdempotencyError> {
    let deadline = parts.extensions.get::<Invocation>().and_then(Invocation::deadline);
    if idempotency.has_key() {
        let document = document::of(parts, body)?;
        let (selected, payload) = (idempotency.key_of(&document)?, idempotency.payload_of(&document)?);
        let caller = Some(caller_hash(key.caller(parts))?);
        return Ok(Call { key: selected, payload, caller, deadline, ..Call::default() });
    }
    let selected = key.select(parts)?.into();
    let payload = match idempotency.has_payload() {
        true => idempotency.payload_of(&document::of(parts, body)?)?,
        false => Some(json!([parts.uri.query(), document::text(body)]).into()),
    };
    Ok(Call { key: selected, payload, deadline, ..Call::default() })
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
            let call = match idempotency.is_off() {
                Ok(true) => Ok(Call::default()),
                Ok(false) => known_by(&idempotency, &key, &parts, &body),
                Err(error) => Err(error),
            };
            let (caller, begun) = match call {
                Ok(call) => (call.caller.clone(), idempotency.begin_with(call).await),
                Err(error) => (None, Err(error)),
            };
            let request = Request::from_parts(parts, Body::from(body));
            let refusing = Refusing { header: (!idempotency.has_key()).then_some(key.header) };
            let running = match begun {
                Ok(Begun::Run(running)) => running,
                Ok(Begun::Unkeyed) => return Ok(inner.call(request).await?.map(Body::new)),
                Ok(Begun::Replay(recorded)) => {
                    let replayed = answer::replayed(&recorded);
                    return Ok(
                        replayed.unwrap_or_else(|error| refusing.answer(IdempotencyError::answer("replayed", error)))
                    );
                }
                Err(error) => return Ok(refusing.answer(error)),
            };
            let (running, answered) = running.watch(async move { inner.call(request).await }).await;
            match answered {
                Ok(response) => Ok(record(running, response, caller.as_deref(), &refusing).await),
                Err(error) => {
                    running.release().await;
                    Err(error)
                }
            }
        })
    }
}

/// Records the answer of the first request, if it is one to be repeated.
async fn record<B>(running: Running, response: Response<B>, caller: Option<&str>, refusing: &Refusing) -> Response
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
    match answer::recorded(&parts, &body, caller) {
        Ok(recorded) => {
            if let Err(error) = running.complete(&recorded).await {
                return refusing.answer(error);
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

/// How a request is answered that did not run.
struct Refusing {
    /// The header of the key, if that is where the key is.
    header: Option<HeaderName>,
}

impl Refusing {
    /// As the draft asks.
    fn answer(&self, error: IdempotencyError) -> Response {
        if let Some(header) = self.header.as_ref().filter(|_| error.is_key_error()) {
            let detail = match error.is_missing_key() {
                true => format!("the `{header}` header is required"),
                false => format!(
                    "the `{header}` header must be sent once, as ASCII text of at most {LONGEST_KEY} characters"
                ),
            };
            return HttpError::bad_request(detail).with_source(error).into_response();
        }
        HttpError::from(error).into_response()
    }
}

#[cfg(test)]
mod tests;
