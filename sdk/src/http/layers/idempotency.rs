//! Idempotent HTTP requests: by the `Idempotency-Key` header, or by any part of the request.
//!
//! [`IdempotencyLayer`] goes into [`http::Stack::idempotency`](crate::http::Stack::idempotency), which puts it directly
//! around the function: inside CORS and the error layer, so that a replayed response has the headers for *the current*
//! caller, and inside your own layers, so that a caller they reject gets no replay. It applies to `POST` and `PATCH`
//! unless [`methods`](IdempotencyLayer::methods) is set: the other methods are idempotent by definition.
//!
//! **The header.** Without [`Idempotency::key`](crate::idempotency::Idempotency::key) the key is the value of the
//! header
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header)),
//! together with the method, the path and the caller. The query and the body are its payload: the same key with a
//! different body is a 422. A key in use is a 409 with `Retry-After`. A required key that is missing, and a key of more
//! than 255 characters, is a 400. The key is a quoted string
//! ([RFC 9651](https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3)), or the same text without quotes if it has
//! neither a comma nor a quote. Two keys are a 400, even if a gateway has joined two header lines with a comma.
//!
//! **Any part.** [`Idempotency::key`](crate::idempotency::Idempotency::key) selects from the request, in the format of
//! its event:
//! `{"httpMethod", "path", "headers" (lower case), "queryStringParameters", "pathParameters", "requestContext", "body", "isBase64Encoded"}`,
//! so `powertools_json(body).order_id` gives the same key as in Python. The caller is not part of such a key, so an
//! order that two callers send takes effect once. The response is replayed for the caller that it was recorded for; any
//! other caller gets a 422. (A record of Powertools has no caller and is replayed for all.) A body that is not UTF-8 is
//! selected as base64: if both occur, select `[body, isBase64Encoded]`.
//!
//! # The caller
//!
//! A response is replayed only for the caller that it was recorded for. The caller is:
//!
//! 1. The text that [`IdempotencyLayer::caller`] returns, if it is set and returns `Some`.
//! 2. Otherwise, the user that AWS has authenticated: the subject of a JWT or Cognito authorizer's token, or the
//!    Cognito identity.
//! 3. Otherwise, all credentials of the request: its cookies, each header with a credential (`Authorization`,
//!    `x-api-key`, `x-auth-token` and others that `Debug` does not print, and those that your own layer has
//!    [marked](crate::http::HeaderValue::set_sensitive)), the whole context of a Lambda authorizer, the client
//!    certificate with its issuer, and the IAM principal, the principal of VPC Lattice or the client of an OAuth 2.0
//!    client credentials token, each of which may act for many users. A layer, a router's middleware or an extractor
//!    inside this layer may therefore check a token: a request without it, or with another token, has another key and
//!    reaches that check. All requests without credentials are one caller.
//!
//! In the third case a caller whose token or cookies are renewed between two attempts counts as a new caller: a request
//! with an `Idempotency-Key` runs again, and one with an expression's key is a 422. Values that differ in each attempt
//! are ignored: the `Authorization` of a signature that IAM has verified or of a client credentials token, and the
//! session name of the CloudFront edge that signs for origin access control. Of `DPoP`, `x-amzn-oidc-data` and headers
//! whose names end in `-signature` or `-otp` only the presence counts, so set `caller` in a function that identifies
//! its callers by a signature alone.
//!
//! **WebSocket** messages have no headers: unless a Lambda authorizer has identified the caller, each connection is a
//! caller, and a message that is resent through a new connection counts as that of another caller. An authorizer
//! identifies callers by its principal and its context, so if it returns the same for all, all connections are one
//! caller.
//!
//! If these rules do not fit, return a stable text:
//!
//! ```
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//!
//! #[derive(Clone)]
//! struct User(String); // inserted into the request's extensions by an outer layer
//!
//! let idempotency = IdempotencyLayer::new(Idempotency::from_env(MemoryStore::new()))
//!     .caller(|parts| parts.extensions.get::<User>().map(|user| user.0.clone()));
//! # let _ = idempotency;
//! ```
//!
//! A `caller` that returns the same text for every request shares responses between all callers.
//!
//! # One effect
//!
//! The layer alone makes a request take effect **at least once**. If the function fails after its effect, nothing is
//! recorded, the lock is released, and the next request with the key runs again: the answer of a payment provider or of
//! a table was lost, or the process ended between the effect and the record. The effect itself must therefore be
//! idempotent, by an id that is the same in each attempt. [`IdempotencyKey`] hands the key to the function:
//!
//! - [`effect_id`](IdempotencyKey::effect_id) is the id of the item that the function writes, on condition that there is
//!   none with this id. If there is one, an earlier attempt has written it. Compare its content with the request before
//!   you use it: after a failed attempt there is no record, so a client may send the key with another payload.
//! - It is also the idempotency key of the provider, which then charges once and returns the same answer again.
//!
//! The layer adds what an id cannot: the same response for each attempt, a 409 while the first one is running, and a 422
//! for another payload.
//!
//! ```
//! # #[cfg(feature = "clients")] {
//! use std::collections::BTreeMap;
//! use std::io;
//! use std::sync::{Arc, Mutex};
//!
//! use pilaster::http::{self, HttpError, IdempotencyKey, Json};
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//! use pilaster::testing::{Caller, http as request};
//! use pilaster::{BoxError, Client, Clients, FromClients};
//!
//! /// A payment provider that charges once per key. The answer to its first request is lost.
//! #[derive(Clone, Default)]
//! struct Provider(Arc<Mutex<BTreeMap<String, u32>>>);
//!
//! impl Provider {
//!     async fn charge(&self, key: String, amount: u32) -> Result<u32, io::Error> {
//!         let mut charges = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
//!         let is_first = charges.is_empty();
//!         let charged = *charges.entry(key).or_insert(amount);
//!         if is_first { Err(io::ErrorKind::TimedOut.into()) } else { Ok(charged) }
//!     }
//! }
//!
//! impl FromClients for Provider {
//!     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
//!         Ok(Self::default())
//!     }
//! }
//!
//! async fn pay(
//!     Client(provider): Client<Provider>,
//!     key: IdempotencyKey,
//!     Json(amount): Json<u32>,
//! ) -> Result<Json<u32>, HttpError> {
//!     Ok(Json(provider.charge(key.effect_id("charge"), amount).await?))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let idempotency = IdempotencyLayer::new(Idempotency::from_env(MemoryStore::new()).require_key());
//! let (clients, provider) = (Clients::new(), Provider::default());
//! clients.insert(provider.clone());
//! let function = pilaster::handler(pay).layer(http::Stack::new().idempotency(idempotency));
//! let caller = Caller::new(function).with_clients(clients);
//! let post = || request::post("/payments").header("idempotency-key", "\"a\"").json(100);
//!
//! assert_eq!(caller.send(post()).await?.status(), 500, "charged, but the function does not know it");
//! assert_eq!(caller.send(post()).await?.text(), "100");
//! assert_eq!(provider.0.lock().unwrap().len(), 1, "charged once");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The response
//!
//! **A response is recorded** with its status, headers and body, in the format in which a function returns it to API
//! Gateway. The whole body is held in memory. A [`Negotiate`](crate::http) value is written in the media type of the
//! first request before it is recorded: the replay is the same response, regardless of what the repeated request
//! accepts.
//!
//! **An error is not recorded:** the lock is released, and the next request runs. These are errors:
//!
//! - a failure of the function, an extractor or an inner layer: an `Err`, a rejection, an [`HttpError`] that became a
//!   response, a panic, including one of the body;
//! - a response with the status 401 or 403, which depends on the caller; 408, 425 or 429, which request a retry; or a
//!   5xx;
//! - a failed call of a tool of an MCP server, whose status is 200.
//!
//! Any other response is recorded, even with another 4xx status.
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
//! let idempotency = IdempotencyLayer::new(Idempotency::from_env(MemoryStore::new()).require_key());
//! let caller = Caller::new(pilaster::handler(pay).layer(http::Stack::new().idempotency(idempotency)));
//! let post = |key: &str, amount: u32| request::post("/payments").header("idempotency-key", key).json(amount);
//!
//! assert_eq!(caller.send(post("\"a\"", 100)).await?.text(), "1");
//! assert_eq!(caller.send(post("\"a\"", 100)).await?.text(), "1", "replayed");
//! assert_eq!(caller.send(post("\"a\"", 999)).await?.status(), 422, "the key with another payload");
//! assert_eq!(caller.send(post("\"b\"", 100)).await?.text(), "2");
//! assert_eq!(caller.send(request::post("/payments").json(100)).await?.status(), 400, "no key");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod document;
mod key;
mod recorded;

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
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::Service;

