//! `core`: in which order middlewares run, what ends a call early, and what becomes of an error. Each middleware of a case is a
//! tower layer around a function of whole events.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pilaster::testing::Caller;
use pilaster::{BoxError, Event, FunctionError, Incoming, Outgoing};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::handler::Kind;
use super::{options, present};
use crate::case::Case;
use crate::exchange::{Notes, block_on};
use crate::{Compared, Replay, Stop, only_these, unsupported};

pub(super) fn replay(case: &Case) -> Replay {
    let expect = &case.json["expect"];
    only_these(expect, &["trace", "response", "response_absent", "error", "error_cause_message", "signal_aborted"])?;
    let Context { remaining_ms, .. } = options(&case.json["context"])?;
    let trace = Notes::default();
    let mut layers = Vec::new();
    read_chain(&case.json["chain"], &trace, &mut layers)?;
    let plugin: Plugin = options(&case.json["plugin"])?;
    let handler = Handler::read(&case.json["handler"])?;
    let function = {
        let trace = trace.clone();
        move |Event(event): Event<Value>| handler.clone().run(trace.clone(), event)
    };
    let mut caller = Caller::new(pilaster::handler(function).layer(Chain { layers, plugin })).without_logs();
    if let Some(left) = remaining_ms {
        caller = caller.with_time_left(Duration::from_millis(left));
    }
    let sent = block_on(caller.call(case.json["event"].clone()));

    let mut noted = trace.all();
    let finished = noted.iter().position(|note| note == FINISHED);
    if let Some(at) = finished {
        noted.remove(at);
    }
    let begun = noted.iter().any(|note| note == "handler");
    let mut observed = json!({ "trace": noted });
    match sent {
        Ok(answer) => observed["response"] = answer,
        Err(error) => observed["error"] = error_value(&error),
    }
    // The work of a function that is cancelled is dropped, with all that it waits for.
    let aborted = begun && finished.is_none();
    let mut expected = json!({ "trace": expect["trace"] });
    if let Some(error) = expect.get("error") {
        expected["error"] = match (error["name"].as_str(), expect.get("error_cause_message")) {
            (Some("TimeoutError"), _) => json!({ "timeout": true }),
            (_, None) => json!({ "message": error["message"] }),
            (_, Some(cause)) => json!({ "message": error["message"], "cause": cause }),
        };
    } else {
        expected["response"] = expect.get("response").cloned().unwrap_or_default();
    }
    if let Some(signal) = expect.get("signal_aborted") {
        expected["aborted"] = signal.clone();
        observed["aborted"] = json!(aborted);
    }
    Ok(Compared { expected, observed })
}

/// The note of a function that came to its end.
const FINISHED: &str = "(finished)";

fn error_value(error: &FunctionError) -> Value {
    if error.error_type() == "Timeout" {
        return json!({ "timeout": true });
    }
    // The first causes are the error itself, as the user raised it.
    let causes = std::iter::successors(error.source(), |cause| (**cause).source());
    let cause = causes.map(ToString::to_string).find(|cause| cause != error.message());
    match cause {
        Some(cause) => json!({ "message": error.message(), "cause": cause }),
        None => json!({ "message": error.message() }),
    }
}

/// Options of middy's core.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Plugin {
    timeout_early_in_millis: Option<u64>,
    #[serde(deserialize_with = "present")]
    timeout_early_response: Option<Value>,
}

/// The context of a case.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Context {
    remaining_ms: Option<u64>,
    /// The clock stands still in any case.
    #[serde(rename = "frozen")]
    _frozen: bool,
}

#[derive(Clone)]
enum Handler {
    Return(Value),
    Throw(String),
    Sleep(Duration, Value),
    Echo,
    None,
}

impl Handler {
    fn read(handler: &Value) -> Result<Self, Stop> {
        match Kind::read(handler)? {
            Kind::Return { value } => Ok(Self::Return(value)),
            Kind::ReturnNothing {} | Kind::MustNotRun {} => Ok(Self::Return(Value::Null)),
            Kind::Throw { error: Some(error), value: None } => {
                let Thrown { message, .. } = options(&error)?;
                Ok(Self::Throw(message))
            }
            Kind::Throw { error: None, value: Some(Value::String(message)) } => Ok(Self::Throw(message)),
            Kind::Throw { .. } => unsupported("a handler that throws a value that is not an error"),
            Kind::Sleep { ms, value } => Ok(Self::Sleep(Duration::from_millis(ms), value)),
            Kind::Echo { what } if what == "event" => Ok(Self::Echo),
            Kind::Echo { what } => unsupported(format!("a handler that returns its {what}")),
            Kind::None {} => Ok(Self::None),
        }
    }

    async fn run(self, trace: Notes, event: Value) -> Result<Value, BoxError> {
        if !matches!(self, Self::None) {
            trace.add(json!("handler"));
        }
        let result = match self {
            Self::Return(value) => Ok(value),
            Self::Throw(message) => Err(Raised { message, cause: None }.into()),
            Self::Sleep(time, value) => {
                tokio::time::sleep(time).await;
                Ok(value)
            }
            Self::Echo => Ok(event),
            Self::None => Ok(Value::Null),
        };
        trace.add(json!(FINISHED));
        result
    }
}

