//! [`Format`]: a media type in which the layer writes values of every type.

use std::fmt;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};

use crate::core::error::BoxError;
use crate::http::error::HttpError;

/// A media type in which [`NegotiationLayer`](super::NegotiationLayer) writes the values of every
/// [`Negotiate<T>`](super::Negotiate): [`JsonFormat`], [`CsvFormat`](super::CsvFormat) with the feature
/// `negotiation-csv`, or your own.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::http::negotiation::{Content, Format, JsonFormat};
/// use pilaster::http::{Method, Negotiate, NegotiationLayer, Stack};
///
/// struct Pretty;
///
/// impl Format for Pretty {
///     fn media_type(&self) -> &'static str {
///         "text/plain; charset=utf-8"
///     }
///
///     fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
///         Ok(serde_json::to_vec_pretty(value)?)
///     }
/// }
///
/// async fn report(_: Method) -> Negotiate<Vec<u32>> {
///     Negotiate(vec![7])
/// }
///
/// let layer = NegotiationLayer::new().format(JsonFormat).format(Pretty);
/// # #[cfg(feature = "testing")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # use pilaster::testing::{Caller, http::get};
/// let caller = Caller::new(pilaster::handler(report).layer(Stack::new().layer(layer)));
/// let response = caller.send(get("/").header("accept", "text/*")).await?;
/// assert_eq!(response.text(), "[\n  7\n]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Format: Send + Sync + 'static {
    /// Returns the media type, which is also the `Content-Type` of the response. It must be the same in each call.
    fn media_type(&self) -> &'static str;

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// Any error is a 500, and is logged.
    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError>;
}

/// The value of a [`Negotiate<T>`](super::Negotiate), which a [`Format`] serializes.
pub struct Content<'v>(pub(super) &'v dyn erased_serde::Serialize);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(self.0, serializer)
    }
}

/// Does not show the value.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

/// `application/json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonFormat;

impl Format for JsonFormat {
    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
        Ok(serde_json::to_vec(value)?)
    }
}

/// The formats of a layer.
#[derive(Clone, Default)]
pub(super) struct Formats(Vec<(&'static str, Arc<dyn Format>)>);

impl Formats {
    pub(super) fn add(&mut self, media_type: &'static str, format: impl Format) {
        self.0.push((media_type, Arc::new(format)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn media_types(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(media_type, _)| *media_type)
    }

    /// Writes a value; `None` without a format of this media type.
    pub(super) fn write(&self, media_type: &str, value: &Content<'_>) -> Option<Response> {
        let (_, format) = self.0.iter().find(|(known, _)| *known == media_type)?;
        Some(match format.write(value) {
            Ok(written) => Response::new(Body::from(written)),
            Err(error) => HttpError::internal(error).into_response(),
        })
    }
}
