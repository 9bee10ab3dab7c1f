//! Admits only requests with a token that is valid and has the required rights.
//!
//! The handler gets the claims as [`Jwt<T>`](crate::http::Jwt) or as [`Claims<T>`](crate::http::Claims), which reads
//! those of the API's authorizer first. The responses to other requests are those of
//! [`Jwt`](crate::http::extract::jwt).
//!
//! In a [`Stack`](crate::http::Stack), CORS responds to preflights, which have no token, before this layer. Pages
//! that read `WWW-Authenticate` need it in `CorsLayer::expose_headers`.
//!
//! # Example
//!
//! ```
//! use pilaster::JwtVerifier;
//! use pilaster::http::{self, Claims, JwtLayer};
//! use serde_json::Value;
//!
//! fn api(tokens: JwtVerifier) -> http::Stack {
//!     http::Stack::new().layer(JwtLayer::new(tokens).scopes(["users:read"]))
//! }
//!
//! async fn greet(Claims(user): Claims<Value>) -> String {
//!     format!("hello {}", user["sub"])
//! }
//!
//! let tokens = JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example");
//! let function = pilaster::handler(greet).layer(api(tokens));
//! # let _ = function;
//! ```

mod resource;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Request};
use tower::{Layer, Service};

use self::resource::Resource;
use crate::core::error::BoxError;
use crate::core::layer_mistakes::reject;
use crate::http::bearer::{self, Challenge};
use crate::http::error::HttpError;
use crate::http::extract::client::registry;
use crate::jwt::{JwtError, JwtVerifier, Rights, VerifiedJwt};

/// Layer that applies [`JwtService`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct JwtLayer {
    /// `None` uses that of the registry.
    verifier: Option<JwtVerifier>,
    rules: Arc<Rules>,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    rights: Rights,
    resource: Option<Resource>,
    /// The mistake in the address of the resource.
    mistake: Option<&'static str>,
}

impl JwtLayer {
    /// Verifies the tokens of requests with this verifier.
    pub fn new(verifier: JwtVerifier) -> Self {
        Self { verifier: Some(verifier), rules: Arc::default() }
    }

    /// Returns the scopes that a token needs.
    #[cfg(feature = "openapi")]
    pub(crate) fn required_scopes(&self) -> &[String] {
        self.rules.rights.scopes()
    }

    /// Verifies the tokens of requests with the verifier in the registry of clients, as [`Jwt`](crate::http::Jwt) does.
    pub fn from_clients() -> Self {
        Self { verifier: None, rules: Arc::default() }
    }

    /// Requires all of these scopes, in addition to those of the verifier; a request without one is a 403. An empty
    /// list is a mistake.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        Arc::make_mut(&mut self.rules).rights.require_scopes(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Requires membership in one of these groups (`cognito:groups` or `groups`); a request of another caller is a 403.
    /// An empty list is a mistake.
    pub fn groups<S: Into<String>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        Arc::make_mut(&mut self.rules).rights.require_groups(groups.into_iter().map(Into::into).collect());
        self
    }

    /// Describes the API, whose address this is, to clients that find their authorization server by themselves, such as
    /// those of MCP servers ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): the layer responds to `GET
    /// /.well-known/oauth-protected-resource` (followed by the path of the address) without a token, and
    /// `WWW-Authenticate` names that document and, also with a 401, the scopes of this layer and its verifier. The address
    /// is an `https` URL without user information, a query and a fragment; `http` is for this machine.
    pub fn protected_resource(mut self, address: impl AsRef<str>) -> Self {
        let rules = Arc::make_mut(&mut self.rules);
        match Resource::parse(address.as_ref()) {
            Ok(resource) => rules.resource = Some(resource),
            Err(mistake) => rules.mistake = Some(mistake),
        }
        self
    }
}

impl<S> Layer<S> for JwtLayer {
    type Service = JwtService<S>;

    /// # Panics
    ///
    /// If the verifier is misconfigured and the layer is applied outside of a [`Function`](crate::Function), which
    /// returns an error instead: see [`Function::into_service`](crate::Function::into_service).
    fn layer(&self, inner: S) -> Self::Service {
        if let Some(Err(error)) = self.verifier.as_ref().map(JwtVerifier::check) {
            reject(error);
        }
        if let Some(mistake) = self.rules.rights.mistake().or(self.rules.mistake) {
            reject(mistake);
        }
        JwtService { inner, layer: self.clone() }
    }
}

/// Service that admits only requests with a valid token. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct JwtService<S> {
    inner: S,
    layer: JwtLayer,
}

impl<S, R, B> Service<Request<R>> for JwtService<S>
where
    S: Service<Request<R>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.admit(&parts).await {
                Ok(verified) => {
                    parts.extensions.insert(verified);
                    let response = inner.call(Request::from_parts(parts, body)).await?.map(Body::new);
                    #[cfg(feature = "mcp")]
                    let response = layer.challenged(response);
                    Ok(response)
                }
                Err(response) => Ok(*response),
            }
        })
    }
}

impl JwtLayer {
    /// Returns the verified token, or the response to a request without a valid one.
    async fn admit(&self, parts: &Parts) -> Result<VerifiedJwt, Box<Response>> {
        let verifier = match &self.verifier {
            Some(verifier) => verifier.clone(),
            None => {
                let verifier = registry(&parts.extensions).get().await;
                verifier.map_err(|error| Box::new(HttpError::internal(error).into_response()))?
            }
        };
        let scopes = || [&verifier.required_scopes(), self.rules.rights.scopes()].concat();
        let resource = self.rules.resource.as_ref();
        if let Some(resource) = resource.filter(|resource| resource.is_asked_for(&parts.method, &parts.uri)) {
            let document = resource.document(verifier.names(), &scopes());
            return Err(Box::new(([(CONTENT_TYPE, "application/json")], document).into_response()));
        }
        self.verify(&verifier, &parts.headers).await.map_err(|error| {
            let resource_metadata = resource.map(|resource| &*resource.metadata);
            Box::new(bearer::rejection(&error, Challenge { scopes: &scopes(), resource_metadata }).into_response())
        })
    }

    /// Adds `WWW-Authenticate` to the response of a service that needs more scopes.
    #[cfg(feature = "mcp")]
    fn challenged(&self, mut response: Response) -> Response {
        if let Some(crate::jwt::MissingScopes(scopes)) = response.extensions_mut().remove() {
            let resource_metadata = self.rules.resource.as_ref().map(|resource| &*resource.metadata);
            let challenge = Challenge { scopes: &scopes, resource_metadata };
            if let Some(value) = bearer::insufficient_scope(challenge) {
                response.headers_mut().insert(http::header::WWW_AUTHENTICATE, value);
            }
        }
        response
    }

    async fn verify(&self, verifier: &JwtVerifier, headers: &HeaderMap) -> Result<VerifiedJwt, JwtError> {
        let verified = verifier.verify(bearer::token(headers).map_err(JwtError::new)?).await?;
        self.rules.rights.check(&verified)?;
        Ok(verified)
    }
}