/// An error as a case has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thrown {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    message: String,
}

/// An error of a user's, which may have been caused by another.
#[derive(Debug)]
struct Raised {
    message: String,
    cause: Option<BoxError>,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Raised {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn StdError + 'static))
    }
}

/// The action of a middleware in a phase, after it has recorded its call.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Log,
    Return(Value),
    Throw(String),
    SetResponse(Value),
    EarlyUndefined(bool),
    Rethrow(bool),
    Sleep(u64),
}

/// `$mw`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    id: String,
    before: Option<Action>,
    after: Option<Action>,
    on_error: Option<Action>,
}

struct Middleware {
    config: Config,
    trace: Notes,
}

fn read_chain(chain: &Value, trace: &Notes, layers: &mut Vec<Arc<Middleware>>) -> Result<(), Stop> {
    for middleware in chain.as_array().into_iter().flatten() {
        match middleware["name"].as_str() {
            Some("$mw") => {
                let config = serde_json::from_value(middleware["config"].clone());
                let config =
                    config.map_err(|error| Stop::Unsupported(format!("a middleware that does it: {error}")))?;
                layers.push(Arc::new(Middleware { config, trace: trace.clone() }));
            }
            // Layers that are put together are one layer.
            Some("$array") => read_chain(&middleware["config"]["items"], trace, layers)?,
            name => return unsupported(format!("`{}` around a function of events", name.unwrap_or_default())),
        }
    }
    Ok(())
}

type Boxed = BoxCloneSyncService<Incoming, Outgoing, BoxError>;

/// The layers of a case; the first is the outermost.
#[derive(Clone)]
struct Chain {
    layers: Vec<Arc<Middleware>>,
    plugin: Plugin,
}

impl<S> Layer<S> for Chain
where
    S: Service<Incoming, Response = Outgoing, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Service = Boxed;

    fn layer(&self, inner: S) -> Boxed {
        let inner = Boxed::new(inner.map_err(Into::into));
        let inner = match &self.plugin.timeout_early_response {
            Some(answer) => early(inner, self.plugin.timeout_early_in_millis.unwrap_or(5), answer.clone()),
            // The deadline of the event adapter.
            None => inner,
        };
        self.layers.iter().rev().fold(inner, |inner, middleware| {
            let middleware = Arc::clone(middleware);
            Boxed::new(service_fn(move |incoming| Arc::clone(&middleware).around(inner.clone(), incoming)))
        })
    }
}

/// Answers so if the function does not in time: a layer as a user writes it.
fn early(inner: Boxed, reserve: u64, answer: Value) -> Boxed {
    Boxed::new(service_fn(move |incoming: Incoming| {
        let (inner, answer) = (inner.clone(), answer.clone());
        async move {
            let left = incoming.invocation.remaining();
            let Some(left) = left else { return inner.oneshot(incoming).await };
            let time = left.saturating_sub(Duration::from_millis(reserve));
            match tokio::time::timeout(time, inner.oneshot(incoming)).await {
                Ok(result) => result,
                Err(_) => Ok(Outgoing::serialize(&answer)?),
            }
        }
    }))
}

impl Middleware {
    async fn around(self: Arc<Self>, inner: Boxed, incoming: Incoming) -> Result<Outgoing, BoxError> {
        match self.enter(self.config.before.as_ref(), "before") {
            Some(Action::Return(answer)) => return Ok(Outgoing::serialize(&answer)?),
            Some(Action::EarlyUndefined(true)) => return Ok(Outgoing::serialize(&())?),
            Some(Action::Throw(message)) => return Err(Raised { message, cause: None }.into()),
            Some(Action::Sleep(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        match inner.oneshot(incoming).await {
            Ok(response) => match self.enter(self.config.after.as_ref(), "after") {
                Some(Action::Return(answer) | Action::SetResponse(answer)) => Ok(Outgoing::serialize(&answer)?),
                Some(Action::EarlyUndefined(true)) => Ok(Outgoing::serialize(&())?),
                Some(Action::Throw(message)) => Err(Raised { message, cause: None }.into()),
                Some(Action::Sleep(ms)) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Ok(response)
                }
                _ => Ok(response),
            },
            Err(error) => match self.enter(self.config.on_error.as_ref(), "on_error") {
                Some(Action::Return(answer) | Action::SetResponse(answer)) => Ok(Outgoing::serialize(&answer)?),
                Some(Action::EarlyUndefined(true)) => Ok(Outgoing::serialize(&())?),
                Some(Action::Throw(message)) => Err(Raised { message, cause: Some(error) }.into()),
                Some(Action::Sleep(ms)) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Err(error)
                }
                Some(Action::Rethrow(true)) | Some(_) | None => Err(error),
            },
        }
    }

    /// Notes that a phase began, and returns what it does.
    fn enter(&self, action: Option<&Action>, phase: &str) -> Option<Action> {
        if action.is_some() {
            self.trace.add(json!(format!("{}.{phase}", self.config.id)));
        }
        action.cloned()
    }
}
