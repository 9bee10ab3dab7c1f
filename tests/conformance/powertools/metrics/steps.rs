//! The calls of a case, of either language, as steps.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::super::read;
use super::{Step, text};
use crate::{Stop, unsupported};

/// The settings of the layer that the calls need.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) namespace: Option<String>,
    pub(super) default_dimensions: Map<String, Value>,
    pub(super) cold_start: bool,
    pub(super) function_name: Option<String>,
}

/// A metric, by the names of Python's arguments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    unit: String,
    value: f64,
    resolution: Option<u64>,
}

impl Add {
    fn step(self) -> Step {
        let Self { name, unit, value, resolution } = self;
        Step::Add { name, unit, value, resolution: resolution.unwrap_or(60) }
    }

    /// By the order of TypeScript's arguments.
    fn positional(arguments: &[Value]) -> Result<Self, Stop> {
        match arguments {
            [name, unit, value] => arguments_as(&json!({ "name": name, "unit": unit, "value": value })),
            [name, unit, value, resolution] => {
                arguments_as(&json!({ "name": name, "unit": unit, "value": value, "resolution": resolution }))
            }
            _ => unsupported("a metric with other arguments"),
        }
    }

    fn count(name: String, value: f64) -> Step {
        Step::Add { name, unit: "Count".to_owned(), value, resolution: 60 }
    }
}

/// Many metrics: `prefix0`, `prefix1`, …
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    prefix: String,
    count: u32,
}

/// Many values of one metric: 0, 1, …
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    name: String,
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dimension {
    name: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    key: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Single {
    name: String,
    unit: String,
    value: f64,
    resolution: Option<u64>,
    namespace: Option<String>,
    #[serde(default)]
    default_dimensions: Map<String, Value>,
}

/// An invocation, and what its function does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invoke {
    #[serde(default)]
    capture_cold_start_metric: bool,
    #[serde(default)]
    default_dimensions: Map<String, Value>,
    #[serde(default)]
    steps: Vec<Value>,
    #[serde(alias = "raise")]
    raises: Option<String>,
}

fn arguments_as<T: DeserializeOwned>(arguments: &Value) -> Result<T, Stop> {
    read("a call", arguments)
}

/// The calls as steps; what they want of the layer is kept aside.
pub(super) fn read_all(calls: &[Value], wanted: &mut Wanted) -> Result<Vec<Step>, Stop> {
    let mut steps = Vec::new();
    for call in calls {
        match call.as_array().map(Vec::as_slice) {
            Some([Value::String(name), arguments @ ..]) => one(name, arguments, wanted, &mut steps)?,
            _ => return unsupported("a call without a name"),
        }
    }
    Ok(steps)
}

/// One call of either language.
fn one(name: &str, arguments: &[Value], wanted: &mut Wanted, steps: &mut Vec<Step>) -> Result<(), Stop> {
    let is_written = steps.iter().any(|step| matches!(step, Step::Flush | Step::Invoke(..)));
    match (name, arguments) {
        ("add_metric", [arguments]) => steps.push(arguments_as::<Add>(arguments)?.step()),
        ("addMetric", arguments) => steps.push(Add::positional(arguments)?.step()),
        ("add_metrics_n", [arguments]) => {
            let Many { prefix, count } = arguments_as(arguments)?;
            steps.extend((0..count).map(|index| Add::count(format!("{prefix}{index}"), 1.0)));
        }
        ("addMetricsN", [count]) => {
            let count: u32 = arguments_as(count)?;
            steps.extend((0..count).map(|index| Add::count(format!("metric_{index}"), 1.0)));
        }
        ("add_values_n", [arguments]) => {
            let Values { name, count } = arguments_as(arguments)?;
            steps.extend((0..count).map(|value| Add::count(name.clone(), f64::from(value))));
        }
        ("addDimension", [Value::String(name), value]) => steps.push(Step::Dimension(name.clone(), value.clone())),
        ("add_dimension", [arguments]) => {
            let Dimension { name, value } = arguments_as(arguments)?;
            steps.push(Step::Dimension(name, value));
        }
        ("add_dimensions_n", [arguments]) => {
            let Count { count } = arguments_as(arguments)?;
            steps.extend((0..count).map(|index| Step::Dimension(format!("d{index}"), json!("x"))));
        }
        ("addDimensionsN", [count]) => {
            let count: u32 = arguments_as(count)?;
            steps.extend((0..count).map(|index| Step::Dimension(format!("d{index}"), json!("x"))));
        }
        ("addDimensions" | "add_dimensions", [Value::Object(set)]) => steps.push(Step::DimensionSet(set.clone())),
        // Python also takes a set as named arguments.
        ("add_dimensions", sets) if !sets.is_empty() && sets.iter().all(Value::is_object) => {
            steps.extend(sets.iter().filter_map(Value::as_object).map(|set| Step::DimensionSet(set.clone())));
        }
        ("addMetadata", [Value::String(key), value]) => steps.push(Step::Metadata(key.clone(), value.clone())),
        ("add_metadata", [arguments]) => {
            let Metadata { key, value } = arguments_as(arguments)?;
            steps.push(Step::Metadata(key, value));
        }
        ("set_timestamp" | "setTimestamp", [time]) => match time.as_u64() {
            Some(milliseconds) => steps.push(Step::Timestamp(milliseconds)),
            None => return unsupported("a time that is not a number"),
        },
        // Dimensions of the layer, as long as nothing is written without them.
        ("set_default_dimensions" | "setDefaultDimensions", [Value::Object(set)]) if !is_written => {
            wanted.default_dimensions.extend(set.clone());
        }
        ("flush" | "flush_metrics" | "publishStoredMetrics", []) => steps.push(Step::Flush),
        ("single_metric", [arguments]) => {
            let single: Single = arguments_as(arguments)?;
            let Single { name, unit, value, resolution, namespace, default_dimensions } = single;
            if let Some(namespace) = namespace {
                wanted.namespace = Some(namespace);
            }
            let add = Add { name, unit, value, resolution }.step();
            steps.push(Step::Single { add: Box::new(add), dimensions: default_dimensions });
        }
        ("single", [Value::Array(arguments)]) => {
            let add = Add::positional(arguments)?.step();
            steps.push(Step::Single { add: Box::new(add), dimensions: Map::new() });
        }
        ("single", [Value::Array(arguments), Value::Object(dimensions)]) => {
            let add = Add::positional(arguments)?.step();
            steps.push(Step::Single { add: Box::new(add), dimensions: dimensions.clone() });
        }
        ("invoke", [arguments]) => {
            let Invoke { capture_cold_start_metric, default_dimensions, steps: inner, raises } =
                arguments_as(arguments)?;
            wanted.cold_start |= capture_cold_start_metric;
            wanted.default_dimensions.extend(default_dimensions);
            let inner = read_all(&inner, wanted)?;
            steps.push(Step::Invoke(inner, raises));
        }
        ("captureColdStartMetric", [] | [Value::String(_)]) => {
            wanted.cold_start = true;
            wanted.function_name = arguments.first().map(text);
            steps.push(Step::Invoke(Vec::new(), None));
        }
        (
            "clear_default_dimensions" | "clearDefaultDimensions" | "set_default_dimensions" | "setDefaultDimensions",
            _,
        ) => {
            return unsupported("default dimensions that change while the process runs");
        }
        ("setThrowOnEmptyMetrics", _) => return unsupported("an error where an invocation has no metrics"),
        (other, _) => return unsupported(format!("the call `{other}` with these arguments")),
    }
    Ok(())
}
