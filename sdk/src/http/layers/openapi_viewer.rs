//! Serves the OpenAPI document of an API, and pages that show it.
//!
//! The document is the file that `cargo run -- openapi > openapi.json` writes, so a release build contains its text and
//! nothing that makes it. A page is a small HTML text that links the scripts of a [`Viewer`] with their hashes; none of
//! them is in the binary.
//!
//! [`Stack::openapi_viewer`](crate::http::Stack::openapi_viewer) puts it where it belongs: inside your own layers, so
//! that a layer that authenticates protects the document and the pages too, or around them after
//! [`public`](OpenApiViewerLayer::public). The paths are those after the base path and the stage are removed. They are
//! not in the document.
//!
//! # Example
//!
//! ```
//! use http::Request;
//! use pilaster::http::openapi_viewer::{OpenApiViewerLayer, Viewer};
//! use pilaster::http::{Body, Response};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//!
//! # const DOCUMENT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Users", "version": "1"}, "paths": {}}"#;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let users = service_fn(async |_: Request<Body>| Ok::<_, std::convert::Infallible>(Response::new(Body::from("[]"))));
//! // In a function, `include_str!("../openapi.json")` is the document.
//! let layer = OpenApiViewerLayer::new(DOCUMENT).page("/docs", Viewer::swagger_ui());
//! let mut service = layer.layer(users);
//!
//! let page = service.call(Request::builder().uri("/docs").body(Body::empty())?).await?;
//! assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
//! assert!(page.headers()["content-security-policy"].to_str()?.starts_with("default-src 'none'"));
//! let document = service.call(Request::builder().uri("/openapi.json").body(Body::empty())?).await?;
//! assert_eq!(document.headers()["content-type"], "application/json");
//! let other = service.call(Request::builder().uri("/users").body(Body::empty())?).await?;
//! assert!(!other.headers().contains_key("etag"));
//! # Ok(())
//! # }
//! ```
//!
//! # Responses
//!
//! | request | response |
//! |---|---|
//! | `GET` or `HEAD` of the document | the text as it is, `application/json`, with a strong `ETag` |
//! | `GET` or `HEAD` of a page | `text/html` with its own `Content-Security-Policy`, with a strong `ETag` |
//! | the same with `If-None-Match` of that tag | 304 |
//! | another method | 405 with `Allow` |
//! | a page with a slash at its end | 308 to the page |
//!
//! `application/json` is what viewers, generators of clients, browsers, and the compression of CloudFront know;
//! `application/vnd.oai.openapi+json` is not a registered type, and browsers save it as a file.
//!
//! `Cache-Control` is `private, no-cache`, or `no-cache` if it is public: a browser asks each time, and a response that
//! has not changed is a 304. [`SecurityHeadersLayer`](crate::http::security_headers) keeps the policy of a page.

mod document;
mod host;
mod members;
mod page;
mod path;
mod served;
#[cfg(test)]
mod tests;
mod viewer;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::Response;
use bytes::Bytes;
use http::Request;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use self::document::Document;
use self::served::Served;
pub use self::viewer::Viewer;
use crate::core::error::BoxError;
use crate::core::layer_mistakes::reject;

/// Layer that applies [`OpenApiViewer`]. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct OpenApiViewerLayer {
    text: Bytes,
    path: Cow<'static, str>,
    pages: Vec<(Cow<'static, str>, Viewer)>,
    is_public: bool,
}

impl OpenApiViewerLayer {
    /// Serves this document, an OpenAPI document of version 3 in JSON, at `/openapi.json`.
    ///
    /// ```
    /// # const _: &str = stringify! {
    /// OpenApiViewerLayer::new(include_str!("../openapi.json"))
    /// # };
    /// ```
    pub fn new(document: impl Into<Bytes>) -> Self {
        Self { text: document.into(), path: "/openapi.json".into(), pages: Vec::new(), is_public: false }
    }

    /// Sets the path of the document.
    pub fn document_at(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a page at this path, such as `/docs`. Call it again for another page.
    pub fn page(mut self, path: impl Into<Cow<'static, str>>, viewer: Viewer) -> Self {
        self.pages.push((path.into(), viewer));
        self
    }

    /// Serves the document and the pages to every caller: [`Stack`](crate::http::Stack) puts the layer around your own
    /// layers, so that one that authenticates does not see these requests. An authorizer of the API in front of the
    /// function does see them: their routes need none there.
    pub fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    pub(crate) fn is_public(&self) -> bool {
        self.is_public
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        iter::once(&self.path).chain(self.pages.iter().map(|(path, _)| path)).map(|path| &**path)
    }

    /// Checks that each path is one of a single layer, or of layers that serve the same there.
    pub(crate) fn check_paths(layers: &[Self]) {
        for (index, layer) in layers.iter().enumerate() {
            for other in &layers[..index] {
                let is_shared =
                    other.path == layer.path && other.text == layer.text && other.is_public == layer.is_public;
                let mut paths = layer.paths().filter(|path| other.paths().any(|other| other == *path));
                if paths.any(|path| !(is_shared && path == layer.path)) {
                    reject(path::ONE_PATH);
                }
            }
        }
    }

    /// Returns what is served.
    ///
    /// # Errors
    ///
    /// A sentence about a document, a path or a viewer that is wrong.
    fn served(&self) -> Result<Vec<Served>, String> {
        let document = Document::read(&self.text)?;
        let mut served = vec![Served::document(&self.path, self.text.clone(), self.is_public)];
        for (path, viewer) in &self.pages {
            let page = page::Page { path, document_path: &self.path, viewer, document: &document };
            viewer.check()?;
            served.push(Served::page(path, page.html(), &page.policy(), self.is_public));
        }
        path::check(served.iter().map(|served| served.path.as_str()))?;
        Ok(served)
    }
}

impl<S> Layer<S> for OpenApiViewerLayer {
    type Service = OpenApiViewer<S>;

    /// # Panics
    ///
    /// If the document is not an OpenAPI document in JSON, or a path or a viewer is wrong, and the layer is applied
    /// outside of a [`Function`](crate::Function), which returns an error instead: see
    /// [`Function::into_service`](crate::Function::into_service).
    fn layer(&self, inner: S) -> Self::Service {
        let served = self.served().unwrap_or_else(|mistake| {
            reject(mistake);
            Vec::new()
        });
        OpenApiViewer { inner, served: served.into() }
    }
}

impl fmt::Debug for OpenApiViewerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApiViewerLayer")
            .field("path", &self.path)
            .field("pages", &self.pages)
            .field("is_public", &self.is_public)
            .finish_non_exhaustive()
    }
}

/// Service that responds for the document and the pages, and leaves other paths to the inner service. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct OpenApiViewer<S> {
    inner: S,
    served: Arc<[Served]>,
}

impl<S, R, B> Service<Request<R>> for OpenApiViewer<S>
where
    S: Service<Request<R>, Response = http::Response<B>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let path = request.uri().path();
        let response = self.served.iter().find_map(|served| served.respond(path, &request));
        match response {
            Some(response) => ResponseFuture { inner: None, response: Some(response) },
            None => ResponseFuture { inner: Some(self.inner.call(request)), response: None },
        }
    }
}

pin_project! {
    /// The response future of [`OpenApiViewer`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        response: Option<Response>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(response) = this.response.take() {
            return Poll::Ready(Ok(response));
        }
        match this.inner.as_pin_mut() {
            Some(inner) => inner.poll(cx).map_ok(|response| response.map(Body::new)),
            // It was ready before.
            None => Poll::Pending,
        }
    }
}
