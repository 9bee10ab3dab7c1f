//! Idempotent HTTP requests: by the `Idempotency-Key` header, or by any part of the request.
//!
//! [`IdempotencyLayer`] goes into [`http::Stack::idempotency`](crate::http::Stack::idempotency), which puts it right around the
//! function: below CORS and the error layer, so that a replayed answer has *this* caller's headers, and below your own layers, so
//! that who may not call gets no answer either. Only `POST` and `PATCH` are looked at unless
//! [`methods`](IdempotencyLayer::methods) says otherwise: the other methods are idempotent by definition.
//!
//! **The header.** Without [`Idempotency::key`](crate::idempotency::Idempotency::key) the key is what the header carries
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)),
//! together with the method, the path and the caller. The body and the query belong to it: the same key with another body is a 422.
//! A key in use is a 409 with `Retry-After`; a required one that is missing, and one of more than 255 characters, a 400. The key is a
//! string in quotes ([RFC 9651](https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3)) or the same without them; without them it has
//! neither a comma nor a quote. Two keys are a 400, also where a gateway has joined two header lines by a comma.
//!
//! **Any part.** [`Idempotency::key`](crate::idempotency::Idempotency::key) selects from the request in the form of the event:
//! `{"httpMethod", "path", "headers" (lower case), "queryStringParameters", "pathParameters", "requestContext", "body",
//! "isBase64Encoded"}`, so `powertools_json(body).order_id` makes the key that it makes in Python. The caller is not part of such a
//! key, so an order that two callers send has its effect once; the caller for whom the answer was recorded has it replayed, any
//! other gets a 422. (A record of Powertools names no caller and is replayed for all.) A body that is not UTF-8 is selected as its base64:
//! where such bodies come beside texts, select `[body, isBase64Encoded]`.
//!
//! # The caller
//!
//! An answer is replayed for the caller that it was made for, and for no other:
//!
//! 1. [`IdempotencyLayer::caller`] says who calls, if it is set and returns `Some`.
//! 2. Else it is the user whom the platform has authenticated: the subject of a JWT or Cognito authorizer's token, the Cognito identity.
//! 3. Else the caller is known by all that the request proves itself with: its cookies, each header that holds a credential
//!    (`Authorization`, `x-api-key`, `x-auth-token` and the like: those that no `Debug` prints, and those that a layer of yours has
//!    [marked](crate::http::HeaderValue::set_sensitive)), the whole context of a Lambda authorizer, the client certificate with its issuer, and
//!    the IAM principal, the principal of VPC Lattice or the client of an OAuth 2.0 client credentials token: each of these may call for
//!    many users. So a layer, a router's middleware or an extractor below may check a token: a request without it, or with another one,
//!    has another key and reaches that check. A request without any of these has a key, too, which all such requests share.
//!
//! In the third case a caller whose token or cookies were renewed between two attempts is a new caller: an `Idempotency-Key` runs
//! again, and an expression's key is a 422. What is another one in each attempt does not count: the `Authorization` of a signature that IAM
//! has verified or of a client credentials token, and the name of CloudFront's edge in the session that signs for its origin access
//! control. Of `DPoP`, `x-amzn-oidc-data` and the headers whose names end in `-signature` or `-otp` only their being there counts, so
//! a function that knows its callers by nothing but a signature names them by `caller`.
//!
//! The messages of a **WebSocket** have no headers: where no Lambda authorizer has named the caller, each connection is a caller of its own,
//! and a message that is sent again through a new connection is another caller's. An authorizer names callers by its principal and its
//! context, so one that returns the same for all makes all connections one caller.
//!
//! Where any of that is not right, name what stays the same:
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
//! **What is recorded** is the status, the headers and the body, in the form that API Gateway takes from any function. The whole body
//! is held in memory. A [`Negotiate`](crate::http) value is written in the media type of the first request before it is recorded: its
//! replay is the same answer, whatever the repeated request accepts.
//!
//! **An error is not recorded:** the lock is released, and the next request runs. An error is
//!
//! - what the function, an extractor or a layer below fails with: an `Err`, a rejection, an
//!   [`HttpError`] that was made into a response, a panic, also one of the body;
//! - a response of any kind with the status 401 or 403, since it says who may call and not what happened, with 408, 425 or 429, which ask
//!   for another attempt, or with a 5xx.
//!
//! Any other response is an answer, also one with another 4xx that the function returns as a status.
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
use std::panic::AssertUnwindSafe;
#[cfg(feature = "negotiation")]
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderName, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tower::Service;

