//! [`Server`]: tools as a service of HTTP requests.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::response::Response;
use bytes::Bytes;
use http::Request;
use serde_json::json;
use tower::Service;

use super::adapter::check_origin;
use super::listing::Listing;
use super::settings::{CacheScope, Settings};
use crate::core::deadline::MARGIN;
use crate::core::env;
use crate::core::error::BoxError;
use crate::core::layer_mistakes::reject_service;
#[cfg(feature = "jwt")]
use crate::jwt::is_scope;
use crate::tools::{RegisteredTool, Tools};

/// A tool ends a little before a deadline layer around the server, whose answer does not have the id of the request.
const EARLIER: Duration = Duration::from_millis(50);

/// The largest page of `tools/list` by default.
const PAGE_SIZE: usize = 100;

/// An MCP server of tools: a service of HTTP requests for [`http::service`](crate::http::service) or an `axum::Router`.
/// See the [module docs](super). Clones share the tools.
///
/// # Example
///
/// ```no_run
/// use pilaster::http;
/// use pilaster::mcp;
/// use pilaster::tools::{Input, Tool, Tools};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// Greets a person.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// #[tool(read_only)]
/// struct Greet {
///     /// The name of the person.
///     name: String,
/// }
///
/// async fn greet(Input(ask): Input<Greet>) -> String {
///     format!("Hello {}", ask.name)
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     let server = mcp::Server::new(Tools::new().add(greet)).info("greeter", env!("CARGO_PKG_VERSION"));
///     pilaster::run(http::service(server))
/// }
/// ```
///
/// Beside other routes:
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use pilaster::mcp;
/// use pilaster::tools::Tools;
///
/// # fn app(tools: Tools) {
/// let app: Router = Router::new()
///     .route("/health", get(async || "well"))
///     .route_service("/mcp", mcp::Server::new(tools));
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a server does nothing until a function serves it"]
pub struct Server {
    settings: Arc<Settings>,
}

impl Server {
    /// Creates a server of these tools. Its name is that of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`), or
    /// `pilaster`.
    ///
    /// With a mistake in the tools or the options of a server, the function does not start: no tool, two tools of one name, a
    /// name or a description that is not valid ([`Tools::mistake`]), and in a debug build also the mistakes of
    /// [`Tools::mcp_schema`]. Build the server on the thread that runs the function. Elsewhere, such as in a plain server of
    /// axum, each request is answered with a 500, and the mistake is logged.
    pub fn new(tools: Tools) -> Self {
        // In a release build, a call makes only the schemas that it needs.
        let of_schemas = || match cfg!(debug_assertions) {
            true => tools.mcp_schema().err().map(|faults| faults.to_string()),
            false => None,
        };
        let mistake = tools.mistake().map(str::to_owned).or_else(of_schemas);
        // For `cargo run -- tools` of a function that is a server alone.
        #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
        crate::core::descriptions::read_services(|service, descriptions| {
            if let Some(tools) = service.downcast_ref::<Self>().map(|server| server.tools().clone()) {
                descriptions.add(move |slot: &mut Option<Tools>| *slot = Some(tools.clone()));
            }
        });
        let name = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "pilaster".to_owned());
        let version = env::var("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_else(|| "0".to_owned());
        let settings = Settings {
            listing: Listing::new(tools),
            info: info(&name, &version),
            instructions: None,
            page_size: PAGE_SIZE,
            ttl: Duration::from_secs(300),
            scope: CacheScope::default(),
            origins: Vec::new(),
            margin: Some(MARGIN + EARLIER),
            capabilities: HashMap::new(),
            #[cfg(feature = "jwt")]
            scopes: HashMap::new(),
            mistake: mistake.map(reject_service),
        };
        Self { settings: Arc::new(settings) }
    }

    /// Keeps the first mistake, with which no function starts.
    fn rejected(self, mistake: impl fmt::Display) -> Self {
        self.with(|settings| {
            settings.mistake.get_or_insert_with(|| reject_service(mistake));
        })
    }

    pub(super) fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    pub(super) fn tools(&self) -> &Tools {
        self.settings.listing.tools()
    }

    /// Sets the name and the version of the server, which clients show.
    pub fn info(self, name: impl AsRef<str>, version: impl AsRef<str>) -> Self {
        self.with(|settings| settings.info = info(name.as_ref(), version.as_ref()))
    }

    /// Sets instructions for the model: what the tools are for, and how they belong together.
    pub fn instructions(self, instructions: impl Into<String>) -> Self {
        self.with(|settings| settings.instructions = Some(instructions.into()))
    }

