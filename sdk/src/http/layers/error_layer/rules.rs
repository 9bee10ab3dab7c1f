//! The rules of the layer, which map errors to responses.

use std::error::Error as StdError;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::Response;
use bytes::Bytes;
use http::{StatusCode, header};

use super::hidden_cause;
use super::log::{RequestLine, log_failure};
#[cfg(feature = "negotiation")]
use crate::core::deadline::DeadlineExceeded;
use crate::core::error::{BoxError, as_error, causes};
use crate::core::panic::{caught, contained};
use crate::http::error::{HttpError, PROBLEM_JSON, Rejection, Renderer, is_replaced, rendered};

type Map = dyn Fn(&(dyn StdError + 'static)) -> Option<HttpError> + Send + Sync;
/// A function that returns the inner error of a transparent error.
type Held = dyn for<'e> Fn(&'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> + Send + Sync;

#[derive(Clone, Default)]
pub(super) struct Rules {
    pub(super) maps: Vec<(&'static str, Arc<Map>)>,
    pub(super) transparent: Vec<Arc<Held>>,
    pub(super) render: Option<Renderer>,
    /// The first configuration error, reported when the layer is applied.
    pub(super) mistake: Option<String>,
    #[cfg(feature = "openapi")]
    pub(super) descriptions: crate::core::descriptions::Descriptions,
}

/// Marks a response whose failure an error layer has logged, and rendered or left unchanged.
#[derive(Clone)]
struct Seen;

impl Rules {
    /// Applies the first rule that matches the outermost error of the chain of causes that any rule matches.
    fn map(&self, error: HttpError) -> HttpError {
        if let Some(mapped) = self.changed(&error) {
            return mapped;
        }
        let is_unmapped = error.status() == StatusCode::INTERNAL_SERVER_ERROR && !self.maps.is_empty();
        if cfg!(debug_assertions)
            && is_unmapped
            && let Some(source) = error.shared_source()
        {
            hidden_cause::warn(&*source);
        }
        error
    }

    /// Returns what the rules make of an error, if one matches it.
    fn changed(&self, error: &HttpError) -> Option<HttpError> {
        let source = error.shared_source()?;
        if let Some(mapped) = self.mapped(&*source, 0) {
            return Some(match mapped.source() {
                Some(_) => mapped,
                None => mapped.with_shared_source(source),
            });
        }
        #[cfg(any(feature = "_aws", feature = "table"))]
        if error.status() == StatusCode::INTERNAL_SERVER_ERROR && is_temporary(&*source) {
            // AWS throttles briefly: the client may retry after a second or slightly more.
            let unavailable = HttpError::from_status(StatusCode::SERVICE_UNAVAILABLE).with_retry_after(1);
            return Some(unavailable.with_shared_source(source));
        }
        None
    }

    /// Returns `true` if a layer has replaced the body of an error's response, and it stays. A problem that a rule or a
    /// renderer changes is rendered again: the layer has seen it, or only read it, before them.
    fn keeps<B>(&self, error: &HttpError, response: &http::Response<B>) -> bool {
        let has_renderer = || self.render.is_some() || response.extensions().get::<Renderer>().is_some();
        // A rule that panics is called again, for the response.
        let is_final = || !has_renderer() && matches!(caught(|| self.changed(error)), Some(None));
        is_replaced(response) && (response.headers().get(header::CONTENT_TYPE) != Some(&PROBLEM_JSON) || is_final())
    }

    /// Returns the result of the first rule that matches an error; if none does, of its inner error or a cause of either.
    fn mapped(&self, error: &(dyn StdError + 'static), depth: usize) -> Option<HttpError> {
        causes(error).find_map(|error| {
            if let Some(mapped) = self.maps.iter().find_map(|(_, map)| map(error)) {
                return Some(mapped);
            }
            // Types that contain each other by mistake would loop forever.
            let held = self.transparent.iter().filter(|_| depth < 16).find_map(|held| held(error));
            let rejected = |held: &(dyn StdError + 'static)| {
                as_error::<Rejection>(held).map(|rejection| HttpError::clone(rejection).without_source())
            };
            held.and_then(|held| self.mapped(held, depth + 1).or_else(|| rejected(held)))
        })
    }

    /// Returns the response to an error.
    pub(super) fn respond(&self, error: HttpError, request: &RequestLine) -> Response {
        #[cfg(feature = "negotiation")]
        if let Some(exceeded) = error.source().and_then(|source| source.downcast_ref::<DeadlineExceeded>()) {
            let chosen = exceeded.extensions.get::<Renderer>().cloned();
            return self.respond_by(chosen.or_else(|| self.render.clone()), error, request);
        }
        self.respond_by(self.render.clone(), error, request)
    }

    fn respond_by(&self, render: Option<Renderer>, error: HttpError, request: &RequestLine) -> Response {
        // A rule, or the `Display` of an error, may panic; the response still needs the layers' headers.
        let mut error = caught(|| self.map(error)).unwrap_or_else(HttpError::panic);
        log_failure(&mut error, Some(request));
        // Outer layers recognise a logged error in its response.
        let Some(render) = render else { return error.into_rendered() };
        let mut response = rendered(Some(&render), &error);
        response.extensions_mut().insert(Seen);
        response.extensions_mut().insert(render);
        response
    }

    /// Completes a response of the inner services.
    pub(super) fn complete<B>(&self, mut response: Response<B>, request: &RequestLine) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let failed = match response.extensions_mut().remove::<HttpError>() {
            Some(error) if !self.keeps(&error, &response) => {
                return self.respond_with_headers(error, response.map(Body::new), request);
            }
            Some(mut error) => {
                error.set_status(response.status());
                Some(error)
            }
            // A bare status or a rejection of axum is not rendered again, but a 5xx is always logged.
            None => {
                let is_new = response.status().is_server_error() && response.extensions().get::<Seen>().is_none();
                is_new.then(|| HttpError::from_status(response.status()))
            }
        };
        if let Some(mut error) = failed {
            log_failure(&mut error, Some(request));
            response.extensions_mut().insert(Seen);
        }
        if let Some(render) = self.render.as_ref().filter(|_| response.extensions().get::<Renderer>().is_none()) {
            response.extensions_mut().insert(render.clone());
        }
        response.map(Body::new)
    }

    /// Returns the response to a failure that has a response: headers that inner layers added are kept.
    fn respond_with_headers(&self, mut error: HttpError, response: Response, request: &RequestLine) -> Response {
        let (parts, body) = response.into_parts();
        // Its body, or an extension of a layer, may panic when it is dropped.
        contained(|| drop(body));
        let (status, headers, mut extensions) = (parts.status, parts.headers, parts.extensions);
        // The status of a tuple such as `(StatusCode, HttpError)` takes precedence if it is an error status.
        error.set_status(status);
        let render = extensions.remove::<Renderer>().or_else(|| self.render.clone());
        let mut rendered = self.respond_by(render, error, request);
        for name in headers.keys() {
            // They describe the body that was dropped.
            let of_body = [
                header::CONTENT_TYPE,
                header::CONTENT_LENGTH,
                header::CONTENT_ENCODING,
                header::CONTENT_RANGE,
                header::ETAG,
                header::LAST_MODIFIED,
                header::ACCEPT_RANGES,
                header::TRANSFER_ENCODING,
            ];
            // With a 412 they describe the current version of the resource.
            let of_version =
                status == StatusCode::PRECONDITION_FAILED && [header::ETAG, header::LAST_MODIFIED].contains(name);
            if (of_version || !of_body.contains(name)) && !rendered.headers().contains_key(name) {
                for value in headers.get_all(name) {
                    rendered.headers_mut().append(name, value.clone());
                }
            }
        }
        contained(|| drop(extensions));
        rendered
    }
}

/// Returns `true` for throttling by AWS, and for items that others changed first in each attempt.
#[cfg(any(feature = "_aws", feature = "table"))]
fn is_temporary(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "_aws")]
    if crate::clients::throttled(error) {
        return true;
    }
    #[cfg(feature = "table")]
    if crate::table::is_conflict(error) {
        return true;
    }
    false
}

/// Returns the response of all layers. A failure that no error layer has handled is rendered and logged.
pub(crate) fn complete(responded: Result<Response, HttpError>, request: &RequestLine) -> Response {
    let mut response = match responded {
        Ok(response) => response,
        Err(error) => return Rules::default().respond(error, request),
    };
    let status = response.status();
    let error = response.extensions_mut().remove::<HttpError>();
    if error.is_none() && !status.is_server_error() || response.extensions_mut().remove::<Seen>().is_some() {
        return response;
    }
    let is_problem = response.headers().get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON);
    let rules = Rules::default();
    match error {
        // A user's layer may already have rendered it.
        Some(error) if !error.is_logged() && is_problem && !rules.keeps(&error, &response) => {
            rules.respond_with_headers(error, response, request)
        }
        error => {
            let mut error = error.unwrap_or_else(|| HttpError::from_status(status));
            error.set_status(status);
            log_failure(&mut error, Some(request));
            response
        }
    }
}
