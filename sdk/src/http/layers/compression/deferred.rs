//! Compression of a buffered response, once its body is complete: the result is only used if it is smaller.

use std::pin::Pin;

use axum_core::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use tower_http::CompressionLevel;

use super::coding::{Coding, encode};
use super::entity_tags::mark;
use super::remove_digests;
use crate::core::error::BoxError;
use crate::core::panic::contained;
use crate::http::encoded_length::{base64_length, sent_length};

/// The compression that the layer has chosen. It is in the response's extensions, for the adapter to apply once it has
/// the whole body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeferredCompression {
    pub(super) coding: Coding,
    pub(super) level: CompressionLevel,
}

type Compressed<'a> = Pin<Box<dyn Future<Output = Result<Body, BoxError>> + Send + 'a>>;

impl DeferredCompression {
    /// Compresses the body if that makes it smaller, and sets the headers.
    ///
    /// A source takes bytes as base64 and text unchanged, so text must become a quarter smaller. A body of more than
    /// `limit` bytes can only be sent compressed, so it is not collected first.
    ///
    /// # Errors
    ///
    /// The error of the body.
    pub(crate) fn compress(self, headers: &mut HeaderMap, body: Body, limit: usize) -> Compressed<'_> {
        Box::pin(self.smaller(headers, body, limit))
    }

    async fn smaller(self, headers: &mut HeaderMap, body: Body, limit: usize) -> Result<Body, BoxError> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            // An outer layer has compressed it.
            return Ok(body);
        }
        let mut body = body.into_data_stream();
        let (mut chunks, mut size) = (Vec::new(), 0);
        while let Some(chunk) = body.next().await {
            let chunk: Bytes = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    contained(|| drop(body));
                    return Err(error.into());
                }
            };
            size += chunk.len();
            chunks.push(chunk);
            if size > limit {
                self.complete(headers);
                let chunks = stream::iter(chunks).map(Ok).chain(body);
                return Ok(self.encoded(Body::from_stream(chunks)));
            }
        }
        // Dropping the body may panic, but the bytes are complete.
        contained(|| drop(body));
        let plain = joined(chunks);
        let encoded = self.encoded(Body::from(plain.clone())).collect().await?.to_bytes();
        if base64_length(encoded.len()) >= sent_length(&plain) {
            Self::left_off(headers);
            return Ok(Body::from(plain));
        }
        self.complete(headers);
        Ok(Body::from(encoded))
    }

    /// Sets the headers of a compressed response.
    fn complete(self, headers: &mut HeaderMap) {
        headers.remove(header::ACCEPT_RANGES);
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(self.coding.name()));
        remove_digests(headers);
        mark(headers, Some(self.coding));
    }

    /// Sets the headers of a response that is not compressed, or whose body is not sent.
    pub(crate) fn left_off(headers: &mut HeaderMap) {
        mark(headers, None);
    }

    fn encoded(self, body: Body) -> Body {
        encode(Response::new(body), self.coding, self.level).into_body()
    }
}

fn joined(mut chunks: Vec<Bytes>) -> Bytes {
    match (chunks.pop(), chunks.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            let all = chunks.into_iter().chain(last);
            let mut joined = BytesMut::new();
            all.for_each(|chunk| joined.extend_from_slice(&chunk));
            joined.freeze()
        }
    }
}
