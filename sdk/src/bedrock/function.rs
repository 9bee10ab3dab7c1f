//! Functions of action groups: of tools, of a router, or of both.

use std::fmt;
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::adapter::{Api, BedrockAdapter, Settings, erased, guarded};
use crate::core::error::{BoxError, ErrorType, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::core::raw::{Incoming, Outgoing};
use crate::function::builder::Function;
use crate::function::into_service::Kind;
use crate::tools::service::{LayeredTools, ToolService};
use crate::tools::{Call, Outcome, Tools};

/// Tools of an agent with function details, and maybe a router, with their settings.
#[derive(Clone, Debug)]
pub struct BedrockFunction<S = ToolService> {
    tools: Tools,
    service: S,
    api: Option<Api>,
    settings: Settings,
}

/// A router of an agent with an OpenAPI schema, with its settings.
#[derive(Clone)]
pub struct OpenApiFunction<S> {
    service: S,
    settings: Settings,
}

impl<S> fmt::Debug for OpenApiFunction<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApiFunction").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Tools {
    /// Creates a function that serves the tools as the function details of Bedrock's action groups.
    ///
    /// Bedrock sends every value as text. It is converted by the type of the argument, exactly: `"12"` is an integer,
    /// `"TRUE"` a boolean, and text that is not a value of the type is answered with `REPROMPT` and the name of the
    /// parameter, so that the model asks again. An integer has at most 64 bits, also for a `u128`, and an `f32` is finite.
    /// An array may be JSON or Java's text, such as `[{itemName=x, quantity=2}]`; a text that may stand for two values, or
    /// has a member twice, is `REPROMPT`. A parameter without a value, or with null, is absent.
    ///
    /// A [`ToolError`](crate::tools::ToolError) is `REPROMPT` with its text; any other error, a panic and the deadline
    /// are `FAILURE`, opaque and logged. Layers of [`Function::layer`](crate::Function::layer) wrap a service from
    /// [`tools::Call`](crate::tools::Call) to [`tools::Outcome`](crate::tools::Outcome).
    ///
    /// The names of the functions are checked at start: up to 100 letters and digits, with single `_` and `-` between
    /// them. In a debug build the names of the parameters and all schemas are checked, too, as
    /// [`bedrock_schema`](Self::bedrock_schema) does.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::tools::{Input, Tool, Tools};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// /// Requests vacation for an employee.
    /// #[derive(Deserialize, JsonSchema, Tool)]
    /// #[tool(name = "submitVacationRequest")]
    /// #[serde(rename_all = "camelCase")]
    /// struct Vacation {
    ///     /// The first day, as YYYY-MM-DD.
    ///     start_date: String,
    ///     /// The last day, as YYYY-MM-DD.
    ///     end_date: String,
    /// }
    ///
    /// async fn submit(Input(ask): Input<Vacation>) -> String {
    ///     format!("Requested from {} to {}.", ask.start_date, ask.end_date)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     pilaster::run(Tools::new().add(submit).for_bedrock())
    /// }
    /// ```
    pub fn for_bedrock(self) -> Function<BedrockFunction, Identity> {
        let (service, described) = (ToolService(self.clone()), self.clone());
        let kind = BedrockFunction { tools: self, service, api: None, settings: Settings::default() };
        let mut function = Function::new(kind, Identity::new());
        function.lifecycle.descriptions.add(move |tools: &mut Option<Tools>| *tools = Some(described.clone()));
        function
    }
}

