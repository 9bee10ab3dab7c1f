//! [`CborFormat`]: concise binary objects.

use super::format::{Content, Format};
use crate::core::error::BoxError;

/// `application/cbor` ([RFC 8949](https://www.rfc-editor.org/rfc/rfc8949)).
///
/// A struct is a map whose keys are the names of its fields. What serde writes as bytes, such as a
/// [`Bytes`](crate::http::Bytes) or a field with `serde_bytes`, is a byte string and not a list of numbers, and a number
/// keeps its 64 bits. The body is sent in base64 to API Gateway, which decodes it for the client: a REST API must list
/// the type in its
/// [binary media types](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html).
///
/// # Example
///
/// ```
/// use pilaster::http::negotiation::{CborFormat, JsonFormat};
/// use pilaster::http::{Method, Negotiate, NegotiationLayer, Stack};
///
/// async fn readings(_: Method) -> Negotiate<Vec<u8>> {
///     Negotiate(vec![7, 24])
/// }
///
/// let layer = NegotiationLayer::new().format(JsonFormat).format(CborFormat);
/// # #[cfg(feature = "testing")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # use pilaster::testing::{Caller, http::get};
/// let caller = Caller::new(pilaster::handler(readings).layer(Stack::new().layer(layer)));
/// let response = caller.send(get("/").header("accept", "application/cbor")).await?;
/// assert_eq!(response.bytes()[..], [0x82, 0x07, 0x18, 0x18]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CborFormat;

impl Format for CborFormat {
    fn media_type(&self) -> &'static str {
        "application/cbor"
    }

    fn write(&self, value: &Content<'_>) -> Result<Vec<u8>, BoxError> {
        let mut written = Vec::new();
        ciborium::into_writer(value, &mut written)?;
        Ok(written)
    }
}
