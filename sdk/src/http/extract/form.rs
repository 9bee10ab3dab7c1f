//! [`Form`]: a URL-encoded form as a typed value, and a typed value as a form.
//!
//! A repeated key is a `Vec`, a missing one an `Option` or a default. As in axum, the form of a `GET` or `HEAD` is the
//! query, that of any other method the body.
//!
//! | the request | the response |
//! |---|---|
//! | `Content-Type` is missing or not `application/x-www-form-urlencoded` | 415 |
//! | `Content-Encoding` is not `identity`: the body is compressed | 415 |
//! | the body is larger than the limit (6 MB) or has more than 10,000 fields | 413 |
//! | the body does not match `T` | 422, with a JSON Pointer to the field |
//! | the query of a `GET` or `HEAD` does not match `T` | 400, with a JSON Pointer to the field |
//!
//! Every text is a valid form ([URL Standard](https://url.spec.whatwg.org/#urlencoded-parsing)): an invalid escape
//! stays literal, and invalid UTF-8 becomes U+FFFD. For files, use `Multipart`.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Body, Form, FromRequest, Request};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct SignUp {
//!     email: String,
//!     #[serde(default)]
//!     topic: Vec<String>, // topic=a&topic=b
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let request = Request::post("/")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(Body::from("email=ada%40example.com&topic=rust&topic=aws"))?;
//! let Form(sign_up) = Form::<SignUp>::from_request(request, &()).await?;
//! assert_eq!(sign_up.email, "ada@example.com");
//! assert_eq!(sign_up.topic, ["rust", "aws"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::{Deref, DerefMut};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::query::{decode, mismatch};
use crate::http::error::{HttpError, Rejection};
use crate::http::extract::content_type::{media_type, reject_encoded};

/// The maximum number of fields in a body: each costs far more memory than its two bytes of text.
const FIELDS: usize = 10_000;

/// A form as a typed value: extractor and response. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> Form<T> {
    /// Reads a `T` from the text of a form, with the same rejections as the extractor.
    ///
    /// # Errors
    ///
    /// 422 if it does not match `T`, 413 if it has more than 10,000 fields.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.iter().filter(|byte| **byte == b'&').count() >= FIELDS {
            return Err(Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body has too many fields"));
        }
        decode(bytes).map(Self).map_err(|field| mismatch(StatusCode::UNPROCESSABLE_ENTITY, "request body", field))
    }
}

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        if is_in_query(&request) {
            let query = request.uri().query().unwrap_or_default();
            let decoded = decode(query.as_bytes());
            return decoded.map(Self).map_err(|field| mismatch(StatusCode::BAD_REQUEST, "query string", field));
        }
        if !is_form(request.headers()) {
            return Err(not_form());
        }
        reject_encoded(request.headers())?;
        Self::from_bytes(&Bytes::from_request(request, state).await?)
    }
}

