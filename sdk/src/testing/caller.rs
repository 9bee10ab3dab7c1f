//! [`Caller`]: calls a function in this process.

use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use lambda_runtime::Context;
use serde_json::Value;

use super::REQUEST_ID;
#[cfg(all(feature = "http", feature = "json-schema"))]
use super::contract::Contract;
#[cfg(feature = "http")]
use super::http;
#[cfg(feature = "logging")]
use super::lines::LogLines;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing, RawEvent, RawService};
use crate::function::into_service::IntoService;
use crate::function::lifecycle::Lifecycle;
#[cfg(feature = "clients")]
use crate::function::warm_ups::WarmUps;

/// A caller of a function in this process, from event JSON to response JSON, through the same service as on Lambda: see
/// [`Function::into_service`](crate::Function::into_service).
#[derive(Clone)]
pub struct Caller<R> {
    service: R,
    context: Context,
    #[cfg(feature = "clients")]
    clients: Option<crate::Clients>,
    #[cfg(feature = "clients")]
    warm: WarmUps,
    #[cfg(feature = "http")]
    routes: Vec<&'static str>,
    #[cfg(all(feature = "http", feature = "json-schema"))]
    contract: Option<Contract>,
    time_left: Option<Duration>,
    #[cfg(feature = "logging")]
    lines: LogLines,
    #[cfg(feature = "metrics")]
    metrics: crate::observe::metrics::CallOutput,
}

impl<R: RawService> Caller<R> {
    /// Creates a caller of this function.
    ///
    /// # Panics
    ///
    /// If the function or one of its layers is configured wrongly, with the message of [`run`](crate::run).
    pub fn new<F: IntoService<Service = R>>(mut function: F) -> Self {
        let lifecycle = function.take_lifecycle();
        Self::build(function.into_service().unwrap_or_else(|error| panic!("{error}")), lifecycle)
    }

    #[cfg_attr(not(any(feature = "clients", feature = "http")), allow(unused_variables))]
    fn build(service: R, lifecycle: Lifecycle) -> Self {
        let mut context = Context::default();
        context.request_id = REQUEST_ID.to_owned();
        Self {
            service,
            context,
            #[cfg(feature = "clients")]
            clients: None,
            #[cfg(feature = "clients")]
            warm: lifecycle.warm,
            #[cfg(feature = "http")]
            routes: lifecycle.routes,
            #[cfg(all(feature = "http", feature = "json-schema"))]
            contract: None,
            time_left: None,
            #[cfg(feature = "logging")]
            lines: LogLines::printed(),
            #[cfg(feature = "metrics")]
            metrics: Default::default(),
        }
    }

    /// Creates a caller of a service without a function around it.
    #[cfg(test)]
    pub(in crate::testing) fn of_service(service: R) -> Self {
        Self::build(service, Lifecycle::default())
    }

    /// Sets the context of all further calls.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Sets the registry of all further calls, which `Client<T>` and `Secret<T>` use instead of that of the process.
    #[cfg(feature = "clients")]
    #[must_use]
    pub fn with_clients(mut self, clients: crate::Clients) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Creates the values of [`Function::warm`](crate::Function::warm) as [`run`](crate::run) does in the init phase, in
    /// the registry of [`with_clients`](Self::with_clients). A failure is logged, as it is there, and the registry does
    /// not [contain](crate::Clients::contains) the value.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::testing::Caller;
    /// use pilaster::{BoxError, Client, Clients, Event, FromClients, lambda_handler};
    ///
    /// #[derive(Clone)]
    /// struct Users;
    ///
    /// impl FromClients for Users {
    ///     async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
    ///         Ok(Users)
    ///     }
    /// }
    ///
    /// #[lambda_handler(warm(Client<Users>))]
    /// async fn count(_: Client<Users>, _: Event<()>) -> Result<u32, BoxError> {
    ///     Ok(7)
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let clients = Clients::new();
    /// Caller::new(count::function()).with_clients(clients.clone()).warm_up().await;
    /// assert!(clients.contains::<Users>());
    /// # Ok::<(), BoxError>(())
    /// # })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    #[cfg(feature = "clients")]
    pub async fn warm_up(&self) {
        let warmed = self.warm.run(self.clients.as_ref().unwrap_or_else(|| crate::Clients::global()));
        #[cfg(feature = "logging")]
        self.lines.of(warmed).await;
        #[cfg(not(feature = "logging"))]
        warmed.await;
    }