    /// Sets the number of tools in an answer to `tools/list`; 100 by default, and at least 1. Some clients read only the first
    /// page.
    pub fn page_size(self, tools: usize) -> Self {
        if tools == 0 {
            return self.rejected("the page size of an MCP server must be at least 1");
        }
        self.with(|settings| settings.page_size = tools)
    }

    /// Sets how long, and for whom, clients may keep the list of tools; 5 minutes and [`CacheScope::Private`] by default.
    /// A new deployment is seen after that time.
    pub fn cache(self, time: Duration, scope: CacheScope) -> Self {
        self.with(|settings| (settings.ttl, settings.scope) = (time, scope))
    }

    /// Serves pages of these origins, such as `https://app.example.com`; `*` serves all. Requests without an `Origin`
    /// are always served, and in a local run those of pages on the same machine; others get a 403. Browsers also need
    /// [`http::CorsLayer`](crate::http::CorsLayer). An origin has a scheme and no path.
    pub fn allow_origins<S: Into<String>>(self, origins: impl IntoIterator<Item = S>) -> Self {
        let origins: Vec<String> = origins.into_iter().map(Into::into).collect();
        if let Some(mistake) = origins.iter().find_map(|origin| check_origin(origin).err()) {
            return self.rejected(mistake);
        }
        self.with(|settings| settings.origins.extend(origins))
    }

    /// Requires a capability of the client for a tool, such as `sampling` or `extensions`: a client that does not state it
    /// with the call gets the error -32021. Clients of older revisions state their capabilities only in the handshake,
    /// which another sandbox may have answered, so they get it, too. The server must have the tool.
    pub fn require_capability(self, tool: &str, capability: impl Into<String>) -> Self {
        let Some(name) = self.tools().get(tool).map(RegisteredTool::name) else {
            return self.rejected(format_args!(
                "a capability is required for the tool `{tool}`, which the MCP server does not have"
            ));
        };
        self.with(|settings| settings.capabilities.entry(name).or_default().push(capability.into()))
    }

    /// Requires all of these scopes of the token for a tool. The token is that of a
    /// [`JwtLayer`](crate::http::JwtLayer) around the server: without one, the tool is refused. A token without a scope
    /// gets a 403 whose `WWW-Authenticate` names the scopes, so that a client can ask its user for them.
    ///
    /// ```
    /// use pilaster::http::{self, JwtLayer};
    /// use pilaster::tools::Tools;
    /// use pilaster::{JwtVerifier, mcp};
    ///
    /// # fn function(tools: Tools) -> impl pilaster::IntoService {
    /// let tokens = JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example");
    /// let layer = JwtLayer::new(tokens).protected_resource("https://api.example.com/mcp");
    /// let server = mcp::Server::new(tools).require_scopes("refund", ["payments:write"]);
    /// http::service(server).layer(http::Stack::new().layer(layer))
    /// # }
    /// ```
    ///
    /// The server must have the tool. There is at least one scope, and all are valid
    /// ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    #[cfg(feature = "jwt")]
    pub fn require_scopes<S: Into<String>>(self, tool: &str, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        let name = self.tools().get(tool).map(RegisteredTool::name);
        if scopes.is_empty() || !scopes.iter().all(|scope| is_scope(scope)) {
            return self.rejected(format_args!("the scopes of the tool `{tool}` must be valid, and at least one"));
        }
        let Some(name) = name else {
            return self.rejected(format_args!(
                "scopes are required for the tool `{tool}`, which the MCP server does not have"
            ));
        };
        self.with(|settings| settings.scopes.entry(name).or_default().extend(scopes))
    }

    /// Sets the time between the cancellation of a tool and the deadline of the invocation: 300 ms by default, and at
    /// most half of the available time. It must be longer than that of a [`DeadlineLayer`](crate::http::DeadlineLayer)
    /// around the server, which has 250 ms. With `None`, no tool is cancelled here.
    pub fn margin(self, margin: impl Into<Option<Duration>>) -> Self {
        self.with(|settings| settings.margin = margin.into())
    }
}

fn info(name: &str, version: &str) -> Box<str> {
    json!({ "name": name, "version": version }).to_string().into()
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("info", &self.settings.info).field("tools", self.tools()).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Server
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let settings = Arc::clone(&self.settings);
        Box::pin(async move { Ok(settings.respond(request).await) })
    }
}