impl<T, S> OptionalFromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` if the request has neither a `Content-Type` nor a body; for a `GET` or `HEAD`, if it has no
    /// query.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Rejection> {
        if is_in_query(&request) {
            if request.uri().query().unwrap_or_default().is_empty() {
                return Ok(None);
            }
        } else if !request.headers().contains_key(header::CONTENT_TYPE) {
            let bytes = Bytes::from_request(request, state).await?;
            return if bytes.is_empty() { Ok(None) } else { Err(not_form()) };
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

fn is_in_query(request: &Request) -> bool {
    request.method() == Method::GET || request.method() == Method::HEAD
}

fn not_form() -> Rejection {
    Rejection::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the request body must be a form; set `Content-Type: application/x-www-form-urlencoded`",
    )
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|mime| mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.as_ref())
}

impl<T: Serialize> IntoResponse for Form<T> {
    fn into_response(self) -> Response {
        match serde_html_form::to_string(&self.0) {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                response.headers_mut().insert(header::CONTENT_TYPE, form);
                response
            }
            Err(error) => HttpError::internal(error).into_response(),
        }
    }
}

impl<T> Deref for Form<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Form<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Form<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::FieldError;
    use http_body_util::BodyExt;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Order {
        amount: u8,
        #[serde(default)]
        tag: Vec<String>,
    }

    async fn extract(request: http::request::Builder, body: &'static str) -> Result<Order, Rejection> {
        let request = request.body(Body::from(body)).unwrap();
        <Form<Order> as FromRequest<()>>::from_request(request, &()).await.map(|form| form.0)
    }

    fn post(content_type: &str) -> http::request::Builder {
        http::Request::post("/?amount=9").header("content-type", content_type)
    }

    #[tokio::test]
    async fn repeated_keys_are_a_vec_and_the_query_of_a_post_is_ignored() {
        let order = extract(post("application/x-www-form-urlencoded"), "tag=a+b&amount=3&tag=%C3%A9").await.unwrap();
        assert_eq!(order, Order { amount: 3, tag: vec!["a b".into(), "é".into()] });
    }

    #[tokio::test]
    async fn a_get_has_its_form_in_the_query() {
        assert_eq!(extract(http::Request::get("/?amount=3"), "").await.unwrap(), Order { amount: 3, tag: vec![] });
        let rejection = extract(http::Request::get("/?amount=x"), "").await.unwrap_err();
        assert_eq!((rejection.status().as_u16(), rejection.fields()[0].pointer()), (400, "/amount"));
    }

    #[tokio::test]
    async fn the_content_type_decides_before_the_body() {
        for (content_type, status) in [
            ("application/x-www-form-urlencoded", 200),
            ("Application/X-WWW-Form-UrlEncoded; charset=UTF-8", 200),
            ("application/x-www-form-urlencoded-extra", 415),
            ("text/application/x-www-form-urlencoded", 415),
            ("application/json", 415),
            ("", 415),
        ] {
            let got = extract(post(content_type), "amount=1").await;
            assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{content_type}");
        }
        assert_eq!(extract(http::Request::post("/"), "amount=1").await.unwrap_err().status(), 415);
        let compressed = post("application/x-www-form-urlencoded").header("content-encoding", "gzip");
        assert_eq!(extract(compressed, "amount=1").await.unwrap_err().status(), 415);
    }

    #[test]
    fn a_form_of_the_wrong_shape_points_at_the_field_and_repeats_nothing() {
        for (body, pointer, detail) in [
            ("amount=hunter2", "/amount", "expected an integer from 0 to 255"),
            ("amount=256", "/amount", "expected an integer from 0 to 255"),
            ("amount=", "/amount", "expected an integer from 0 to 255"),
            ("amount=1&amount=2", "/amount", "must occur only once"),
            ("tag=hunter2", "/amount", "is missing"),
            ("", "/amount", "is missing"),
        ] {
            let rejection = Form::<Order>::from_bytes(body.as_bytes()).unwrap_err();
            assert_eq!(rejection.status(), 422);
            assert_eq!(rejection.fields(), [FieldError::new(pointer, detail)], "{body}");
        }
    }

    #[test]
    fn a_body_of_millions_of_fields_is_rejected_before_it_is_split() {
        let body = "a&".repeat(3_000_000);
        assert_eq!(Form::<Vec<(String, String)>>::from_bytes(body.as_bytes()).unwrap_err().status(), 413);
    }

    #[tokio::test]
    async fn no_form_at_all_is_none() {
        let none = |request: http::request::Builder, body: &'static str| async move {
            let request = request.body(Body::from(body)).unwrap();
            <Form<Order> as OptionalFromRequest<()>>::from_request(request, &()).await.map(|form| form.is_none())
        };
        assert!(none(http::Request::post("/"), "").await.unwrap());
        assert!(none(http::Request::get("/"), "").await.unwrap());
        assert!(!none(http::Request::get("/?amount=1"), "").await.unwrap());
        assert_eq!(none(http::Request::post("/"), "amount=1").await.unwrap_err().status(), 415);
        assert_eq!(none(post("application/x-www-form-urlencoded"), "").await.unwrap_err().status(), 422);
    }

    #[tokio::test]
    async fn a_response_is_a_form_too() {
        let response = Form(Order { amount: 3, tag: vec!["a b".into(), "&".into()] }).into_response();
        assert_eq!(response.headers()["content-type"], "application/x-www-form-urlencoded");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "amount=3&tag=a+b&tag=%26");
    }
}
