//! [`Served`]: a text that does not change while the function runs, and the responses for it.

use std::hash::{DefaultHasher, Hasher};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};

use crate::http::HttpError;
use crate::http::layers::entity_tag::{EntityTag, EntityTags};

/// The document or a page.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) path: String,
    text: Bytes,
    content_type: HeaderValue,
    etag: HeaderValue,
    cache_control: HeaderValue,
    /// A page has one.
    policy: Option<HeaderValue>,
}

impl Served {
    pub(super) fn document(path: &str, text: Bytes, is_public: bool) -> Self {
        Self::new(path, text, "application/json", is_public)
    }

    pub(super) fn page(path: &str, html: String, policy: &str, is_public: bool) -> Self {
        // Its parts are checked, so it is a header value.
        let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        let page = Self::new(path, html.into(), "text/html; charset=utf-8", is_public);
        Self { policy: Some(policy), ..page }
    }

    fn new(path: &str, text: Bytes, content_type: &'static str, is_public: bool) -> Self {
        // A shared cache must not keep what a layer protects.
        let cache_control = if is_public { "no-cache" } else { "private, no-cache" };
        Self {
            path: path.to_owned(),
            etag: etag(&text),
            text,
            content_type: HeaderValue::from_static(content_type),
            cache_control: HeaderValue::from_static(cache_control),
            policy: None,
        }
    }

    /// Returns the response, if the request is for this text.
    pub(super) fn respond<R>(&self, path: &str, request: &Request<R>) -> Option<Response> {
        let rest = path.strip_prefix(self.path.as_str())?;
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match rest {
            "" if is_read => Some(self.read(request)),
            "" => {
                let error = HttpError::method_not_allowed("method not allowed");
                let allow = HeaderValue::from_static("GET, HEAD");
                Some(error.with_header(header::ALLOW, allow).into_response())
            }
            // Links relative to `/docs/` would lead elsewhere.
            "/" if is_read && self.policy.is_some() => {
                let name = self.path.rsplit('/').next().unwrap_or_default();
                let location = (header::LOCATION, format!("../{name}"));
                let cache_control = [(header::CACHE_CONTROL, self.cache_control.clone())];
                Some((StatusCode::PERMANENT_REDIRECT, [location], cache_control).into_response())
            }
            _ => None,
        }
    }

    fn read<R>(&self, request: &Request<R>) -> Response {
        let mut response = Response::new(Body::empty());
        let is_known = match EntityTags::read(request.headers(), &header::IF_NONE_MATCH) {
            None => false,
            Some(EntityTags::Any) => true,
            // The comparison is weak: a cache may have changed the tag.
            Some(EntityTags::List(tags)) => {
                let own = EntityTag::parse(self.etag.as_bytes());
                own.is_some_and(|own| tags.iter().any(|tag| tag.opaque == own.opaque))
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        if let Some(policy) = &self.policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.text.len()));
        if *request.method() == Method::GET {
            *response.body_mut() = Body::from(self.text.clone());
        }
        response
    }
}

/// Returns a strong entity tag. Its hash need not resist an attack: the text is in the binary.
fn etag(text: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(text);
    let tag = format!("\"{:016x}-{:x}\"", hasher.finish(), text.len());
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}
