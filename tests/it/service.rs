//! `Function::into_service`: the order in which the layers see an invocation, and mistakes of configuration as values.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use pilaster::http::{CorsLayer, ErrorLayer, Method, Path, Stack};
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::observe::logging::{CapturedLogs, LoggingLayer};
use pilaster::records::Batch;
use pilaster::testing::{Caller, http, sqs};
use pilaster::{BoxError, Event, FunctionError, Incoming, IntoService, Invocation, MetricsLayer, Sqs, handler};
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceBuilder, ServiceExt as _};

/// Layer of any requests that notes its name, in a list and in the log, when it sees one.
#[derive(Clone)]
struct Note {
    name: &'static str,
    panics: bool,
    seen: Arc<Mutex<Vec<&'static str>>>,
}

#[derive(Clone)]
struct Noted<S> {
    note: Note,
    inner: S,
}

impl<S> Layer<S> for Note {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted { note: self.clone(), inner }
    }
}

impl<S: Service<R>, R> Service<R> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.note.seen.lock().unwrap().push(self.note.name);
        tracing::info!(name = self.note.name, "seen");
        assert!(!self.note.panics, "hunter2");
        self.inner.call(request)
    }
}

/// The layers that saw an invocation, the outermost first.
#[derive(Default)]
struct Seen(Arc<Mutex<Vec<&'static str>>>);

impl Seen {
    fn note(&self, name: &'static str) -> Note {
        Note { name, panics: false, seen: Arc::clone(&self.0) }
    }

    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn the_layer_that_is_named_first_sees_an_invocation_first() {
    let (seen, logs) = (Seen::default(), CapturedLogs::default());
    let in_order = ["outer a", "outer b", "layer c", "layer d"];

    let stack = Stack::new().cors(CorsLayer::new().allow_origins(["https://app.example.com"]));
    let stack = stack.layer(seen.note("layer c")).layer(seen.note("layer d"));
    let function = handler(async |_: Method| "well").outer(seen.note("outer a")).outer(seen.note("outer b"));
    let caller = Caller::new(function.layer(stack)).with_logs(&logs);
    assert_eq!(caller.send(http::get("/")).await.unwrap().status(), 200);
    assert_eq!(seen.taken(), in_order);
    // The stack handles a preflight outside of the user's layers; the adapter is in the outer ones.
    let preflight = http::request(Method::OPTIONS, "/").header("origin", "https://app.example.com");
    caller.send(preflight.header("access-control-request-method", "GET")).await.unwrap();
    assert_eq!(seen.taken(), in_order[..2]);
    caller.call(json!({ "no": "request" })).await.unwrap_err();
    assert_eq!(seen.taken(), in_order[..2]);

    let function = handler(async |_: Sqs<u32>| Ok::<_, BoxError>(())).outer(seen.note("outer a"));
    let function = function.outer(seen.note("outer b")).layer(seen.note("layer c")).layer(seen.note("layer d"));
    Caller::new(function).with_logs(&logs).call(sqs([1])).await.unwrap();
    assert_eq!(seen.taken(), in_order);

    // A tuple and a `ServiceBuilder` are one layer, with the same order.
    let function = handler(async |event: Event<Value>| Ok::<_, BoxError>(event.0));
    let function = function.outer((seen.note("outer a"), seen.note("outer b")));
    let function = function.layer(ServiceBuilder::new().layer(seen.note("layer c")).layer(seen.note("layer d")));
    Caller::new(function).with_logs(&logs).call(json!(1)).await.unwrap();
    assert_eq!(seen.taken(), in_order);

    let lines = logs.lines();
    let lines = lines.iter().filter(|line| line["message"] == "seen").collect::<Vec<_>>();
    assert_eq!(lines.len(), 16);
    assert!(lines.iter().all(|line| line["function_request_id"].is_string()), "the log context is outside of them all");
}

#[tokio::test]
async fn what_is_around_the_outer_layers_is_around_a_tested_function_too() {
    let (seen, logs) = (Seen::default(), CapturedLogs::default());
    let caller = Caller::new(handler(async |_: Method| "well").outer(seen.note("outer"))).with_logs(&logs);
    assert_eq!(caller.call(json!({ "warmer": true })).await.unwrap(), Value::Null);
    assert_eq!(seen.taken(), [""; 0], "a warm-up call reaches no layer");

    let function = handler(async |_: Event<Value>| Ok::<_, BoxError>(()));
    let function = function.outer(Note { panics: true, ..seen.note("outer") });
    let error = Caller::new(function).with_logs(&logs).call(json!(1)).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("Panic", "the function panicked"));

    let function = handler(async |_: Event<Value>| Ok::<_, BoxError>("x".repeat(6 * 1024 * 1024)));
    let error = Caller::new(function).with_logs(&logs).call(json!(1)).await.unwrap_err();
    assert_eq!(error.error_type(), "ResponseTooLarge");

    let lines = logs.lines();
    for message in ["responded to a warm-up call without the function", "the invocation failed"] {
        let line =
            lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("{message}: {lines:?}"));
        assert!(line["function_request_id"].is_string(), "{line}");
    }
}

