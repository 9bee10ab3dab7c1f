//! The adapter of action groups: event ⇄ tool call or request.

mod api;
mod coerce;
mod decode;
mod encode;
mod expected;
mod java_text;
mod java_value;
mod request;
#[cfg(feature = "http")]
mod route;
mod scalar;
mod schema;
#[cfg(test)]
#[cfg(feature = "http")]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;
use tower::Service;

pub(crate) use self::api::{Api, erased};
use self::decode::{Called, Event, Parameter};
use self::encode::FunctionResult;
use self::expected::Mistake;
#[cfg(feature = "http")]
pub(crate) use self::route::guarded;
use crate::core::deadline::{DeadlineExceeded, MARGIN, until};
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::{Incoming, Outgoing};
#[cfg(feature = "otel")]
use crate::observe::traces::span;
use crate::tools::call::{log_invalid, log_late, log_unknown};
use crate::tools::service::LayeredTools;
#[cfg(feature = "otel")]
use crate::tools::spans;
use crate::tools::{Arguments, Call, CallContext, InvalidArguments, Outcome, RegisteredTool};

/// The size of a response above which agents have refused it, in bytes: they answer "lambda response exceeds maximum
/// size 25KB".
const WARNED: usize = 25_000;

/// The settings of an adapter.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) margin: Option<Duration>,
    pub(crate) warn_above: usize,
    pub(crate) limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { margin: Some(MARGIN), warn_above: WARNED, limit: PAYLOAD_LIMIT }
    }
}

/// Service that answers the events of action groups with tools, a router or both.
#[derive(Clone, Debug)]
pub struct BedrockAdapter {
    tools: Option<LayeredTools>,
    api: Option<Api>,
    settings: Settings,
}

impl BedrockAdapter {
    pub(crate) fn new(tools: Option<LayeredTools>, api: Option<Api>, settings: Settings) -> Self {
        Self { tools, api, settings }
    }

    async fn answer(self, incoming: Incoming) -> Result<Outgoing, FunctionError> {
        // Before the event is decoded, which takes time, too.
        let end = self.settings.margin.and_then(|margin| until(&incoming.invocation, margin));
        self.answer_until(incoming, end).await
    }

    /// Answers an event. The conversion of the arguments cannot be cancelled: what it has made late is not called.
    async fn answer_until(
        self,
        incoming: Incoming,
        end: Option<(Instant, Duration)>,
    ) -> Result<Outgoing, FunctionError> {
        let late = || end.filter(|(at, _)| Instant::now() >= *at).map(|(_, time)| DeadlineExceeded::after(time));
        let Event { action_group, caller, session, called } = decode::event(&incoming)?;
        let Incoming { event, invocation } = incoming;
        drop(event);
        let response = match called {
            Called::Function { name, parameters } => {
                let Some(tools) = self.tools else { return Err(not_served("function details")) };
                #[cfg(feature = "otel")]
                let agent = caller.clone();
                let context = CallContext::new(invocation)
                    .with_caller(caller)
                    .with_session(session.clone())
                    .with_margin(self.settings.margin);
                let outcome = match tools.tools.get(&name) {
                    None => Outcome::UnknownTool,
                    Some(tool) => match arguments(tool, parameters) {
                        Err(invalid) => {
                            log_invalid(Some(tool.name()));
                            #[cfg(feature = "otel")]
                            spans::began(Some(tool.name()), &agent);
                            Outcome::Invalid(invalid)
                        }
                        Ok(arguments) => match late() {
                            Some(late) => {
                                #[cfg(feature = "otel")]
                                spans::began(Some(tool.name()), &agent);
                                let outcome = log_late(Some(tool.name()), &late, context.invocation());
                                #[cfg(feature = "otel")]
                                spans::ended(&outcome, &agent);
                                outcome
                            }
                            None => tools.call(Call::new(name.clone(), arguments, context)).await,
                        },
                    },
                };
                if let Outcome::UnknownTool = outcome {
                    log_unknown(&name);
                }
                #[cfg(feature = "otel")]
                if let Outcome::Invalid(_) = outcome {
                    spans::ended(&outcome, &agent);
                }
                encode::function(&action_group, &name, FunctionResult::of(outcome), &session)?
            }
            Called::Api { path, method, parameters, body } => {
                let Some(api) = self.api else { return Err(not_served("OpenAPI schemas")) };
                let result = match request::request(&path, &method, &parameters, body) {
                    Err(wrong) => api::refused(&wrong),
                    Ok(mut request) => match late() {
                        Some(late) => api::late(&late),
                        None => {
                            insert_template(&mut request, &path);
                            let extensions = request.extensions_mut();
                            extensions.insert(session.clone());
                            extensions.insert(caller);
                            insert_clients(extensions, &invocation);
                            extensions.insert(invocation.clone());
                            api::call(api, request, &invocation, self.settings.margin).await
                        }
                    },
                };
                // The status is an error of the span, as it is for HTTP.
                #[cfg(feature = "otel")]
                if result.status >= 500 {
                    span::set_failed(&result.status.to_string());
                }
                encode::api(&action_group, (&path, &method), result, &session)?
            }
        };
        self.settings.check(response)
    }
}

