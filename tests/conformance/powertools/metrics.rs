//! Powertools' metrics: the calls of a case as Pilaster's, and the blobs that both write.
//!
//! Compared by meaning: the names in a set of dimensions have no order, and one value is what a list of one value is. Calls
//! that Powertools makes outside of an invocation are made on a handle of their own, `invoke` goes through the layer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::FutureExt as _;
use lambda_runtime::{Config, Context};
use pilaster::observe::logging;
use pilaster::observe::metrics::{Captured, MetricsLayer, Unit};
use pilaster::{BoxError, FunctionError, Incoming, Invocation, Metrics, RawResponse};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{only_these, read};
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

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
    /// The calls of a function that is invoked.
    Invoke(Vec<Step>),
}

/// What the calls want of the layer.
#[derive(Default)]
struct Wanted {
    namespace: Option<String>,
    default_dimensions: Map<String, Value>,
    cold_start: bool,
    function_name: Option<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    let settings: Settings = read("metrics", &case.json["config"])?;
    let input = &case.json["input"];
    if input["clock"] != CLOCK.0 {
        return unsupported("another time");
    }
    only_these(&case.json["expected"], &["emf_lines", "warnings", "error"])?;
    let mut wanted = Wanted::default();
    let steps = steps(&input["steps"], &mut wanted)?;

    let captured = Captured::default();
    let env = case.json["env"].clone();
    let mut layer = MetricsLayer::from_vars(|name| env[name].as_str().map(ToOwned::to_owned))
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
    let function_name = wanted.function_name.or_else(|| input["function_name"].as_str().map(ToOwned::to_owned));
    let config = Config { function_name: function_name.unwrap_or_default(), ..Config::default() };
    context.env_config = Arc::new(config);

    let lines = logging::Captured::default();
    let run = || catch_unwind(AssertUnwindSafe(|| run(&layer, &context, steps)));
    let done = tracing::subscriber::with_default(logging::Logs::new().writer(lines.clone()).build(), run);
    compare(case, &captured, &lines, matches!(done, Ok(Ok(()))))
}