/// Layer of any requests whose service panics when it is cloned, or else when it is dropped after a call.
#[derive(Clone)]
struct Fragile {
    at_clone: bool,
}

struct Broken<S> {
    at_clone: bool,
    is_called: bool,
    inner: S,
}

impl<S> Layer<S> for Fragile {
    type Service = Broken<S>;

    fn layer(&self, inner: S) -> Broken<S> {
        Broken { at_clone: self.at_clone, is_called: false, inner }
    }
}

impl<S: Clone> Clone for Broken<S> {
    fn clone(&self) -> Self {
        assert!(!self.at_clone, "hunter2");
        Self { at_clone: false, is_called: false, inner: self.inner.clone() }
    }
}

impl<S> Drop for Broken<S> {
    fn drop(&mut self) {
        assert!(!self.is_called || std::thread::panicking(), "hunter2");
    }
}

impl<S: Service<R>, R> Service<R> for Broken<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.is_called = true;
        self.inner.call(request)
    }
}

#[tokio::test]
async fn an_outer_layer_that_panics_at_its_clone_or_its_drop_does_not_reach_the_runtime() {
    // The caller is the runtime: it calls the service, and a panic of the call would end this test.
    async fn call(at_clone: bool) -> Result<Option<String>, FunctionError> {
        let double = handler(async |number: Event<u32>| Ok::<_, BoxError>(number.0 * 2));
        let mut service = double.outer(Fragile { at_clone }).into_service().unwrap();
        let event = serde_json::value::to_raw_value(&21).unwrap();
        let incoming =
            Incoming { event: event.into(), invocation: Invocation::new(lambda_runtime::Context::default()) };
        let response = service.ready().await?.call(incoming).await?;
        Ok(response.as_json().map(ToString::to_string))
    }
    let error = call(true).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("Panic", "the function panicked"));
    assert_eq!(call(false).await.unwrap().as_deref(), Some("42"), "the response is not lost");
}

fn mistake(function: impl IntoService) -> String {
    function.into_service().err().expect("a mistake").to_string()
}

#[test]
fn a_mistake_in_a_layer_is_an_error_wherever_the_layer_stands() {
    let cors = || CorsLayer::new().allow_origins(["https://app.example.com/users"]);
    let id = |Path(id): Path<u64>| std::future::ready(id.to_string());
    let text = mistake(handler(id).layer(Stack::new().cors(cors())));
    assert!(
        text.starts_with("the function could not be built: ") && text.contains("must not have a path or a slash"),
        "{text}"
    );
    assert_eq!(mistake(handler(id).without_stack().layer(ErrorLayer::new()).layer(cors())), text);
    assert_eq!(mistake(handler(id).layer(Stack::new().layer(ServiceBuilder::new().layer(cors())))), text);
    let errors = Stack::new().errors(ErrorLayer::new().on::<std::num::ParseIntError>(200));
    assert!(mistake(handler(id).layer(errors)).contains("takes a status from 400 to 599"));

    let unnamed = || MetricsLayer::new().namespace("");
    assert!(mistake(handler(id).outer(unnamed())).contains("MetricsLayer: "));
    // The innermost layer is built first.
    assert!(mistake(handler(id).outer((unnamed(), LoggingLayer::new().omit(["headers"])))).contains("`headers`"));

    let store = |_: Event<Value>| std::future::ready(Ok::<_, BoxError>(()));
    let key = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "orders").key("["));
    assert!(mistake(handler(store).layer(key)).contains("idempotency: "));
    let ship = |_: Sqs<u32>| std::future::ready(Ok::<_, BoxError>(()));
    assert!(mistake(handler(ship).concurrency(0)).contains("the concurrency of a batch must not be 0"));
    assert!(mistake(handler(ship).batch(Batch::new().ordered_by("account"))).contains("`Batch::ordered_by`"));
}

#[test]
#[should_panic(expected = "the concurrency of a batch must not be 0")]
fn a_caller_of_a_function_with_a_mistake_panics_with_its_sentence() {
    let _ = Caller::new(handler(|_: Sqs<u32>| std::future::ready(Ok::<_, BoxError>(()))).concurrency(0));
}
