//! [`Secret`] as an extractor of HTTP functions.

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::client::registry;
use crate::config::secrets::{FromSecret, Secret};
use crate::http::error::HttpError;

impl<S: Send + Sync, T: FromSecret> FromRequestParts<S> for Secret<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Self::of(registry(&parts.extensions)).await.map_err(HttpError::from_boxed)
    }
}
