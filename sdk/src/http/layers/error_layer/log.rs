//! The log line of a failed request.

use http::uri::PathAndQuery;
use http::{Method, Request};

use crate::core::error::{log, text};
use crate::http::error::HttpError;

/// The method and the path of a request, for the log. The query, which may hold secrets, is not logged.
#[derive(Clone, Debug)]
pub(crate) struct RequestLine {
    method: Method,
    target: Option<PathAndQuery>,
}

impl RequestLine {
    pub(crate) fn of<R>(request: &Request<R>) -> Self {
        // The bytes of the target are shared; scheme and host are not needed.
        Self { method: request.method().clone(), target: request.uri().path_and_query().cloned() }
    }

    /// Returns `true` if a CORS layer may have responded itself.
    pub(crate) fn is_preflight(&self) -> bool {
        self.method == Method::OPTIONS
    }

    /// Returns `true` unless the request is `HEAD`, whose response must not have a body.
    pub(crate) fn has_body(&self) -> bool {
        self.method != Method::HEAD
    }

    /// Returns the path like `Uri::path`.
    fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
    }
}

/// Logs one ERROR line for a 5xx with the chain of causes, one INFO line for a 4xx, and none if an inner layer has
/// logged the error.
pub(crate) fn log_failure(error: &mut HttpError, request: Option<&RequestLine>) {
    if error.is_logged() {
        return;
    }
    error.set_logged();
    write_failure(error, request);
}

fn write_failure(error: &HttpError, request: Option<&RequestLine>) {
    let status = error.status().as_u16();
    let method = request.map(|request| request.method.as_str());
    let path = request.map(RequestLine::path);
    if !error.status().is_server_error() {
        let fields = pointers(error);
        tracing::info!(status, method, path, detail = error.detail(), fields, "the request was rejected");
        return;
    }
    match error.source() {
        Some(source) => {
            // Beside the cause, unless it is the text of the cause.
            let detail = error.detail().filter(|detail| *detail != text(source));
            log(source, |error| tracing::error!(status, method, path, detail, error, "the request failed"));
        }
        None => {
            tracing::error!(status, method, path, error_type = "HttpError", error = %error, "the request failed");
        }
    }
}

/// Returns the invalid fields without their messages.
fn pointers(error: &HttpError) -> Option<String> {
    let pointers = error.fields().iter().map(crate::http::FieldError::pointer).collect::<Vec<_>>();
    (!pointers.is_empty()).then(|| pointers.join(" "))
}
