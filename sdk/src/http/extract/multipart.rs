//! [`Multipart`]: the parts of a `multipart/form-data` body, one after the other: uploaded files and the fields beside them.
//!
//! It is axum's extractor (by multer) with this library's rejections:
//!
//! | the request | the answer |
//! |---|---|
//! | `Content-Type` is not `multipart/form-data`, or missing | 415 |
//! | `Content-Encoding` is not `identity`: the body is compressed | 415 |
//! | the body is larger than the limit (6 MB) or has more than 1,000 parts; a part is larger than its own limit | 413 |
//! | there is no boundary, or the body does not keep to it | 400 |
//!
//! [`file_limit`](Multipart::file_limit) is the limit of each file in bytes, [`field_limit`](Multipart::field_limit) that of the parts
//! with a name. `filename*` is not used, as [RFC 7578, section 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2) requires: such
//! a part counts as a file, but has no file name by it.
//!
//! The last two may be found only while the parts are read: `?` in the function makes them the answer. A file has as many
//! bytes as the caller sent: API Gateway passes a binary body as base64 (a REST API needs `multipart/form-data` among its
//! binary media types), which is decoded before. Names, file names and media types are the caller's text.
//! [`Field::file_name`] has no folders, so that it cannot lead out of the folder that it is put into; it can still be the name
//! of a file that is there.
//!
//! Lambda takes 6 MB as text, so about 4.5 MB of files; larger ones are uploaded to S3 by a presigned URL.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Body, FromRequest, HttpError, Multipart, Request};
//!
//! async fn upload(mut parts: Multipart) -> Result<String, HttpError> {
//!     let mut told = String::new();
//!     while let Some(part) = parts.next_field().await? {
//!         let name = part.name().unwrap_or_default().to_owned();
//!         told += &format!("{name}: {} bytes\n", part.bytes().await?.len());
//!     }
//!     Ok(told)
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

use std::marker::PhantomData;

use axum::extract::multipart::{self, MultipartError};
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use bytes::{Bytes, BytesMut};
use encoding_rs::{Encoding, UTF_8};
use http::{HeaderMap, StatusCode, header};

use self::disposition::Disposition;
use crate::core::json::push_step;
use crate::http::extract::content_encoding::refuse_coded;
use crate::http::rejection::{FieldError, Rejection};

/// The most parts that are read: each has headers of its own to parse.
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
    /// Sets the most bytes that each file may have. A larger one is a 413 when it is read. A part is a file if it has a parameter such as
    /// `filename` or `filename*`, in letters of either case, or a `Content-Type` of its own.
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

    /// Sets the most bytes that a part of this name may have, be it a file or not, instead of [`file_limit`](Self::file_limit).
    /// A larger one is a 413 when it is read; a part that is passed over is not measured. The last limit of a name counts.
    #[must_use]
    pub fn field_limit(mut self, name: &'static str, bytes: usize) -> Self {
        self.field_limits.push((name, bytes));
        self
    }

    /// The next part; what was not read of the one before is passed over.
    ///
    /// # Errors
    ///
    /// 400 where the body is not well-formed, 413 where it is larger than the limit or this would be part 1,001.
    pub async fn next_field(&mut self) -> Result<Option<Field<'_>>, Rejection> {
        let (file_limit, field_limits) = (self.file_limit, &self.field_limits);
        let Some(inner) = self.inner.next_field().await.map_err(reject)? else { return Ok(None) };
        self.read += 1;
        if self.read > PARTS {
            return Err(Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the body has too many parts"));
        }
        let disposition = Disposition::of(&inner);
        let limit = Limit::of(&inner, file_limit.filter(|_| disposition.is_file), field_limits);
        let file_name = disposition.file_name;
        Ok(Some(Field { inner, file_name, limit, received: 0, _reading: Reading(PhantomData) }))
    }
}

/// One part of a `multipart/form-data` body. The next one can be read when this one is dropped.
#[derive(Debug)]
pub struct Field<'a> {
    inner: multipart::Field<'a>,
    /// The file name that multer does not see.
    file_name: Option<String>,
    limit: Option<Limit>,
    received: usize,
    _reading: Reading<'a>,
}

/// The most bytes of a part.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// The name that the function gave.
    name: Option<&'static str>,
    bytes: usize,
}