/// Creates a function that serves a router as the OpenAPI schema of Bedrock's action groups, such as the `axum::Router`
/// that also serves an API.
///
/// The event becomes a request: its template, such as `/claims/{claimId}`, is filled with the percent-encoded
/// parameters, the others are the query, and the properties of the body are JSON, each by its declared type. A path
/// parameter that is missing, empty or sent twice is a 400, which names it: another route would match. The
/// response becomes `httpStatusCode` and the body, which must be text; headers are left out. An error of the router and a
/// panic are a 500, the deadline is a 504; an error without a body, such as that of an unknown route, is a problem
/// (RFC 9457). [`tools::Session`](crate::tools::Session) and [`tools::Caller`](crate::tools::Caller) are extractors of the
/// router.
///
/// Add an [`http::Stack`](crate::http::Stack) for its error responses and log lines.
///
/// # Routes
///
/// A value of a path parameter may be the literal of another route: of the routes `/claims/{claimId}` and
/// `/claims/export`, the id `export` selects the second, which the schema of the agent may not have. For an
/// `axum::Router`, with the feature `http`, that is a 400, and neither route is called: the matched route must have a
/// parameter, of any name, wherever the template has one. The check is within the router, where the route is known before
/// the handler runs. So it does not see another service, such as a router in layers of `tower` (those of
/// [`Function::layer`](crate::Function::layer) are added later, and fine), a service that `Router::nest_service` adds, and
/// a fallback. A router for agents should have no route that an agent must not call.
///
/// # Example
///
/// ```no_run
/// use axum::Router;
/// use axum::extract::Path;
/// use axum::routing::get;
/// use pilaster::{bedrock, http};
///
/// fn app() -> Router {
///     Router::new().route("/claims/{claimId}", get(async |Path(id): Path<String>| format!("claim {id}")))
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     pilaster::run(bedrock::openapi(app()).layer(http::Stack::new()))
/// }
/// ```
pub fn openapi<S: 'static>(service: S) -> Function<OpenApiFunction<S>, Identity> {
    Function::new(OpenApiFunction { service: guarded(service), settings: Settings::default() }, Identity::new())
}

impl<S, L, O> Function<BedrockFunction<S>, L, O> {
    /// Also serves a router for action groups with an OpenAPI schema. See [`bedrock::openapi`](openapi). The layers of
    /// this function are around its tools; those of the router are its own.
    pub fn openapi<R, B>(mut self, router: R) -> Self
    where
        R: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.kind.api = Some(erased(guarded(router)));
        self
    }

    /// Lets errors of the type `E` reach the model. See [`Tools::error_type`].
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }
}

/// Adds the methods of the settings to a kind.
macro_rules! settings {
    ($($kind:ident),*) => {$(
        impl<S, L, O> Function<$kind<S>, L, O> {
            /// Sets the time between the cancellation of the work and the deadline: 250 ms by default, and at most half
            /// of the available time. With `None`, nothing is cancelled.
            pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
                self.kind.settings.margin = margin.into();
                self
            }

            /// Sets the size of a response, in bytes, above which a warning is logged: 25,000 by default, since agents
            /// have refused larger ones.
            pub fn warn_above(mut self, bytes: usize) -> Self {
                self.kind.settings.warn_above = bytes;
                self
            }

            /// Sets the size of a response, in bytes, above which the invocation fails as `ResponseTooLarge`: 6 MB by
            /// default, and at most, which is Lambda's limit.
            pub fn response_limit(mut self, bytes: usize) -> Self {
                self.kind.settings.limit = bytes.min(crate::core::limits::PAYLOAD_LIMIT);
                self
            }
        }
    )*};
}

settings!(BedrockFunction, OpenApiFunction);

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for BedrockFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Adapter = BedrockAdapter;
    const HIDES_FAILURES: bool = true;

    fn adapter(self, layers: L, errors: NamedErrors) -> BedrockAdapter {
        if let Some(mistake) = self.tools.mistake_for_bedrock() {
            reject(mistake);
        }
        let tools = LayeredTools::new(self.tools, layers.layer(self.service), &errors);
        BedrockAdapter::new(Some(tools), self.api, self.settings)
    }
}

#[diagnostic::do_not_recommend]
impl<S, L, B> Kind<L> for OpenApiFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Adapter = BedrockAdapter;
    const HIDES_FAILURES: bool = true;

    fn adapter(self, layers: L, _: NamedErrors) -> BedrockAdapter {
        BedrockAdapter::new(None, Some(erased(layers.layer(self.service))), self.settings)
    }
}

const _: fn() = || {
    fn is_service<S: Service<Incoming, Response = Outgoing> + Clone + Send + Sync>() {}
    is_service::<BedrockAdapter>();
};
