//! Partial responses: the caller selects parts of a JSON response with `?fields=`.
//!
//! [`PartialResponseLayer`] goes into [`Stack::layer`](crate::http::Stack::layer) or `axum::Router::route_layer`,
//! inside compression and conditional requests, so that the `ETag` is that of the partial response. The function does
//! not need to support it. Responses that are not successful, not JSON, or streamed are sent as a whole.
//!
//! | `fields` | selects |
//! |---|---|
//! | `name,email` | these members |
//! | `address/city` | the member `city` of `address` |
//! | `items(id,price/net)` | these members of each item of the array |
//! | `*/id` | the member `id` of each member |
//! | `a\/b` | the member `a/b`: `\` escapes `,` `/` `(` `)` `*` and itself |
//!
//! The syntax is that of json-mask, as in middy's `http-partial-response` and Google's APIs. A missing member is
//! ignored; a list that is invalid, longer than 2048 bytes or nested deeper than 100 is a 400, before the function
//! runs.
//!
//! # Example
//!
//! ```
//! use http::Request;
//! use http_body_util::BodyExt;
//! use pilaster::http::{Body, IntoResponse, Json, PartialResponseLayer};
//! use serde_json::json;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let user = service_fn(async |_: Request<Body>| {
//!     Ok::<_, std::convert::Infallible>(Json(json!({ "id": 7, "name": "Ada", "home": { "city": "London", "zip": "W1" } })).into_response())
//! });
//! let service = PartialResponseLayer::new().layer(user);
//!
//! let request = Request::builder().uri("/users/7?fields=name,home/city").body(Body::empty())?;
//! let body = service.oneshot(request).await?.into_body().collect().await?.to_bytes();
//! assert_eq!(body, r#"{"home":{"city":"London"},"name":"Ada"}"#);
//! # Ok(())
//! # }
//! ```

mod mask;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Request, Uri, header};
use http_body_util::BodyExt;
use tower::{Layer, Service};

use self::mask::Mask;
use crate::core::error::BoxError;
use crate::http::encoded_length::is_readable;
use crate::http::error::HttpError;

/// Layer that applies [`PartialResponse`]. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct PartialResponseLayer {
    parameter: &'static str,
}

impl PartialResponseLayer {
    /// Uses the query parameter `fields`.
    pub fn new() -> Self {
        Self { parameter: "fields" }
    }

    /// Sets the name of the query parameter.
    pub fn parameter(mut self, name: &'static str) -> Self {
        self.parameter = name;
        self
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn name(&self) -> &'static str {
        self.parameter
    }
}

impl Default for PartialResponseLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for PartialResponseLayer {
    type Service = PartialResponse<S>;

    fn layer(&self, inner: S) -> PartialResponse<S> {
        PartialResponse { inner, parameter: self.parameter }
    }
}

/// Service that removes the parts of a response that the caller did not select. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
pub struct PartialResponse<S> {
    inner: S,
    parameter: &'static str,
}

impl<S, R, B> Service<Request<R>> for PartialResponse<S>
where
    S: Service<Request<R>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let parameter = self.parameter;
        let selected = match requested_mask(request.uri(), parameter) {
            Ok(mask) => Ok((self.inner.call(request), mask)),
            Err(what) => Err(HttpError::bad_request(format!("invalid query parameter `{parameter}`: {what}"))),
        };
        Box::pin(async move {
            let (future, mask) = match selected {
                Ok(selected) => selected,
                Err(error) => return Ok(error.into_response()),
            };
            let response = future.await?.map(Body::new);
            match mask {
                Some(mask) if is_whole_json(&response) => Ok(masked(response, &mask).await),
                _ => Ok(response),
            }
        })
    }
}

/// Returns the caller's selection; `None` means everything.
fn requested_mask(uri: &Uri, parameter: &str) -> Result<Option<Mask>, &'static str> {
    let query = uri.query().unwrap_or_default();
    // Most requests have no selection.
    if !query.contains(parameter) {
        return Ok(None);
    }
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = serde_html_form::from_str(query).map_err(|_| "it must be UTF-8")?;
    let lists: Vec<_> = pairs.into_iter().filter(|(name, list)| name == parameter && !list.is_empty()).collect();
    if lists.is_empty() {
        return Ok(None);
    }
    let lists: Vec<_> = lists.iter().map(|(_, list)| &**list).collect();
    Mask::parse(&lists.join(",")).map(Some)
}

/// Returns `true` for a successful JSON response of known size that is neither encoded nor partial.
fn is_whole_json(response: &Response) -> bool {
    let headers = response.headers();
    response.status().is_success()
        && is_readable(response.body())
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && is_json(headers)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()?.parse::<mime::Mime>().ok());
    kind.is_some_and(|kind| kind.subtype() == mime::JSON || kind.suffix() == Some(mime::JSON))
}

async fn masked(response: Response, mask: &Mask) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return HttpError::internal(error).into_response(),
    };
    // A body that is labelled as JSON but is not is sent unchanged.
    let Ok(part) = mask.apply(&whole) else { return Response::from_parts(parts, Body::from(whole)) };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(part))
}