impl Limit {
    fn of(
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
            format!("a part of the body is larger than its limit of {} bytes", self.bytes),
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

/// Two parts at a time are an error of multer's; what borrows until it is dropped makes that an error of the compiler's.
#[derive(Debug)]
struct Reading<'a>(PhantomData<&'a mut Multipart>);

impl Drop for Reading<'_> {
    fn drop(&mut self) {}
}

impl Field<'_> {
    /// The name, from `Content-Disposition`.
    pub fn name(&self) -> Option<&str> {
        self.inner.name()
    }

    /// The name of the uploaded file, from `Content-Disposition`, without the folders that the caller's text may have, as
    /// [RFC 7578, section 4.2](https://www.rfc-editor.org/rfc/rfc7578#section-4.2) requires: the part behind the last `/` or `\`.
    /// `None` if the part has no `filename`, or if nothing is left but `.`, `..` or an empty text.
    pub fn file_name(&self) -> Option<&str> {
        let name = self.raw_file_name()?.rsplit(['/', '\\']).next()?.trim();
        (!matches!(name, "" | "." | "..")).then_some(name)
    }

    /// The text that the caller sent as the file's name, which may be a path. Never use it as one.
    pub fn raw_file_name(&self) -> Option<&str> {
        self.inner.file_name().or(self.file_name.as_deref())
    }

    /// The media type that the caller names.
    pub fn content_type(&self) -> Option<&str> {
        self.inner.content_type()
    }

    /// All headers of this part.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The whole content.
    ///
    /// # Errors
    ///
    /// 400 where the body is not well-formed, 413 where it is larger than the limit or the part larger than its own.
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

    /// The whole content as text. The charset is the one that the part's `Content-Type` names, UTF-8 without one. Bytes that are not
    /// text in it become U+FFFD.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Rejection> {
        let mime = self.content_type().and_then(|text| text.parse::<mime::Mime>().ok());
        let charset = mime.as_ref().and_then(|mime| mime.get_param(mime::CHARSET));
        let encoding = charset.and_then(|charset| Encoding::for_label(charset.as_str().as_bytes())).unwrap_or(UTF_8);
        Ok(encoding.decode(&self.bytes().await?).0.into_owned())
    }

    /// The next piece of the content; `None` at its end.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Rejection> {
        let Some(chunk) = self.inner.chunk().await.map_err(reject)? else { return Ok(None) };
        self.received += chunk.len();
        match self.limit {
            Some(limit) if self.received > limit.bytes => Err(limit.exceeded()),
            _ => Ok(Some(chunk)),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Multipart {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        if !is_multipart(request.headers()) {
            return Err(not_multipart());
        }
        refuse_coded(request.headers())?;
        match <multipart::Multipart as FromRequest<S>>::from_request(request, state).await {
            Ok(inner) => Ok(Self { inner, read: 0, file_limit: None, field_limits: Vec::new() }),
            Err(_) => Err(Rejection::new(StatusCode::BAD_REQUEST, "`Content-Type` names no boundary")),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequest<S> for Multipart {
    type Rejection = Rejection;

    /// `None` where there is neither a `Content-Type` nor a body.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Rejection> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return <Self as FromRequest<S>>::from_request(request, state).await.map(Some);
        }
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.is_empty() { Ok(None) } else { Err(not_multipart()) }
    }
}

fn not_multipart() -> Rejection {
    let detail = "the body must be a form with parts: send `Content-Type: multipart/form-data`";
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mime = value.and_then(|text| text.parse::<mime::Mime>().ok());
    mime.is_some_and(|mime| mime.essence_str() == mime::MULTIPART_FORM_DATA.as_ref())
}

/// multer's sentences hold names that the caller sent: they go into the source, which is not sent.
fn reject(error: MultipartError) -> Rejection {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit");
    }
    Rejection::new(StatusCode::BAD_REQUEST, "the body is not well-formed `multipart/form-data`").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_core::body::Body;
    use axum_core::extract::DefaultBodyLimit;

    const TYPE: &str = "multipart/form-data; boundary=x";

    async fn extract(content_type: &str, body: impl Into<Body>) -> Result<Multipart, Rejection> {
        let request = http::Request::post("/").header("content-type", content_type);
        <Multipart as FromRequest<()>>::from_request(request.body(body.into()).unwrap(), &()).await
    }

    fn part(name: &str, content: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    }

    async fn read(mut parts: Multipart) -> Result<Vec<(String, Bytes)>, Rejection> {
        let mut read = Vec::new();
        while let Some(part) = parts.next_field().await? {
            read.push((part.name().unwrap_or_default().to_owned(), part.bytes().await?));
        }
        Ok(read)
    }

    #[tokio::test]
    async fn the_parts_come_one_after_the_other() {
        let file = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../a.png\"\r\nContent-Type: image/png\r\n\r\n";
        let mut body = part("a", "1").into_bytes();
        body.extend_from_slice(file.as_bytes());
        body.extend_from_slice(b"\xFF\x00\r\n\r\n--x--\r\n");
        let mut parts = extract("Multipart/Form-Data;boundary=\"x\"; charset=utf-8", body).await.unwrap();
        assert_eq!(parts.next_field().await.unwrap().unwrap().text().await.unwrap(), "1");
        let mut file = parts.next_field().await.unwrap().unwrap();
        assert_eq!((file.file_name(), file.content_type()), (Some("a.png"), Some("image/png")));
        assert_eq!(file.raw_file_name(), Some("../a.png"));
        assert_eq!(file.headers().len(), 2);
        assert_eq!(file.chunk().await.unwrap().unwrap(), &b"\xFF\x00\r\n"[..]);
        assert_eq!(file.chunk().await.unwrap(), None);
        drop(file);
        assert!(parts.next_field().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_content_type_decides_before_the_body() {
        for (content_type, status) in [
            (TYPE, 200),
            ("multipart/form-data", 400),
            ("multipart/mixed; boundary=x", 415),
            ("multipart/form-data; boundary=x; junk", 415),
            ("application/json", 415),
            ("", 415),
        ] {
            let got = extract(content_type, "").await;
            assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{content_type}");
        }
        let compressed = http::Request::post("/").header("content-type", TYPE).header("content-encoding", "gzip");
        let rejection =
            <Multipart as FromRequest<()>>::from_request(compressed.body(Body::empty()).unwrap(), &()).await;
        assert_eq!(rejection.unwrap_err().status(), 415);
    }

    #[tokio::test]
    async fn a_body_that_is_not_well_formed_is_a_400_that_repeats_nothing() {
        let broken = "--x\r\nContent-Disposition: form-data; name=\"hunter2\"\r\nhunter2\r\n\r\n1\r\n--x--";
        for body in ["", "hunter2", "--x", "--y\r\n", &part("hunter2", "1"), "--x\r\nhunter2", broken] {
            let rejection = read(extract(TYPE, body.to_owned()).await.unwrap()).await.unwrap_err();
            assert_eq!(rejection.status(), 400, "{body}");
            assert!(!rejection.detail().contains("hunter2"));
        }
        for boundary in ["multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
            let status = match extract(boundary, "--\r\n\r\n----").await {
                Ok(parts) => read(parts).await.map(|_| ()).unwrap_err().status(),
                Err(rejection) => rejection.status(),
            };
            assert!(status.is_client_error(), "{boundary}");
        }
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_a_413() {
        let body = part("a", &"1".repeat(2000)) + "--x--";
        let mut request = http::Request::post("/").header("content-type", TYPE).body(Body::from(body)).unwrap();
        DefaultBodyLimit::max(1000).apply(&mut request);
        let parts = <Multipart as FromRequest<()>>::from_request(request, &()).await.unwrap();
        assert_eq!(read(parts).await.unwrap_err().status(), 413);
    }

    #[tokio::test]
    async fn a_file_name_has_no_folders() {
        for (sent, name) in [
            ("../../x", Some("x")),
            ("..\\\\..\\\\x.png", Some("x.png")),
            ("C:/users\\\\ada/ü b.png", Some("ü b.png")),
            ("/etc/", None),
            ("..", None),
            (".", None),
            ("a/.. ", None),
            ("", None),
            ("...", Some("...")),
        ] {
            let body =
                format!("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{sent}\"\r\n\r\n1\r\n--x--");
            let mut parts = extract(TYPE, body).await.unwrap();
            assert_eq!(parts.next_field().await.unwrap().unwrap().file_name(), name, "{sent}");
        }
    }

    #[tokio::test]
    async fn a_file_is_one_however_the_client_writes_it() {
        for (headers, name, is_file) in [
            ("; FileName=\"../a.png\"", Some("a.png"), true),
            ("; FILENAME=a.png", Some("a.png"), true),
            ("; FileName = \"a\\\"b.png\"", Some("a\"b.png"), true),
            ("; filename*=UTF-8''a.png", None, true),
            ("; filename*=UTF-8''b.png; filename=\"a.png\"", Some("a.png"), true),
            ("; filename*0=\"a\"", None, true),
            ("; FileName", Some(""), true),
            ("\r\nContent-Type: image/png", None, true),
            ("; x=\"; FileName=a\"", None, false),
            ("; x=\"FileName=a\"", None, false),
            ("", None, false),
        ] {
            let name = name.filter(|name| !name.is_empty());
            let body =
                format!("--x\r\nContent-Disposition: form-data; name=\"filename\"{headers}\r\n\r\n1234\r\n--x--");
            let mut parts = extract(TYPE, body).await.unwrap().file_limit(3);
            let part = parts.next_field().await.unwrap().unwrap();
            assert_eq!((part.name(), part.file_name()), (Some("filename"), name), "{headers}");
            assert_eq!(part.bytes().await.is_err(), is_file, "{headers}");
        }
        let mut body =
            b"--x\r\nContent-Disposition: form-data; name=f; filename=\"\xFF\"\r\n\r\n1234\r\n--x--".to_vec();
        for _ in 0..2 {
            let mut parts = extract(TYPE, body.clone()).await.unwrap().file_limit(3);
            let part = parts.next_field().await.unwrap().unwrap();
            assert_eq!(part.file_name(), Some("\u{fffd}"));
            assert_eq!(part.bytes().await.unwrap_err().status(), 413);
            // The other form of the same parameter.
            body = b"--x\r\nContent-Disposition: form-data; FILENAME=\xFF\r\n\r\n1234\r\n--x--".to_vec();
        }
    }

    #[tokio::test]
    async fn a_part_above_its_own_limit_is_a_413_that_names_it() {
        let file = |name: &str, size: usize| {
            let content = "1".repeat(size);
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n{content}\r\n")
        };
        for (body, status, field) in [
            (
                file("any", 10) + &file("a/b", 20) + &part("note", &"1".repeat(5)) + &part("free", &"1".repeat(99)),
                200,
                None,
            ),
            (file("any", 11), 413, None),
            (file("a/b", 21), 413, Some("/a~1b")),
            (part("note", "123456"), 413, Some("/note")),
            (file("note", 6), 413, Some("/note")),
        ] {
            for as_text in [false, true] {
                let parts = extract(TYPE, body.clone() + "--x--").await.unwrap();
                let mut parts =
                    parts.file_limit(10).field_limit("a/b", 20).field_limit("note", 7).field_limit("note", 5);
                let mut refused = None;
                while let Some(part) = parts.next_field().await.unwrap() {
                    let read = if as_text { part.text().await.map(|_| ()) } else { part.bytes().await.map(|_| ()) };
                    refused = refused.or(read.err());
                }
                let pointer = refused.as_ref().and_then(|rejection| Some(rejection.fields().first()?.pointer()));
                assert_eq!((refused.as_ref().map_or(200, |r| r.status().as_u16()), pointer), (status, field), "{body}");
            }
        }
    }

    #[tokio::test]
    async fn more_than_a_thousand_parts_are_a_413() {
        let body = |count| part("a", "1").repeat(count) + "--x--";
        assert_eq!(read(extract(TYPE, body(PARTS)).await.unwrap()).await.unwrap().len(), PARTS);
        assert_eq!(read(extract(TYPE, body(PARTS + 1)).await.unwrap()).await.unwrap_err().status(), 413);
    }

    #[tokio::test]
    async fn no_body_at_all_is_none() {
        let request = http::Request::post("/").body(Body::empty()).unwrap();
        assert!(<Multipart as OptionalFromRequest<()>>::from_request(request, &()).await.unwrap().is_none());
        let request = http::Request::post("/").body(Body::from("x")).unwrap();
        let rejection = <Multipart as OptionalFromRequest<()>>::from_request(request, &()).await.unwrap_err();
        assert_eq!(rejection.status(), 415);
    }
}
