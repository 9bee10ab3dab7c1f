//! [`Field`]: one part of the body, read within its limit.

use std::marker::PhantomData;

use axum::extract::multipart::{self, MultipartError};
use bytes::{Bytes, BytesMut};
use encoding_rs::{Encoding, UTF_8};
use http::{HeaderMap, StatusCode};

use super::Multipart;
use crate::core::json::push_step;
use crate::http::error::{FieldError, Rejection};

/// One part of a `multipart/form-data` body. It must be dropped before the next one is read.
#[derive(Debug)]
pub struct Field<'a> {
    inner: multipart::Field<'a>,
    /// The file name that multer does not find.
    file_name: Option<String>,
    limit: Option<Limit>,
    received: usize,
    _reading: Reading<'a>,
}

/// The size limit of a part, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// The name of the part, if the function has set a limit for it.
    name: Option<&'static str>,
    bytes: usize,
}

impl Limit {
    pub(super) fn of(
        field: &multipart::Field<'_>,
        file_limit: Option<usize>,
        field_limits: &[(&'static str, usize)],
    ) -> Option<Self> {
        match field_limits.iter().rev().find(|(name, _)| field.name() == Some(name)) {
            Some((name, bytes)) => Some(Self { name: Some(name), bytes: *bytes }),
            None => file_limit.map(|bytes| Self { name: None, bytes }),
        }
    }

    fn exceeded(self) -> Rejection {
        let rejection = Rejection::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a part of the request body exceeds its limit of {} bytes", self.bytes),
        );
        match self.name {
            Some(name) => {
                let mut pointer = String::new();
                push_step(&mut pointer, name);
                rejection.with_field(FieldError::new(pointer, "is too large"))
            }
            None => rejection,
        }
    }
}

/// multer fails if two parts are read at the same time; a borrow until the drop makes that a compile error.
#[derive(Debug)]
struct Reading<'a>(PhantomData<&'a mut Multipart>);

impl Drop for Reading<'_> {
    fn drop(&mut self) {}
}

impl<'a> Field<'a> {
    pub(super) fn new(inner: multipart::Field<'a>, file_name: Option<String>, limit: Option<Limit>) -> Self {
        Self { inner, file_name, limit, received: 0, _reading: Reading(PhantomData) }
    }

    /// Returns the name from `Content-Disposition`.
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }

    /// Returns the name of the uploaded file from `Content-Disposition`, without directories, as [RFC 7578, section
    /// 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2) requires: the text after the last `/` or `\`. `None` if
    /// the part has no `filename`, or if the result is `.`, `..` or empty.
    pub fn file_name(&self) -> Option<&str> {
        let name = self.raw_file_name()?.rsplit(['/', '\\']).next()?.trim();
        (!matches!(name, "" | "." | "..")).then_some(name)
    }

    /// Returns the file name as the client sent it. It may be a path: do not open it.
    pub fn raw_file_name(&self) -> Option<&str> {
        self.inner.file_name().or(self.file_name.as_deref())
    }

    /// Returns the media type that the client sent.
    pub fn content_type(&self) -> Option<&str> {
        self.inner.content_type()
    }

    /// Returns the headers of this part.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Reads the whole content.
    ///
    /// # Errors
    ///
    /// 400 if the body is malformed, 413 if it is larger than the limit or the part is larger than its own.
    pub async fn bytes(mut self) -> Result<Bytes, Rejection> {
        if self.limit.is_none() {
            return self.inner.bytes().await.map_err(reject);
        }
        let mut content = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }

    /// Reads the whole content as text. The charset is that of the part's `Content-Type`, UTF-8 by default. Invalid
    /// bytes become U+FFFD.
    ///
    /// # Errors
    ///
    /// The same as those of [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Rejection> {
        let mime = self.content_type().and_then(|text| text.parse::<mime::Mime>().ok());
        let charset = mime.as_ref().and_then(|mime| mime.get_param(mime::CHARSET));
        let encoding = charset.and_then(|charset| Encoding::for_label(charset.as_str().as_bytes())).unwrap_or(UTF_8);
        Ok(encoding.decode(&self.bytes().await?).0.into_owned())
    }

    /// Reads the next chunk of the content; `None` at its end.
    ///
    /// # Errors
    ///
    /// The same as those of [`bytes`](Self::bytes).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Rejection> {
        let Some(chunk) = self.inner.chunk().await.map_err(reject)? else { return Ok(None) };
        self.received += chunk.len();
        match self.limit {
            Some(limit) if self.received > limit.bytes => Err(limit.exceeded()),
            _ => Ok(Some(chunk)),
        }
    }
}

/// Rejects the request with multer's error as the source, which is not sent, since it contains the client's names.
pub(super) fn reject(error: MultipartError) -> Rejection {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body exceeds the size limit");
    }
    Rejection::new(StatusCode::BAD_REQUEST, "the request body is not valid `multipart/form-data`").with_source(error)
}
