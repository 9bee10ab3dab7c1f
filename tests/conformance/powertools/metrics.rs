//! Powertools' metrics: the calls of a case as Pilaster's, and the blobs that both write.
//!
//! Compared by meaning: the names in a set of dimensions have no order, and one value is what a list of one value is. Calls
//! that Powertools makes outside of an invocation are made on a handle of their own, `invoke` goes through the layer.

mod steps;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::FutureExt as _;
use lambda_runtime::{Config, Context};
use pilaster::observe::logging;
use pilaster::observe::metrics::{CapturedMetrics, MetricsLayer, Unit};
use pilaster::{BoxError, FunctionError, Incoming, Invocation, Metrics, Outgoing};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

use self::steps::Wanted;
use super::{only_these, read, variables};
use crate::case::Case;
use crate::{Compared, Replay, unsupported};

/// `2024-01-02T03:04:05.750Z`, the time of all cases.
const CLOCK: (&str, u64) = ("2024-01-02T03:04:05.750Z", 1_704_164_645_750);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    namespace: Option<String>,
    #[serde(alias = "serviceName")]
    service: Option<String>,
    #[serde(default)]
    default_dimensions: Map<String, Value>,
}

/// The input of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    clock: String,
    steps: Vec<Value>,
    function_name: Option<String>,
}

/// The variables that a case may set.
const VARIABLES: [&str; 5] = [
    "POWERTOOLS_DEV",
    "POWERTOOLS_METRICS_DISABLED",
    "POWERTOOLS_METRICS_FUNCTION_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
];

/// One call of a case.
enum Step {
    Add {
        name: String,
        unit: String,
        value: f64,
        resolution: u64,
    },
    Dimension(String, Value),
    DimensionSet(Map<String, Value>),
    Metadata(String, Value),
    Timestamp(u64),
    Single {
        add: Box<Step>,
        dimensions: Map<String, Value>,
    },
    Flush,
    /// The calls of a function that is invoked, and the text that it fails with.
    Invoke(Vec<Step>, Option<String>),
}

pub(super) fn replay(case: &Case) -> Replay {
    let settings: Settings = read("metrics", &case.json["config"])?;
    let input: Input = read("an input", &case.json["input"])?;
    if input.clock != CLOCK.0 {
        return unsupported("another time");
    }
    let env = variables(case, &VARIABLES)?;
    only_these(&case.json["expected"], &["emf_lines", "warnings", "error"])?;
    let mut wanted = Wanted::default();
    let steps = steps::read_all(&input.steps, &mut wanted)?;

    let captured = CapturedMetrics::default();
    let mut layer = pilaster::testing::metrics_layer(|name| env.get(name).cloned())
        .clock(|| UNIX_EPOCH + Duration::from_millis(CLOCK.1))
        .writer(captured.clone());
    if let Some(namespace) = settings.namespace.or(wanted.namespace) {
        layer = layer.namespace(namespace);
    }
    if let Some(service) = settings.service {
        layer = layer.service(service);
    }
    for (name, value) in settings.default_dimensions.into_iter().chain(wanted.default_dimensions) {
        layer = layer.default_dimension(name, text(&value));
    }
    if wanted.cold_start {
        layer = layer.cold_start();
    }
    let mut context = Context::default();
    let function_name = wanted.function_name.or(input.function_name);
    let config = Config { function_name: function_name.unwrap_or_default(), ..Config::default() };
    context.env_config = Arc::new(config);

    let lines = logging::CapturedLogs::default();
    let run = || catch_unwind(AssertUnwindSafe(|| run(&layer, &context, steps)));
    let done = tracing::subscriber::with_default(logging::Logs::new().writer(lines.clone()).build(), run);
    compare(case, &captured, &lines, matches!(done, Ok(Ok(()))))
}

