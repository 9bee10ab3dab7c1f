//! [`Invocation`] as an extractor of HTTP functions.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::core::invocation::Invocation;
use crate::http::error::HttpError;
use crate::http::extract::context::outside;

impl<S: Send + Sync> FromRequestParts<S> for Invocation {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(outside)
    }
}