fn compare(case: &Case, captured: &Captured, lines: &logging::Captured, succeeded: bool) -> Replay {
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

/// What a warning is about, in whoever's words.
fn about(warning: &str) -> &str {
    match warning {
        _ if warning.starts_with("No application metrics to publish") => "nothing to publish",
        _ if warning.ends_with("The previous value will be overwritten.") => "a dimension is overwritten",
        _ if warning.ends_with("which is overwritten") => "a dimension is overwritten",
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
            Step::Invoke(steps) => {
                let steps = Arc::new(steps);
                let service = layer.layer(service_fn(move |incoming: Incoming| {
                    let steps = Arc::clone(&steps);
                    async move {
                        let all = steps.iter().try_for_each(|step| call(&Metrics::current(), step));
                        all.map_err(|error| FunctionError::new("Refused", error.to_string()))?;
                        Ok::<RawResponse, FunctionError>(incoming.event)
                    }
                }));
                let event = RawValue::from_string("{}".to_owned())?;
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

fn steps(calls: &Value, wanted: &mut Wanted) -> Result<Vec<Step>, Stop> {
    let mut steps = Vec::new();
    for call in calls.as_array().into_iter().flatten() {
        step(call, wanted, &mut steps)?;
    }
    Ok(steps)
}

/// One call of either language as steps; what it wants of the layer is kept aside.
fn step(call: &Value, wanted: &mut Wanted, steps: &mut Vec<Step>) -> Result<(), Stop> {
    let arguments = &call[1];
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let add = |arguments: &Value| Step::Add {
        name: string(&arguments["name"]),
        unit: string(&arguments["unit"]),
        value: arguments["value"].as_f64().unwrap_or(f64::NAN),
        resolution: arguments["resolution"].as_u64().unwrap_or(60),
    };
    let positional = |list: &[Value]| {
        let at = |index: usize| list.get(index).cloned().unwrap_or(Value::Null);
        add(&json!({ "name": at(0), "unit": at(1), "value": at(2), "resolution": at(3) }))
    };
    let number = |name: String, value: u64| add(&json!({ "name": name, "unit": "Count", "value": value }));
    let list = call.as_array().map(Vec::as_slice).unwrap_or_default();
    match call[0].as_str().unwrap_or_default() {
        "add_metric" => steps.push(add(arguments)),
        "addMetric" => steps.push(positional(&list[1..])),
        "add_metrics_n" => {
            let names = (0..count(&arguments["count"])).map(|index| format!("{}{index}", text(&arguments["prefix"])));
            steps.extend(names.map(|name| number(name, 1)));
        }
        "addMetricsN" => steps.extend((0..count(arguments)).map(|index| number(format!("metric_{index}"), 1))),
        "add_values_n" => {
            steps.extend((0..count(&arguments["count"])).map(|value| number(string(&arguments["name"]), value)));
        }
        "addDimension" => steps.push(Step::Dimension(string(arguments), call[2].clone())),
        "addDimensions" => steps.push(Step::DimensionSet(arguments.as_object().cloned().unwrap_or_default())),
        "addMetadata" => steps.push(Step::Metadata(string(arguments), call[2].clone())),
        "set_timestamp" | "setTimestamp" => match arguments.as_u64() {
            Some(milliseconds) => steps.push(Step::Timestamp(milliseconds)),
            None => return unsupported("a time that is no number"),
        },
        // Those of the layer, as long as nothing is written without them.
        "set_default_dimensions" | "setDefaultDimensions"
            if !steps.iter().any(|step| matches!(step, Step::Flush | Step::Invoke(_))) =>
        {
            wanted.default_dimensions.extend(arguments.as_object().cloned().unwrap_or_default());
        }
        "add_dimension" => steps.push(Step::Dimension(string(&arguments["name"]), arguments["value"].clone())),
        "add_dimensions_n" => {
            steps.extend((0..count(&arguments["count"])).map(|index| Step::Dimension(format!("d{index}"), json!("x"))));
        }
        "addDimensionsN" => {
            steps.extend((0..count(arguments)).map(|index| Step::Dimension(format!("d{index}"), json!("x"))));
        }
        "add_dimensions" => steps.push(Step::DimensionSet(arguments.as_object().cloned().unwrap_or_default())),
        "add_metadata" => steps.push(Step::Metadata(string(&arguments["key"]), arguments["value"].clone())),
        "flush" | "publishStoredMetrics" => steps.push(Step::Flush),
        "single_metric" => {
            wanted.namespace = arguments["namespace"].as_str().map(ToOwned::to_owned);
            let dimensions = arguments["default_dimensions"].as_object().cloned().unwrap_or_default();
            steps.push(Step::Single { add: Box::new(add(arguments)), dimensions });
        }
        "single" => {
            let add = positional(arguments.as_array().map(Vec::as_slice).unwrap_or_default());
            let dimensions = call[2].as_object().cloned().unwrap_or_default();
            steps.push(Step::Single { add: Box::new(add), dimensions });
        }
        "invoke" => {
            only_these(arguments, &["capture_cold_start_metric", "default_dimensions", "steps"])?;
            wanted.cold_start |= arguments["capture_cold_start_metric"] == true;
            wanted.default_dimensions.extend(arguments["default_dimensions"].as_object().cloned().unwrap_or_default());
            let inner = self::steps(&arguments["steps"], wanted)?;
            steps.push(Step::Invoke(inner));
        }
        "captureColdStartMetric" => {
            wanted.cold_start = true;
            wanted.function_name = Some(string(arguments));
            steps.push(Step::Invoke(Vec::new()));
        }
        "clear_default_dimensions" | "clearDefaultDimensions" | "set_default_dimensions" | "setDefaultDimensions" => {
            return unsupported("default dimensions that change while the process runs");
        }
        "setThrowOnEmptyMetrics" => return unsupported("an error where an invocation has no metrics"),
        other => return unsupported(format!("the call `{other}`")),
    }
    Ok(())
}