fn compare(case: &Case, captured: &CapturedMetrics, lines: &logging::CapturedLogs, succeeded: bool) -> Replay {
    let want = &case.json["expected"];
    let (mut expected, mut observed) = (Map::new(), Map::new());
    let wanted = want["emf_lines"].as_array().cloned().unwrap_or_default();
    expected.insert("emf_lines".to_owned(), wanted.into_iter().map(by_meaning).collect());
    observed.insert("emf_lines".to_owned(), captured.blobs().into_iter().map(by_meaning).collect());
    if want.get("error").is_some() {
        // The kinds are class names of another language; that it fails is what is compared.
        expected.insert("error".to_owned(), json!(true));
    }
    if !succeeded {
        observed.insert("error".to_owned(), json!(true));
    }
    let warnings = want["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).map(about);
    expected.insert("warnings".to_owned(), warnings.collect());
    let lines = lines.lines();
    observed
        .insert("warnings".to_owned(), lines.iter().filter_map(|line| line["message"].as_str()).map(about).collect());
    Ok(Compared { expected: Value::Object(expected), observed: Value::Object(observed) })
}

/// Returns the subject of a warning of either library.
fn about(warning: &str) -> &str {
    match warning {
        _ if warning.starts_with("No application metrics to publish") => "nothing to publish",
        _ if warning.ends_with("The previous value will be overwritten.") => "a dimension is overwritten",
        "the dimension had another value in this invocation, which was replaced" => "a dimension is overwritten",
        _ if warning.contains("won't be added") => "a dimension is not added",
        _ if warning.contains("timestamp is within 14 days") => "a time is out of range",
        other => other,
    }
}

/// Sets of dimensions in alphabetical order, and each metric's values as a list.
fn by_meaning(mut blob: Value) -> Value {
    let mut metrics = Vec::new();
    for directive in blob["_aws"]["CloudWatchMetrics"].as_array_mut().into_iter().flatten() {
        for set in directive["Dimensions"].as_array_mut().into_iter().flatten() {
            set.as_array_mut().into_iter().for_each(|set| set.sort_by_key(Value::to_string));
        }
        let names = directive["Metrics"].as_array().into_iter().flatten();
        metrics.extend(names.filter_map(|metric| metric["Name"].as_str().map(ToOwned::to_owned)));
    }
    for name in metrics {
        if blob[&name].is_number() {
            blob[&name] = json!([blob[&name]]);
        }
    }
    blob
}

fn run(layer: &MetricsLayer, context: &Context, steps: Vec<Step>) -> Result<(), BoxError> {
    let mut cold = true;
    let mut outside: Option<Metrics> = None;
    for step in steps {
        match step {
            Step::Invoke(steps, raises) => {
                let steps = Arc::new(steps);
                let service = layer.layer(service_fn(move |incoming: Incoming| {
                    let (steps, raises) = (Arc::clone(&steps), raises.clone());
                    async move {
                        let all = steps.iter().try_for_each(|step| call(&Metrics::current(), step));
                        all.map_err(|error| FunctionError::new("Refused", error.to_string()))?;
                        match raises {
                            Some(text) => Err(FunctionError::new("Exception", text)),
                            None => Outgoing::try_from(incoming.event),
                        }
                    }
                }));
                let event = pilaster::RawEvent::parse("{}")?;
                let invocation = Invocation::new(context.clone()).with_cold_start(std::mem::take(&mut cold));
                let answer = service.oneshot(Incoming { event, invocation }).now_or_never();
                drop(answer.ok_or("the invocation waits")??);
            }
            step => call(outside.get_or_insert_with(|| layer.metrics()), &step)?,
        }
    }
    Ok(())
}

/// A call; where Powertools warns and goes on, so does this, as a function that logs the error would.
fn call(metrics: &Metrics, step: &Step) -> Result<(), BoxError> {
    let refused = match step {
        Step::Dimension(name, value) => metrics.dimension(name, text(value)).err(),
        Step::DimensionSet(set) => metrics.dimension_set(texts(set)).err(),
        Step::Timestamp(milliseconds) => metrics.timestamp(UNIX_EPOCH + Duration::from_millis(*milliseconds)).err(),
        step => return record(metrics, step),
    };
    match refused {
        Some(error) if error.is_dimension() => tracing::warn!("a dimension is not added"),
        Some(error) if error.is_timestamp() => tracing::warn!("a time is out of range"),
        Some(error) => return Err(error.into()),
        None => {}
    }
    Ok(())
}

fn record(metrics: &Metrics, step: &Step) -> Result<(), BoxError> {
    match step {
        Step::Add { name, unit, value, resolution: 1 } => metrics.add_high_resolution(name, unit.parse()?, *value)?,
        Step::Add { name, unit, value, resolution: 60 } => metrics.add(name, unit.parse::<Unit>()?, *value)?,
        Step::Metadata(key, value) => metrics.metadata(key, value)?,
        Step::Add { .. } => return Err("there is no other resolution, so this does not compile".into()),
        Step::Single { add, dimensions } => call(&metrics.labelled(texts(dimensions))?, add)?,
        Step::Flush => metrics.flush(),
        _ => return Err("an invocation within an invocation".into()),
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn texts(set: &Map<String, Value>) -> impl Iterator<Item = (&str, String)> {
    set.iter().map(|(name, value)| (name.as_str(), text(value)))
}