use crate::core::deadline::contained;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::PAYLOAD_LIMIT;
use crate::http::HttpError;
#[cfg(feature = "negotiation")]
use crate::http::layers::negotiation::Writing;
use crate::idempotency::engine::{Begun, Call, Idempotency, Running, caller_hash};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::layer::{IdempotencyLayer, Idempotent, taken};

/// A key of more bytes is refused.
const LONGEST_KEY: usize = 255;
/// Answers with these are errors, beside each 5xx: they say who may call, or to come back later.
const ERRORS: [StatusCode; 5] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_EARLY,
    StatusCode::TOO_MANY_REQUESTS,
];
type Caller = dyn Fn(&Parts) -> Option<String> + Send + Sync;

/// Where the key of a request is.
#[derive(Clone)]
pub(crate) struct HttpKey {
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
    /// credentials. See [the caller](crate::http::layers::idempotency#the-caller).
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
        let key = sent.to_str().ok().map(str::trim).and_then(key_in).filter(|key| key.len() <= LONGEST_KEY);
        let key = key.ok_or_else(|| {
            let header = &self.header;
            IdempotencyError::bad_key(format!("{header} is not one ASCII text of at most {LONGEST_KEY} characters"))
        })?;
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

/// The key in a header: a string of RFC 9651, whose parameters mean nothing here, or the bare text that many clients send. `None` where it
/// is neither: a comma may have joined two keys.
fn key_in(sent: &str) -> Option<String> {
    let Some(quoted) = sent.strip_prefix('"') else {
        return (!sent.contains(['"', ','])).then(|| sent.to_owned());
    };
    let mut key = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => key.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    let after = rest.as_str().trim_start();
    (after.is_empty() || after.starts_with(';') && !after.contains(',')).then_some(key)
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
        false => Some(document::payload(parts.uri.query(), body).into()),
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
            #[cfg(feature = "negotiation")]
            let writing = parts.extensions.get::<Writing>().cloned();
            let request = Request::from_parts(parts, Body::from(body));
            let refusing = Refusing { header: (!idempotency.has_key()).then_some(key.header) };
            let running = match begun {
                Ok(Begun::Run(running)) => running,
                Ok(Begun::Unkeyed) => return Ok(inner.call(request).await?.map(Body::new)),
                Ok(Begun::Replay(recorded)) => {
                    let replayed = answer::replayed(&recorded);
                    let replayed =
                        replayed.unwrap_or_else(|error| refusing.answer(IdempotencyError::answer("replayed", error)));
                    #[cfg(feature = "negotiation")]
                    let replayed = Writing::done(replayed);
                    return Ok(replayed);
                }
                Err(error) => return Ok(refusing.answer(error)),
            };
            let (running, answered) = running.watch(async move { inner.call(request).await }).await;
            match answered {
                Ok(response) => {
                    let response = response.map(Body::new);
                    #[cfg(feature = "negotiation")]
                    let response = written(response, writing);
                    Ok(record(running, response, caller.as_deref(), &refusing).await)
                }
                Err(error) => {
                    running.release().await;
                    Err(error)
                }
            }
        })
    }
}

/// Writes a value in the media type that was chosen above, so that the answer is recorded as it is given.
#[cfg(feature = "negotiation")]
fn written(response: Response, writing: Option<Writing>) -> Response {
    let Some(writing) = writing else { return response };
    let written = catch_unwind(AssertUnwindSafe(|| writing.write(response)));
    written.unwrap_or_else(|_| HttpError::panic().into_response())
}

/// Records the answer of the first request, if it is one to be repeated.
async fn record(running: Running, response: Response, caller: Option<&str>, refusing: &Refusing) -> Response {
    if !is_repeatable(&response) {
        running.release().await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
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

/// The whole of a body. A panic of it is an error, and what it drops at the end may panic and does not take the answer with it.
async fn read(mut body: Body) -> Result<Bytes, HttpError> {
    let collected = AssertUnwindSafe((&mut body).collect()).catch_unwind().await;
    contained(|| drop(body));
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => Err(HttpError::from_boxed(error.into())),
        // The panic hook has logged it.
        Err(_) => Err(HttpError::panic()),
    }
}

/// An error is not: the function failed, refused the caller, or asked to come back later.
fn is_repeatable<B>(response: &Response<B>) -> bool {
    let status = response.status();
    let failed = response.extensions().get::<HttpError>().is_some();
    !failed && !status.is_server_error() && !status.is_informational() && !ERRORS.contains(&status)
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
                    "the `{header}` header must be sent once, as ASCII text of at most {LONGEST_KEY} characters, in quotes where it \
                     has a comma or a quote"
                ),
            };
            return HttpError::bad_request(detail).with_source(error).into_response();
        }
        HttpError::from(error).into_response()
    }
}

#[cfg(test)]
mod tests;
