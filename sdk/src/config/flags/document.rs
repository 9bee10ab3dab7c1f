//! [`Document`]: features and their rules, validated on parsing.

use std::fmt;
use std::time::SystemTime;

use jmespath::Expression;
use serde_json::{Map, Value};

use super::condition::Condition;
use super::ordered;

/// The features of a document in Powertools' schema, with their rules. Evaluation is pure: it depends only on the
/// document, the context and the given time.
///
/// ```json
/// {
///   "ten_percent_off": {
///     "default": false,
///     "rules": {
///       "premium customers": {
///         "when_match": true,
///         "conditions": [{ "action": "EQUALS", "key": "tier", "value": "premium" }]
///       }
///     }
///   },
///   "limits": { "default": { "items": 20 }, "boolean_type": false }
/// }
/// ```
///
/// A feature evaluates to the `when_match` of the first rule whose conditions all match, or to its `default`. The value
/// is a boolean unless `boolean_type` is false. A condition on a key that the context lacks does not match, regardless
/// of the action; nor does a comparison of values that cannot be compared. Values compare as in Python, the origin of
/// the rules: 1 equals 1.0, and `true` equals 1.
///
/// | action | matches if |
/// |---|---|
/// | `EQUALS`, `NOT_EQUALS` | the values are (not) equal |
/// | `KEY_GREATER_THAN_VALUE`, `KEY_GREATER_THAN_OR_EQUAL_VALUE`, `KEY_LESS_THAN_VALUE`, `KEY_LESS_THAN_OR_EQUAL_VALUE` | the numbers, strings or lists have this order |
/// | `STARTSWITH`, `ENDSWITH` | the key's text starts or ends with the value |
/// | `IN`, `KEY_IN_VALUE`, `NOT_IN`, `KEY_NOT_IN_VALUE` | the key's value is (not) in the list, text or object |
/// | `VALUE_IN_KEY`, `VALUE_NOT_IN_KEY` | the value is (not) in the key's list, text or object |
/// | `ALL_IN_VALUE`, `ANY_IN_VALUE`, `NONE_IN_VALUE` | all, any, or none of the items of the key's list are in the
/// value's list |
/// | `SCHEDULE_BETWEEN_TIME_RANGE` | `CURRENT_TIME` is from `START` to `END` (`"21:00"`, also over midnight) in `TIMEZONE` |
/// | `SCHEDULE_BETWEEN_DATETIME_RANGE` | `CURRENT_DATETIME` is from `START` to `END` (`"2026-12-24T18:00:00"`) in `TIMEZONE` |
/// | `SCHEDULE_BETWEEN_DAYS_OF_WEEK` | `CURRENT_DAY_OF_WEEK` is one of `DAYS` in `TIMEZONE` |
/// | `MODULO_RANGE` | `START` <= key modulo `BASE` <= `END` |
///
/// # Example
///
/// ```
/// use std::time::SystemTime;
///
/// use pilaster::config::flags::Document;
/// use serde_json::json;
///
/// let document: Document = r#"{ "dark_mode": { "default": false, "rules": { "testers": {
///     "when_match": true,
///     "conditions": [{ "action": "ENDSWITH", "key": "email", "value": "@example.com" }]
/// } } } }"#.parse()?;
/// let ada = json!({ "email": "ada@example.com" });
/// assert_eq!(document.evaluate("dark_mode", &ada, SystemTime::now()), Some(&json!(true)));
/// assert_eq!(document.evaluate("no_such_feature", &ada, SystemTime::now()), None);
///
/// let wrong = r#"{ "dark_mode": { "default": "no" } }"#.parse::<Document>().unwrap_err();
/// assert_eq!(wrong.to_string(), "feature `dark_mode` must have a boolean `default`, or `\"boolean_type\": false`");
/// # Ok::<(), pilaster::BoxError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Document {
    features: Vec<(String, Feature)>,
}

#[derive(Clone, Debug)]
struct Feature {
    default: Value,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    when_match: Value,
    conditions: Vec<Condition>,
}

impl Document {
    /// Parses a document, or the part of a larger one that the JMESPath expression selects.
    pub(super) fn read(text: &[u8], envelope: Option<&Expression<'_>>) -> Result<Self, SchemaError> {
        let value = ordered::read(text, envelope).map_err(|problem| SchemaError { problems: vec![problem] })?;
        let Value::Object(features) = value else {
            let where_ = envelope.map(|envelope| format!("; change the envelope `{}`", envelope.as_str()));
            let problem = format!("features must be an object{}", where_.unwrap_or_default());
            return Err(SchemaError { problems: vec![problem] });
        };
        let (mut read, mut problems) = (Vec::new(), Vec::new());
        for (name, feature) in ordered::members(features) {
            if let Some(feature) = Feature::read(&name, feature, &mut problems) {
                read.push((name, feature));
            }
        }
        if problems.is_empty() { Ok(Self { features: read }) } else { Err(SchemaError { problems }) }
    }