pub use self::key::IdempotencyKey;
use self::key::Parsed;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::panic::contained;
#[cfg(feature = "mcp")]
use crate::core::raw::DescribesFailure;
use crate::http::HttpError;
#[cfg(feature = "negotiation")]
use crate::http::layers::negotiation::ResponseWriter;
use crate::idempotency::engine::{CallKey, Idempotency, Recording};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::layer::{IdempotencyLayer, IdempotencyService};

/// The maximum length of a key in bytes.
const MAX_KEY: usize = 255;
/// Responses with these are errors, like each 5xx: they depend on the caller, or request a retry.
const ERRORS: [StatusCode; 5] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_EARLY,
    StatusCode::TOO_MANY_REQUESTS,
];
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

type CallerOf = dyn Fn(&Parts) -> Option<String> + Send + Sync;

/// The settings of an [`IdempotencyLayer`] that only HTTP functions have.
#[derive(Clone)]
struct HttpSettings {
    header: HeaderName,
    methods: Arc<[Method]>,
    caller: Option<Arc<CallerOf>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { header: IDEMPOTENCY_KEY, methods: [Method::POST, Method::PATCH].into(), caller: None }
    }
}

impl IdempotencyLayer {
    /// Sets the header that contains the key of HTTP requests, in place of `Idempotency-Key`.
    pub fn header(self, name: HeaderName) -> Self {
        self.with_http(|settings| settings.header = name)
    }

