//! [`Invocation`] as an extractor.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::core::invocation::Invocation;
use crate::http::error::HttpError;

impl<S: Send + Sync> FromRequestParts<S> for Invocation {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let invocation = parts.extensions.get::<Self>().cloned();
        invocation.ok_or_else(|| HttpError::internal("the request did not come through a Lambda event"))
    }
}
