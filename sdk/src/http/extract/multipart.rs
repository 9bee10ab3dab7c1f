//! [`Multipart`]: the parts of a `multipart/form-data` body, in order: uploaded files and other fields.
//!
//! It is axum's extractor (based on multer) with the rejections of this crate:
//!
//! | the request | the response |
//! |---|---|
//! | `Content-Type` is missing or not `multipart/form-data` | 415 |
//! | `Content-Encoding` is not `identity`: the body is compressed | 415 |
//! | the body is larger than the limit (6 MB) or has more than 1,000 parts; a part is larger than its own limit | 413 |
//! | the boundary is missing, or the body does not match it | 400 |
//!
//! [`file_limit`](Multipart::file_limit) is the limit of each file in bytes, [`field_limit`](Multipart::field_limit)
//! that of the parts with a name. `filename*` is ignored, as
//! [RFC 7578, section 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2) requires: such a part counts as a file
//! and has no file name.
//!
//! The last two may occur while the function reads the parts; `?` returns them as the response. API Gateway passes a
//! binary body as base64 (a REST API needs `multipart/form-data` among its binary media types), which is decoded first.
//! Names, file names and media types are set by the client. [`Field::file_name`] contains no directories, so that it
//! cannot escape the directory of the upload; it can still be the name of an existing file.
//!
//! Lambda accepts 6 MB as text, which is about 4.5 MB of files; upload larger files to S3 with a presigned URL.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Body, FromRequest, HttpError, Multipart, Request};
//!
//! async fn upload(mut parts: Multipart) -> Result<String, HttpError> {
//!     let mut report = String::new();
//!     while let Some(part) = parts.next_field().await? {
//!         let name = part.name().unwrap_or_default().to_owned();
//!         report += &format!("{name}: {} bytes\n", part.bytes().await?.len());
//!     }
//!     Ok(report)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let body = "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\nabc\r\n--x--\r\n";
//! let request = Request::post("/")
//!     .header("content-type", "multipart/form-data; boundary=x")
//!     .body(Body::from(body))?;
//! let parts = Multipart::from_request(request, &()).await?;
//! assert_eq!(upload(parts).await.ok().as_deref(), Some("photo: 3 bytes\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod disposition;
mod field;
#[cfg(test)]
mod tests;

use axum::extract::multipart;
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use self::disposition::Disposition;
pub use self::field::Field;
use self::field::{Limit, reject};
use crate::http::error::Rejection;
use crate::http::extract::content_type::{media_type, reject_encoded};

/// The maximum number of parts, since each has headers to parse.
const PARTS: usize = 1000;

/// The parts of a `multipart/form-data` body. See the [module docs](self).
#[derive(Debug)]
pub struct Multipart {
    inner: multipart::Multipart,
    read: usize,
    file_limit: Option<usize>,
    field_limits: Vec<(&'static str, usize)>,
}

impl Multipart {
    /// Sets the size limit of each file, in bytes. A larger file is a 413 when it is read. A part is a file if it has a
    /// parameter such as `filename` or `filename*`, in upper or lower case, or its own `Content-Type`.
    ///
    /// ```
    /// use pilaster::http::{Multipart, NoContent, Rejection};
    ///
    /// async fn upload(parts: Multipart) -> Result<NoContent, Rejection> {
    ///     let mut parts = parts.file_limit(2_000_000).field_limit("avatar", 100_000).field_limit("note", 1_000);
    ///     while let Some(part) = parts.next_field().await? {
    ///         let _bytes = part.bytes().await?;
    ///     }
    ///     Ok(NoContent)
    /// }
    /// # let _ = upload;
    /// ```
    #[must_use]
    pub fn file_limit(mut self, bytes: usize) -> Self {
        self.file_limit = Some(bytes);
        self
    }

    /// Sets the size limit of a part with this name, in bytes, whether it is a file or not. It replaces
    /// [`file_limit`](Self::file_limit). A larger part is a 413 when it is read; a skipped part has no limit. If a name
    /// has several limits, the last one applies.
    #[must_use]
    pub fn field_limit(mut self, name: &'static str, bytes: usize) -> Self {
        self.field_limits.push((name, bytes));
        self
    }

    /// Returns the next part, and skips the rest of the previous one.
    ///
    /// # Errors
    ///
    /// 400 if the body is malformed, 413 if it is larger than the limit or this would be part 1,001.
    pub async fn next_field(&mut self) -> Result<Option<Field<'_>>, Rejection> {
        let (file_limit, field_limits) = (self.file_limit, &self.field_limits);
        let Some(inner) = self.inner.next_field().await.map_err(reject)? else { return Ok(None) };
        self.read += 1;
        if self.read > PARTS {
            return Err(Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body has too many parts"));
        }
        let disposition = Disposition::of(&inner);
        let limit = Limit::of(&inner, file_limit.filter(|_| disposition.is_file), field_limits);
        let file_name = disposition.file_name;
        Ok(Some(Field::new(inner, file_name, limit)))
    }
}

impl<S: Send + Sync> FromRequest<S> for Multipart {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        if !is_multipart(request.headers()) {
            return Err(not_multipart());
        }
        reject_encoded(request.headers())?;
        match <multipart::Multipart as FromRequest<S>>::from_request(request, state).await {
            Ok(inner) => Ok(Self { inner, read: 0, file_limit: None, field_limits: Vec::new() }),
            Err(_) => Err(Rejection::new(StatusCode::BAD_REQUEST, "`Content-Type` has no boundary")),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequest<S> for Multipart {
    type Rejection = Rejection;

    /// Returns `None` if the request has neither a `Content-Type` nor a body.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Rejection> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return <Self as FromRequest<S>>::from_request(request, state).await.map(Some);
        }
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.is_empty() { Ok(None) } else { Err(not_multipart()) }
    }
}

fn not_multipart() -> Rejection {
    let detail = "the request body must be a form with parts; set `Content-Type: multipart/form-data`";
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn is_multipart(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|mime| mime.essence_str() == mime::MULTIPART_FORM_DATA.as_ref())
}
