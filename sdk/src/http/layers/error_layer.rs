//! Layer that turns failures into responses and logs those that are the function's fault.
//!
//! It goes below CORS and security headers, so that error responses have them too, and above everything that may fail.
//! It finds the [`HttpError`] that the function left in its response, maps it by the layer's rules, renders it, and
//! writes one line: ERROR with the chain of causes for a 5xx, INFO for a 4xx. Application logic thus needs no HTTP
//! types. A panic of a layer between this one and the function is a 500, like a panic of the function.
//!
//! A body that a layer below this one puts in place of that of an error is sent, with the status of that layer. A problem
//! is an exception if a rule matches its error, or [`render_with`](ErrorLayer::render_with) is set: the layer may only
//! have read it, before the rules, so it is rendered again.
//!
//! A function without an error layer, such as one whose only layer is tower's `TimeoutLayer`, has its errors rendered
//! and logged by the adapter in the same way. An error of a layer then passes through the outer layers as an error, so
//! they cannot add headers to it.
//!
//! # `#[error(transparent)]`
//!
//! A transparent error, as derived by thiserror, hides both itself and the inner error from the chain of causes: the
//! chain continues with the inner error's cause. [`ErrorLayer::transparent`] declares the inner error of such a type,
//! so that the rules find it. Debug builds log a warning, once per type, for an error that no rule matches and that
//! seems to contain another.
//!
//! ```
//! # use std::fmt;
//! use pilaster::http::ErrorLayer;
//!
//! #[derive(Debug)]
//! struct NoSuchUser;
//! # impl fmt::Display for NoSuchUser {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("no such user") }
//! # }
//! # impl std::error::Error for NoSuchUser {}
//!
//! // with thiserror: `#[error(transparent)] Find(#[from] NoSuchUser)`
//! #[derive(Debug)]
//! enum AppError { Find(NoSuchUser), Io(std::io::Error) }
//! # impl fmt::Display for AppError {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//! #         match self { Self::Find(error) => error.fmt(f), Self::Io(error) => error.fmt(f) }
//! #     }
//! # }
//! # impl std::error::Error for AppError {
//! #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
//! #         match self { Self::Find(error) => error.source(), Self::Io(error) => error.source() }
//! #     }
//! # }
//!
//! let errors = ErrorLayer::new().on::<NoSuchUser>(404).transparent(|error: &AppError| match error {
//!     AppError::Find(error) => Some(error),
//!     AppError::Io(error) => Some(error),
//! });
//! # let _ = errors;
//! ```
//!
//! # Example
//!
//! ```
//! use pilaster::http::{ErrorLayer, HttpError, IntoResponse, Request, StatusCode, Body};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! #[derive(Debug)]
//! struct EmailTaken;
//! impl std::fmt::Display for EmailTaken {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str("the e-mail address is already in use")
//!     }
//! }
//! impl std::error::Error for EmailTaken {}
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! async fn create(_: Request<Body>) -> Result<pilaster::http::Response, std::convert::Infallible> {
//!     Ok(HttpError::from(EmailTaken).into_response()) // what `?` does in a handler
//! }
//!
//! let service = ErrorLayer::new().on::<EmailTaken>(409).layer(service_fn(create));
//! let response = service.oneshot(Request::default()).await?;
//! assert_eq!(response.status(), StatusCode::CONFLICT);
//! # Ok::<(), std::convert::Infallible>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hidden_cause;
mod log;
mod rules;
mod service;
#[cfg(test)]
mod tests;

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use axum_core::response::IntoResponse;
use http::StatusCode;
use tower::Layer;

pub(crate) use self::log::{RequestLine, log_failure};
use self::rules::Rules;
pub(crate) use self::rules::complete;
pub use self::service::{ErrorService, ResponseFuture};
use crate::core::error::as_error;
use crate::core::layer_mistakes::reject;
use crate::http::error::{HttpError, Renderer, ToHttpError, is_of_error};

/// Layer that applies [`ErrorService`]. See the [module docs](self).
#[derive(Clone, Default)]
#[must_use]
pub struct ErrorLayer {
    rules: Arc<Rules>,
}

impl ErrorLayer {
    /// Creates a layer that renders every failure as problem details, without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps an error that is an `E`, or was caused by one, to `status`; its `Display` text is the detail if the status
    /// is a 4xx. An `E` is also found in a `Box`, an `Arc` or an `io::Error`.
    ///
    /// The outermost error of the chain of causes that any rule matches counts, and of its rules the first: a rule for a
    /// cause never hides one for the error around it.
    ///
    /// A `status` that is not between 400 and 599 prevents the function from starting: [`run`](crate::run) reports it.
    pub fn on<E: StdError + 'static>(mut self, status: u16) -> Self {
        let Some(status) = StatusCode::from_u16(status).ok().filter(|status| is_of_error(*status)) else {
            let mistake =
                || format!("ErrorLayer: `.on::<{}>({status})` takes a status from 400 to 599", type_name::<E>());
            Arc::make_mut(&mut self.rules).mistake.get_or_insert_with(mistake);
            return self;
        };
        #[cfg(feature = "openapi")]
        Arc::make_mut(&mut self.rules).descriptions.add(move |document: &mut crate::openapi::Document| {
            document.problem(status.as_u16(), status.canonical_reason().unwrap_or("Error"));
        });
        self.on_with(move |error: &E| HttpError::new(status, error.to_string()))
    }

    /// Maps an error that is an `E`, or was caused by one, with this function. The cause is still logged.
    pub fn on_with<E: StdError + 'static>(mut self, map: impl Fn(&E) -> HttpError + Send + Sync + 'static) -> Self {
        let rule = move |error: &(dyn StdError + 'static)| as_error::<E>(error).map(&map);
        Arc::make_mut(&mut self.rules).maps.push((type_name::<E>(), Arc::new(rule)));
        self
    }

    /// Maps an error that is an `E`, or was caused by one, as [`ToHttpError`] defines it for each variant.
    pub fn map<E: ToHttpError + 'static>(self) -> Self {
        self.on_with(E::to_http_error)
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn describe(&self, descriptions: &mut crate::core::descriptions::Descriptions) {
        descriptions.append(&self.rules.descriptions);
    }

    /// Declares the inner error of an `E` that hides it from the chain of causes, as `#[error(transparent)]` does. The
    /// rules of this layer then apply to that error too, and to its causes; a [`Rejection`](crate::http::Rejection)
    /// keeps its status without a rule. See the [module docs](self#errortransparent).
    pub fn transparent<E, F>(mut self, within: F) -> Self
    where
        E: StdError + 'static,
        F: for<'e> Fn(&'e E) -> Option<&'e (dyn StdError + 'static)> + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.rules).transparent.push(Arc::new(move |error| as_error::<E>(error).and_then(&within)));
        self
    }

    /// Renders every failure with `render` instead of as a problem, including a failed precondition, a failed body, and
    /// a response that is too large. The headers of the error are added to the response. The response has the error's
    /// status, unless `render` sets one that is not a success; the log line has the error's status in either case. For
    /// a 5xx, `render` receives neither the detail nor the cause, so that it cannot send them. If `render` panics, the
    /// failure is rendered as a problem.
    pub fn render_with<R: IntoResponse>(mut self, render: impl Fn(&HttpError) -> R + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.rules).render = Some(Renderer::new(move |error| render(error).into_response()));
        self
    }
}

impl fmt::Debug for ErrorLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.rules.maps.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        f.debug_struct("ErrorLayer").field("on", &on).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ErrorLayer {
    type Service = ErrorService<S>;

    /// # Panics
    ///
    /// If [`on`](ErrorLayer::on) was called with a status that is not an error, and the layer is applied outside of a
    /// [`Function`](crate::Function).
    fn layer(&self, inner: S) -> Self::Service {
        if let Some(mistake) = &self.rules.mistake {
            reject(mistake);
        }
        ErrorService::new(inner, self.rules.clone())
    }
}