    /// Sets the time until the deadline of each further call. [`Invocation::remaining`] then follows tokio's clock,
    /// which a test can pause. A time above 100 years counts as 100 years.
    #[must_use]
    pub fn with_time_left(mut self, time: Duration) -> Self {
        self.time_left = Some(time);
        self
    }

    /// Checks each further request of [`send`](Self::send), and its response, against an OpenAPI document.
    ///
    /// | part | what is checked |
    /// |---|---|
    /// | the operation | a request that has none must be answered by 404 or 405 |
    /// | the status | it is listed, by itself or as `4XX`. `default` counts from 500 on: elsewhere it would hide each status that the operation does not list |
    /// | the response | its media type, its body by the schema, its required headers |
    /// | the request, unless its status is 400 or more | its parameters, its media type, its body by the schema: otherwise the document refuses what the function accepts |
    ///
    /// Bodies of other media types than JSON, the values of headers in responses, and cookies are not checked.
    ///
    /// # Panics
    ///
    /// [`send`](Self::send) panics where the two disagree, with the operation, the status, and the place.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{HttpError, Json, Path};
    /// use pilaster::testing::{Caller, http::get};
    /// use serde_json::{Value, json};
    ///
    /// async fn user(Path(id): Path<u8>) -> Result<Json<Value>, HttpError> {
    ///     match id {
    ///         7 => Ok(Json(json!({ "id": 7, "name": "Ada" }))),
    ///         _ => Err(HttpError::not_found("no such user")),
    ///     }
    /// }
    ///
    /// // Of a file: `include_str!("../openapi.json").parse::<Value>()?`; of the types: `pilaster::openapi::of(&function)?`
    /// let document = json!({
    ///     "openapi": "3.1.0",
    ///     "paths": { "/users/{id}": { "get": {
    ///         "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
    ///         "responses": {
    ///             "200": { "content": { "application/json": { "schema": { "required": ["id", "name"] } } } },
    ///             "404": { "content": { "application/problem+json": {} } },
    ///         },
    ///     } } },
    /// });
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let function = pilaster::handler(user).route("GET /users/{id}");
    /// let caller = Caller::new(function).against(&document);
    /// assert_eq!(caller.send(get("/users/7")).await?.status(), 200);
    /// assert_eq!(caller.send(get("/users/8")).await?.status(), 404);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(all(feature = "http", feature = "json-schema"))]
    #[must_use]
    pub fn against(mut self, document: impl Into<Contract>) -> Self {
        self.contract = Some(document.into());
        self
    }

    /// Captures the log lines of all further calls, with the keys of their invocations, instead of printing them. The
    /// lines of a task that the function spawns are missing, unless it has the subscriber of the call: see
    /// [failing tests](crate::testing#failing-tests).
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::logging::CapturedLogs;
    /// use pilaster::testing::{Caller, http};
    ///
    /// async fn greet(who: String) {
    ///     tracing::info!(who, "greeting");
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let captured = CapturedLogs::default();
    /// Caller::new(pilaster::handler(greet)).with_logs(&captured).send(http::post("/").text("ada")).await?;
    /// let lines = captured.lines();
    /// let line = lines.iter().find(|line| line["message"] == "greeting").expect("a line");
    /// assert_eq!(line["who"], "ada");
    /// assert!(line["function_request_id"].is_string());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "logging")]
    #[must_use]
    pub fn with_logs(mut self, captured: &crate::observe::logging::CapturedLogs) -> Self {
        self.lines = LogLines::captured(captured);
        self
    }

    /// Does not print the log lines and the metrics of further calls: the test harness would keep those of thousands of
    /// calls in memory.
    #[cfg(feature = "logging")]
    #[must_use]
    pub fn without_logs(mut self) -> Self {
        self.lines = LogLines::Discarded;
        #[cfg(feature = "metrics")]
        if matches!(self.metrics, crate::observe::metrics::CallOutput::Printed) {
            self.metrics = crate::observe::metrics::CallOutput::Discarded;
        }
        self
    }