    /// Sets the methods of HTTP requests that are idempotent, in place of `POST` and `PATCH`.
    pub fn methods(self, methods: impl Into<Arc<[Method]>>) -> Self {
        self.with_http(|settings| settings.methods = methods.into())
    }

    /// Sets a function that returns the caller of an HTTP request: two callers may use the same key, and neither gets
    /// the other's response. Choose text that stays the same when a request is resent, not a token that is renewed.
    ///
    /// By default, and if it returns `None`, the caller is the user that AWS has authenticated, or otherwise the
    /// request's credentials. See [the caller](crate::http::idempotency#the-caller).
    pub fn caller(self, caller: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with_http(|settings| settings.caller = Some(Arc::new(caller)))
    }

    fn with_http(mut self, change: impl FnOnce(&mut HttpSettings)) -> Self {
        change(Arc::make_mut(&mut self.of_kind).get_or_insert_default());
        self
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn idempotent_methods(&self) -> Arc<[Method]> {
        self.of_kind.get::<HttpSettings>().cloned().unwrap_or_default().methods
    }

    /// Returns the header that a page must send, unless the key is another part of the request.
    #[cfg_attr(not(any(feature = "cors", feature = "openapi")), allow(dead_code))]
    pub(crate) fn key_header(&self) -> Option<HeaderName> {
        let set = self.of_kind.get::<HttpSettings>().map(|settings| settings.header.clone());
        (!self.idempotency.has_key()).then(|| set.unwrap_or(IDEMPOTENCY_KEY))
    }
}

impl HttpSettings {
    /// Reads the key from the header, without quotes.
    fn sent_key(&self, parts: &Parts) -> Result<Option<String>, IdempotencyError> {
        // A gateway may join several lines into one, which would be another key.
        let mut lines = parts.headers.get_all(&self.header).iter();
        let Some(sent) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(IdempotencyError::bad_key(format!("`{}` was sent more than once", self.header)));
        }
        let key = sent.to_str().ok().map(str::trim).and_then(unquoted).filter(|key| key.len() <= MAX_KEY);
        let invalid = || format!("`{}` is not a single ASCII text of at most {MAX_KEY} characters", self.header);
        let key = key.ok_or_else(|| IdempotencyError::bad_key(invalid()))?;
        Ok(Some(key).filter(|key| !key.is_empty()))
    }

