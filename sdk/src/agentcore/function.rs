//! Functions of a gateway's target.

use std::time::Duration;

use tower::layer::util::Identity;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use super::adapter::{AgentCoreAdapter, Otherwise};
use crate::core::deadline::MARGIN;
use crate::core::error::{BoxError, ErrorType, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::core::raw::RawService;
use crate::function::builder::Function;
use crate::function::into_service::Kind;
use crate::tools::service::{LayeredTools, ToolService};
use crate::tools::{Call, Outcome, Tools};

/// Tools of a gateway, with their settings.
#[derive(Clone, Debug)]
pub struct AgentCoreFunction<S = ToolService> {
    tools: Tools,
    service: S,
    margin: Option<Duration>,
    otherwise: Option<Otherwise>,
}

impl Tools {
    /// Creates a function that serves the tools as a Lambda target of an AgentCore Gateway.
    ///
    /// The gateway names the tool in the client context, as `target___tool`, and sends the arguments as the event. A
    /// [`ToolError`](crate::tools::ToolError), and arguments that do not fit, are the value
    /// `{"error": {"type", "message"}}`: the gateway shows the model nothing of a failed invocation. Any other error, a
    /// panic and the deadline fail the invocation, opaque and logged. Layers of
    /// [`Function::layer`](crate::Function::layer) wrap a service from [`tools::Call`](crate::tools::Call) to
    /// [`tools::Outcome`](crate::tools::Outcome).
    ///
    /// The names are checked at start; in a debug build all schemas are checked, too, as
    /// [`agentcore_schema`](Self::agentcore_schema) does.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::tools::{Input, Tool, Tools};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// /// Greets somebody.
    /// #[derive(Deserialize, JsonSchema, Tool)]
    /// struct Greet {
    ///     name: String,
    /// }
    ///
    /// async fn greet(Input(ask): Input<Greet>) -> String {
    ///     format!("Hello {}", ask.name)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     pilaster::run(Tools::new().add(greet).for_agentcore())
    /// }
    /// ```
    pub fn for_agentcore(self) -> Function<AgentCoreFunction, Identity> {
        let (service, described) = (ToolService(self.clone()), self.clone());
        let kind = AgentCoreFunction { tools: self, service, margin: Some(MARGIN), otherwise: None };
        let mut function = Function::new(kind, Identity::new());
        function.lifecycle.reads_client_context = true;
        function.lifecycle.descriptions.add(move |tools: &mut Option<Tools>| *tools = Some(described.clone()));
        function
    }
}

impl<S, L, O> Function<AgentCoreFunction<S>, L, O> {
    /// Serves invocations that are not a gateway's with another function, such as
    /// `tools.for_bedrock()`: one Lambda function for both.
    ///
    /// The other function has its own layers; logs, the warm-up and hooks are those of this one.
    pub fn otherwise<K2, L2, O2>(mut self, other: Function<K2, L2, O2>) -> Self
    where
        K2: Kind<L2>,
        O2: Layer<K2::Adapter>,
        O2::Service: RawService,
    {
        let Function { kind, layers, outer, error_types, .. } = other;
        let service = crate::core::layer_mistakes::collect(|| outer.layer(kind.adapter(layers, error_types)));
        self.kind.otherwise = Some(match service {
            Ok(service) => BoxCloneSyncService::new(service),
            Err(mistake) => {
                self.kind.tools = self.kind.tools.with_mistake(mistake);
                return self;
            }
        });
        self
    }

    /// Lets errors of the type `E` reach the model. See [`Tools::error_type`].
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets the time between the cancellation of the work and the deadline: 250 ms by default, and at most half of the
    /// available time. With `None`, nothing is cancelled.
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.kind.margin = margin.into();
        self
    }
}

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for AgentCoreFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Adapter = AgentCoreAdapter;
    const HIDES_FAILURES: bool = true;
    const IS_OF_WHOLE_EVENTS: bool = true;

    fn adapter(self, layers: L, errors: NamedErrors) -> AgentCoreAdapter {
        if let Some(mistake) = self.tools.mistake_for_agentcore() {
            reject(mistake);
        }
        let tools = LayeredTools::new(self.tools, layers.layer(self.service), &errors);
        AgentCoreAdapter::new(tools, self.margin, self.otherwise)
    }
}