    /// Captures the metrics that the [`MetricsLayer`](crate::MetricsLayer) of the function writes in further calls, in
    /// place of its own destination. Without it, they are printed, and shown by the test harness for a failing test.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::metrics::CapturedMetrics;
    /// use pilaster::testing::{Caller, sqs};
    /// use pilaster::{BoxError, Metrics, MetricsLayer, Sqs, lambda_handler};
    ///
    /// #[lambda_handler(outer = MetricsLayer::from_env().namespace("Shop"))]
    /// async fn ship(metrics: Metrics, _: Sqs<u64>) -> Result<(), BoxError> {
    ///     Ok(metrics.count("Shipped", 1)?)
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let captured = CapturedMetrics::default();
    /// Caller::new(ship::function()).with_metrics(&captured).call(sqs([7, 8])).await?;
    /// assert_eq!(captured.values("Shipped"), [1.0, 1.0]);
    /// # Ok::<(), BoxError>(())
    /// # })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn with_metrics(mut self, captured: &crate::observe::metrics::CapturedMetrics) -> Self {
        self.metrics = crate::observe::metrics::CallOutput::Captured(captured.clone());
        self
    }

    /// Returns the routes of an HTTP function, from [`Function::route`](crate::Function::route).
    #[cfg(feature = "http")]
    pub fn routes(&self) -> &[&'static str] {
        &self.routes
    }

    /// Calls the function with a request, as the event of an HTTP API; also with a message of `testing::mcp`. A request
    /// without [`path_parameter`](http::Request::path_parameter) has those of the function's
    /// [`route`](crate::Function::route), if it matches one.
    ///
    /// # Errors
    ///
    /// The error that the function posts to the Runtime API when the invocation fails; `InvalidRequest` for a request
    /// that cannot be sent, `InvalidResponse` for a response that is not one of an HTTP function.
    #[cfg_attr(
        feature = "json-schema",
        doc = "\n# Panics\n\nIf it disagrees with the document of [`against`](Self::against)."
    )]
    #[cfg(feature = "http")]
    pub async fn send(&self, request: impl Into<http::Request>) -> Result<http::TestResponse, FunctionError> {
        let request = request.into();
        #[cfg(feature = "json-schema")]
        let checked = self.contract.as_ref().map(|contract| (contract, Contract::request(&request)));
        let event = request.into_event_of(&self.routes)?;
        let (response, lines) = self.call_with_lines(&event.to_string()).await;
        let decoded = http::TestResponse::try_from(response?)?;
        #[cfg(feature = "json-schema")]
        if let Some((contract, sent)) = checked
            && let Err(fault) = contract.check(&sent, &decoded)
        {
            panic!("{fault}");
        }
        Ok(decoded.with_lines(lines))
    }

    /// Calls the function with an event: a `Value`, or one of the builders of this module.
    ///
    /// # Errors
    ///
    /// The error that the function posts to the Runtime API when the invocation fails.
    pub async fn call(&self, event: impl Into<Value>) -> Result<Value, FunctionError> {
        self.call_text(&event.into().to_string()).await
    }

    /// Calls the function with the JSON text of an event.
    ///
    /// # Errors
    ///
    /// The error that the function posts to the Runtime API when the invocation fails; `InvalidJson` for text that is
    /// not JSON.
    pub async fn call_text(&self, event: &str) -> Result<Value, FunctionError> {
        self.call_with_lines(event).await.0
    }

    /// Calls the function, and returns the log lines of the call as well.
    async fn call_with_lines(&self, event: &str) -> (Result<Value, FunctionError>, String) {
        let invalid = |error: serde_json::Error| FunctionError::new("InvalidJson", error.to_string());
        let call = async {
            let event = RawEvent::parse(event).map_err(invalid)?;
            let mut service = self.service.clone();
            poll_fn(|cx| service.poll_ready(cx)).await?;
            read(service.call(Incoming { event, invocation: self.invocation() }).await?).await
        };
        #[cfg(feature = "logging")]
        return self.lines.of(call).await;
        #[cfg(not(feature = "logging"))]
        (call.await, String::new())
    }

    fn invocation(&self) -> Invocation {
        let invocation = Invocation::with_time_left(self.context.clone(), self.time_left);
        #[cfg(feature = "clients")]
        if let Some(clients) = &self.clients {
            invocation.extensions().insert(clients.clone());
        }
        #[cfg(feature = "metrics")]
        invocation.extensions().insert(self.metrics.clone());
        invocation
    }
}