    fn caller(&self, parts: &Parts) -> Value {
        let caller = self.caller.as_ref().and_then(|caller| caller(parts));
        caller.map_or_else(|| document::caller(parts), Value::from)
    }

    /// Selects the key and the payload of a request, and the caller if it is not part of the key. Also returns the key
    /// for the function.
    fn call_key(
        &self,
        idempotency: &Idempotency,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<(CallKey, Option<IdempotencyKey>), IdempotencyError> {
        let deadline = parts.extensions.get::<Invocation>().and_then(Invocation::deadline);
        if idempotency.has_key() {
            let document = document::of(parts, body)?;
            let (key, payload) = (idempotency.key_of(&document)?, idempotency.payload_of(&document)?);
            let own = key::selected(idempotency, &key)?;
            let caller = Some(self.caller(parts));
            return Ok((CallKey { key, payload, caller, deadline, ..CallKey::default() }, own));
        }
        let sent = self.sent_key(parts)?;
        let key = sent.as_ref().map(|sent| json!([parts.method.as_str(), parts.uri.path(), self.caller(parts), sent]));
        let key = key.unwrap_or_default().into();
        let own = sent.map(|sent| IdempotencyKey::of(sent, idempotency, &key)).transpose()?;
        let payload = match idempotency.has_payload() {
            true => idempotency.payload_of(&document::of(parts, body)?)?,
            false => Some(document::payload(parts.uri.query(), body).into()),
        };
        Ok((CallKey { key, payload, deadline, ..CallKey::default() }, own))
    }
}

/// Returns the key in a header: a string of RFC 9651, whose parameters are ignored, or the unquoted text that many
/// clients send. Returns `None` for anything else: a comma may have joined two keys.
fn unquoted(sent: &str) -> Option<String> {
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

impl<S, B> Service<Request<Body>> for IdempotencyService<S>
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
        self.inner().poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut inner = self.take_ready();
        let settings = self.layer.of_kind.get::<HttpSettings>().cloned().unwrap_or_default();
        if !settings.methods.contains(request.method()) {
            let answered = inner.call(request);
            return Box::pin(async move { Ok(answered.await?.map(Body::new)) });
        }
        let idempotency = self.layer.idempotency.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            // The adapter holds the whole body in memory; a layer may have replaced it.
            let body = match Limited::new(body, PAYLOAD_LIMIT).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => {
                    let error = HttpError::bad_request("could not read the request body").with_source(error);
                    return Ok(error.into_response());
                }
            };
            let selected = settings.call_key(&idempotency, &parts, &body);
            let header = (!idempotency.has_key()).then_some(settings.header);
            let (key, parsed) = match selected {
                Ok((key, own)) => (Ok(key), own.map_or_else(|| Parsed::missing(header.as_ref()), Parsed::Key)),
                Err(error) => (Err(error), Parsed::invalid(header.as_ref())),
            };
            parts.extensions.insert(parsed);
            let begun = idempotency.begin_with(|| key).await;
            let begun = match begun {
                Ok(begun) => begun,
                Err(error) => return Ok(refused(error, header)),
            };
            #[cfg(feature = "negotiation")]
            let writer = parts.extensions.get::<ResponseWriter>().cloned();
            let request = Request::from_parts(parts, Body::from(body));
            let call = async move {
                let response = inner.call(request).await.map_err(Failure::Call)?;
                Ok(response.map(Body::new))
            };
            let replay = |record: &RawValue| {
                let response = recorded::replay(record)?;
                #[cfg(feature = "negotiation")]
                let response = ResponseWriter::mark_written(response);
                Ok(response)
            };
            let record = |response: Response| {
                #[cfg(feature = "negotiation")]
                let response = written(response, writer);
                recording(response)
            };
            match begun.finish(call, replay, record).await {
                Ok(response) => Ok(response),
                Err(Failure::Idempotency(error)) => Ok(refused(error, header)),
                Err(Failure::Call(error)) => Err(error),
            }
        })
    }
}

