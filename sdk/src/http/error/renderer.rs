//! [`Renderer`]: renders the errors of a request as something other than problem details.

use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::Response;

use super::HttpError;
use crate::core::panic::caught;

/// A function that renders an error.
pub(crate) type Render = dyn Fn(&HttpError) -> Response + Send + Sync;

/// The renderer of a request's errors, in the extensions of its response: that of an inner layer, or of the error
/// layer. Outer layers and the adapter use it for their own failures.
#[derive(Clone)]
pub(crate) struct Renderer(Arc<Render>);

impl Renderer {
    pub(crate) fn new(render: impl Fn(&HttpError) -> Response + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }
}

impl HttpError {
    /// Removes the parts that a renderer must not send: the detail, the fields and the cause of a 5xx.
    fn without_internals(&self) -> Self {
        let mut error = self.clone();
        if error.hides_internals() {
            let inner = error.inner_mut();
            (inner.detail, inner.source) = (None, None);
            inner.fields.clear();
        }
        error
    }
}

/// Renders an error with the renderer, or as a problem if there is none or it panics.
pub(crate) fn rendered(renderer: Option<&Renderer>, error: &HttpError) -> Response {
    let Some(mut response) = renderer.and_then(|renderer| caught(|| (renderer.0)(&error.without_internals()))) else {
        return error.render().map(Body::from);
    };
    // A renderer rarely sets the status; an error is never a success.
    if response.status().is_success() {
        *response.status_mut() = error.status();
    }
    response.headers_mut().extend(error.headers().clone());
    response
}