/// Returns a response as JSON. A streamed one is read to its end, and has the form of the response of a function URL.
async fn read(response: Outgoing) -> Result<Value, FunctionError> {
    #[cfg(feature = "http")]
    let json = match response.into_content() {
        Ok(json) => json,
        Err(stream) => return crate::http::streaming::whole(*stream).await,
    };
    #[cfg(not(feature = "http"))]
    let json = response.into_json().unwrap_or_default();
    serde_json::from_str(json.get()).map_err(|error| FunctionError::new("InvalidJson", error.to_string()))
}

impl<R> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use tower::service_fn;

    use super::*;

    fn answer(value: &Value) -> Result<Outgoing, FunctionError> {
        Outgoing::serialize(value).map_err(FunctionError::from_error)
    }

    #[tokio::test(start_paused = true)]
    async fn each_call_has_its_own_deadline_by_tokios_clock() {
        let caller = Caller::of_service(service_fn(async |incoming: Incoming| {
            let before = incoming.invocation.remaining();
            tokio::time::sleep(Duration::from_secs(4)).await;
            let after = incoming.invocation.remaining().map(|left| left.as_secs());
            let deadline = incoming.invocation.deadline().is_some_and(|at| at > SystemTime::now());
            answer(&serde_json::json!([before.map(|left| left.as_secs()), after, deadline]))
        }))
        .with_time_left(Duration::from_secs(10));
        for _ in 0..2 {
            assert_eq!(caller.call(Value::Null).await.unwrap(), serde_json::json!([10, 6, true]));
        }
    }

    #[tokio::test]
    async fn any_time_may_be_left() {
        async fn remaining(invocation: Invocation, _: crate::Event<Value>) -> Result<bool, FunctionError> {
            let year = Duration::from_secs(365 * 86_400);
            Ok(invocation.remaining() > Some(year) && invocation.deadline() > Some(SystemTime::now() + year))
        }
        let caller = Caller::new(crate::handler(remaining)).with_time_left(Duration::MAX);
        assert_eq!(caller.call(Value::Null).await.unwrap(), true);
    }

    #[tokio::test]
    async fn a_built_event_is_called_with_as_it_is() {
        let caller = Caller::of_service(service_fn(async |incoming: Incoming| Outgoing::try_from(incoming.event)));
        let event = crate::testing::sqs([1]);
        assert_eq!(caller.call(event.clone()).await.unwrap(), event.event());
    }

    #[cfg(feature = "metrics")]
    #[tokio::test]
    async fn the_metrics_of_a_call_are_captured_or_go_to_the_writer_of_the_layer() {
        use crate::observe::metrics::CapturedMetrics;

        async fn count(metrics: crate::Metrics, _: crate::Event<Value>) -> Result<(), crate::BoxError> {
            Ok(metrics.labelled([("currency", "EUR")])?.count("Orders", 2)?)
        }
        let (own, captured) = (CapturedMetrics::default(), CapturedMetrics::default());
        let layer = crate::MetricsLayer::new().namespace("Shop").writer(own.clone());
        let caller = Caller::new(crate::handler(count).outer(layer));
        caller.call(Value::Null).await.unwrap();
        assert_eq!((own.values("Orders").len(), captured.blobs().len()), (1, 0));
        let caller = caller.with_metrics(&captured);
        #[cfg(feature = "logging")]
        let caller = caller.without_logs();
        caller.call(Value::Null).await.unwrap();
        assert_eq!((own.values("Orders").len(), captured.values("Orders")), (1, vec![2.0]));
        assert_eq!(captured.blobs()[0]["currency"], "EUR");
    }

    #[cfg(feature = "logging")]
    #[tokio::test]
    async fn the_lines_of_a_call_are_kept_with_its_request_id() {
        let captured = crate::observe::logging::CapturedLogs::default();
        async fn reserve(_: crate::Event<Value>) -> Result<(), FunctionError> {
            tracing::warn!("almost out");
            Err(FunctionError::new("OutOfStock", "none is left"))
        }
        let caller = Caller::new(crate::handler(reserve)).with_logs(&captured);
        caller.call(Value::Null).await.unwrap_err();
        let lines = captured.lines();
        let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
        assert_eq!(messages, ["almost out", "the invocation failed"]);
        assert!(lines.iter().all(|line| line["function_request_id"] == REQUEST_ID));
    }
}