/// The reason why a request has no response from the function.
enum Failure<E> {
    Idempotency(IdempotencyError),
    Call(E),
}

impl<E> From<IdempotencyError> for Failure<E> {
    fn from(error: IdempotencyError) -> Self {
        Self::Idempotency(error)
    }
}

/// Writes a value in the negotiated media type, so that the response is recorded as it is sent.
#[cfg(feature = "negotiation")]
fn written(response: Response, writer: Option<ResponseWriter>) -> Response {
    let Some(writer) = writer else { return response };
    // A panic of the user's writer counts as a failure of the function, which releases the lock.
    let written = catch_unwind(AssertUnwindSafe(|| writer.write(response)));
    written.unwrap_or_else(|_| HttpError::panic().into_response())
}

/// Returns the record of a response. An error is not recorded.
async fn recording(response: Response) -> (Response, Recording) {
    if !is_repeatable(&response) {
        return (response, Recording::Release);
    }
    let (parts, body) = response.into_parts();
    match read(body).await {
        Ok(body) => {
            let recording = recorded::record(&parts, &body).into();
            (Response::from_parts(parts, Body::from(body)), recording)
        }
        Err(error) => (error.into_response(), Recording::Release),
    }
}

/// Reads a whole body.
async fn read(mut body: Body) -> Result<Bytes, HttpError> {
    // A panic of the body counts as a failure of the function; the panic hook has logged it.
    let collected = AssertUnwindSafe((&mut body).collect()).catch_unwind().await;
    contained(|| drop(body));
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => Err(HttpError::from_boxed(error.into())),
        Err(_) => Err(HttpError::panic()),
    }
}

/// Returns `false` for an error: the function failed, rejected the caller, or requested a retry.
fn is_repeatable<B>(response: &Response<B>) -> bool {
    let status = response.status();
    let failed = response.extensions().get::<HttpError>().is_some();
    #[cfg(feature = "mcp")]
    let failed = failed || response.extensions().get::<DescribesFailure>().is_some();
    !failed && !status.is_server_error() && !status.is_informational() && !ERRORS.contains(&status)
}

/// Returns the response to a request that was neither run nor replayed, as the draft requires. `header` is set if it
/// contains the key.
fn refused(error: IdempotencyError, header: Option<HeaderName>) -> Response {
    let Some(header) = header.filter(|_| error.is_key_error()) else {
        return HttpError::from(error).into_response();
    };
    let detail = if error.is_missing_key() { missing(&header) } else { invalid(&header) };
    HttpError::bad_request(detail).with_source(error).into_response()
}

fn missing(header: &HeaderName) -> String {
    format!("the `{header}` header is required")
}

fn invalid(header: &HeaderName) -> String {
    format!(
        "the `{header}` header must be a single value of at most {MAX_KEY} ASCII characters, quoted if it contains a comma \
         or a quote"
    )
}

#[cfg(test)]
mod tests;