    /// Evaluates a feature for this context at this time; returns `None` if the feature does not exist.
    ///
    /// The context must be an object; any other value counts as an empty one.
    pub fn evaluate(&self, name: &str, context: &Value, now: SystemTime) -> Option<&Value> {
        let (_, feature) = self.features.iter().find(|(own, _)| own == name)?;
        Some(feature.evaluate(context.as_object().unwrap_or(&Map::new()), now))
    }

    /// Returns the features that are on, in the order of the document: those whose value is `true`, or, if it is not a
    /// boolean, neither empty nor zero.
    pub fn enabled(&self, context: &Value, now: SystemTime) -> impl Iterator<Item = &str> {
        let empty = Map::new();
        let context = context.as_object().unwrap_or(&empty);
        let enabled = self.features.iter().filter(|(_, feature)| is_truthy(feature.evaluate(context, now)));
        enabled.map(|(name, _)| name.as_str()).collect::<Vec<_>>().into_iter()
    }
}

impl std::str::FromStr for Document {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Self, SchemaError> {
        Self::read(text.as_bytes(), None)
    }
}

impl Feature {
    fn evaluate(&self, context: &Map<String, Value>, now: SystemTime) -> &Value {
        let holds = |rule: &&Rule| rule.conditions.iter().all(|condition| condition.holds(context, now));
        self.rules.iter().find(holds).map_or(&self.default, |rule| &rule.when_match)
    }

    fn read(name: &str, feature: Value, problems: &mut Vec<String>) -> Option<Self> {
        let mut problem = |text: &str| problems.push(format!("feature `{name}` {text}"));
        let mut members = match feature {
            Value::Object(members) => members,
            _ => {
                problem("must be an object");
                return None;
            }
        };
        let default = ordered::plain(members.remove("default").unwrap_or_default());
        let is_boolean = members.get("boolean_type").is_none_or(is_truthy);
        if is_boolean && !default.is_boolean() {
            problem("must have a boolean `default`, or `\"boolean_type\": false`");
        } else if default.is_null() {
            problem("must have a `default` that is not null");
        }
        let rules = match members.remove("rules").map(ordered_or_plain) {
            None => Vec::new(),
            Some(Ok(rules)) => rules,
            Some(Err(rules)) if !is_truthy(&rules) => Vec::new(),
            Some(Err(_)) => {
                problem("must have `rules` that are an object");
                Vec::new()
            }
        };
        let rules = rules.into_iter().filter_map(|(rule, value)| Rule::read(name, &rule, value, is_boolean, problems));
        Some(Self { default, rules: rules.collect() })
    }
}

fn ordered_or_plain(value: Value) -> Result<Vec<(String, Value)>, Value> {
    match value {
        Value::Object(members) => Ok(ordered::members(members)),
        other => Err(other),
    }
}

impl Rule {
    fn read(feature: &str, name: &str, rule: Value, is_boolean: bool, problems: &mut Vec<String>) -> Option<Self> {
        let mut problem = |text: &str| problems.push(format!("feature `{feature}`, rule `{name}` {text}"));
        if name.is_empty() {
            problem("must have a name");
        }
        let Value::Object(mut members) = rule else {
            problem("must be an object");
            return None;
        };
        let when_match = ordered::plain(members.remove("when_match").unwrap_or_default());
        if is_boolean && !when_match.is_boolean() {
            problem("must have a boolean `when_match`, like the feature");
        }
        let Some(Value::Array(conditions)) = members.remove("conditions").filter(is_truthy) else {
            problem("must have `conditions` that are a non-empty list");
            return None;
        };
        let mut read = Vec::new();
        for (index, condition) in conditions.into_iter().enumerate() {
            match Condition::read(ordered::plain(condition)) {
                Ok(condition) => read.push(condition),
                Err(text) => problem(&format!("condition {} {text}", index + 1)),
            }
        }
        Some(Self { when_match, conditions: read })
    }
}

/// Returns Python's truth value: `false` for null, false, zero and empty.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// The error of a document that does not match the schema: all errors, by feature, rule and condition.
#[derive(Clone, Debug)]
pub struct SchemaError {
    problems: Vec<String>,
}

impl SchemaError {
    /// Returns each error as a sentence.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for SchemaError {}