impl Settings {
    /// Warns of a large response, and refuses one that Lambda would.
    fn check(&self, response: Outgoing) -> Result<Outgoing, FunctionError> {
        let length = response.as_json().map_or(0, |json| json.get().len());
        if length > self.limit {
            let message = format!("the response to the agent has {length} bytes; the limit is {}", self.limit);
            return Err(FunctionError::new("ResponseTooLarge", message));
        }
        if length > self.warn_above {
            tracing::warn!(bytes = length, "the response is large: agents have refused those above 25 KB");
        }
        Ok(response)
    }
}

fn not_served(what: &str) -> FunctionError {
    FunctionError::new("InvalidEvent", format!("this function serves no action groups with {what}"))
}

#[cfg(feature = "clients")]
fn insert_clients(extensions: &mut http::Extensions, invocation: &Invocation) {
    if let Some(clients) = crate::Clients::replaced(invocation) {
        extensions.insert(clients.clone());
    }
}

#[cfg(not(feature = "clients"))]
fn insert_clients(_: &mut http::Extensions, _: &Invocation) {}

/// Notes the template for the check of the route.
#[cfg(feature = "http")]
fn insert_template(request: &mut http::Request<axum_core::body::Body>, template: &str) {
    let filled = route::Filled::new(template, request.uri().path());
    request.extensions_mut().insert(filled);
}

#[cfg(not(feature = "http"))]
fn insert_template(_: &mut http::Request<axum_core::body::Body>, _: &str) {}

/// Returns a router as it is: the check of the route needs `axum`.
#[cfg(not(feature = "http"))]
pub(crate) fn guarded<S>(service: S) -> S {
    service
}

/// Converts the parameters of a call by the schema of the tool.
fn arguments(tool: &RegisteredTool, parameters: Vec<Parameter>) -> Result<Arguments, InvalidArguments> {
    let schema = tool.input_schema();
    let properties = schema.get("properties");
    let mut arguments = Map::new();
    for Parameter { name, value, .. } in parameters {
        let pointer = || {
            let mut pointer = String::new();
            crate::core::json::push_step(&mut pointer, &name);
            pointer
        };
        let value = match properties.and_then(|properties| properties.get(&name)) {
            Some(property) => coerce::coerce(&value, property, schema)
                .map_err(|Mistake { at, expected }| InvalidArguments::new(pointer() + &at, expected))?,
            // The type of the input decides whether it accepts it.
            None => Value::String(value),
        };
        if arguments.contains_key(&name) {
            return Err(InvalidArguments::new(pointer(), "the parameter is sent twice"));
        }
        arguments.insert(name, value);
    }
    Ok(Value::Object(arguments).into())
}

impl Service<Incoming> for BedrockAdapter {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        Box::pin(self.clone().answer(incoming))
    }
}
