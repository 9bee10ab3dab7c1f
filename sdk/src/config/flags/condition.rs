//! One condition of a rule: an action, a key of the context, a value of the document.

use std::cmp::Ordering;
use std::time::SystemTime;

use serde_json::{Map, Number, Value};

use crate::config::flags::time::{DateTimes, Days, Times};

/// A condition, parsed and validated.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) key: String,
    pub(super) test: Test,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Compare(Action, Value),
    Modulo { base: i64, start: i64, end: i64 },
    Times(Times),
    DateTimes(DateTimes),
    Days(Days),
}

/// The actions that compare a value of the context with one of the document, by Powertools' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Equals,
    NotEquals,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsWith,
    EndsWith,
    KeyInValue,
    KeyNotInValue,
    ValueInKey,
    ValueNotInKey,
    AllInValue,
    AnyInValue,
    NoneInValue,
}

/// The names of all actions, in the order of Powertools' documentation.
pub(super) const ACTIONS: [&str; 21] = [
    "EQUALS",
    "NOT_EQUALS",
    "KEY_GREATER_THAN_VALUE",
    "KEY_GREATER_THAN_OR_EQUAL_VALUE",
    "KEY_LESS_THAN_VALUE",
    "KEY_LESS_THAN_OR_EQUAL_VALUE",
    "STARTSWITH",
    "ENDSWITH",
    "IN",
    "NOT_IN",
    "KEY_IN_VALUE",
    "KEY_NOT_IN_VALUE",
    "VALUE_IN_KEY",
    "VALUE_NOT_IN_KEY",
    "ALL_IN_VALUE",
    "ANY_IN_VALUE",
    "NONE_IN_VALUE",
    "SCHEDULE_BETWEEN_TIME_RANGE",
    "SCHEDULE_BETWEEN_DATETIME_RANGE",
    "SCHEDULE_BETWEEN_DAYS_OF_WEEK",
    "MODULO_RANGE",
];

impl Action {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "EQUALS" => Self::Equals,
            "NOT_EQUALS" => Self::NotEquals,
            "KEY_GREATER_THAN_VALUE" => Self::Greater,
            "KEY_GREATER_THAN_OR_EQUAL_VALUE" => Self::GreaterOrEqual,
            "KEY_LESS_THAN_VALUE" => Self::Less,
            "KEY_LESS_THAN_OR_EQUAL_VALUE" => Self::LessOrEqual,
            "STARTSWITH" => Self::StartsWith,
            "ENDSWITH" => Self::EndsWith,
            "IN" | "KEY_IN_VALUE" => Self::KeyInValue,
            "NOT_IN" | "KEY_NOT_IN_VALUE" => Self::KeyNotInValue,
            "VALUE_IN_KEY" => Self::ValueInKey,
            "VALUE_NOT_IN_KEY" => Self::ValueNotInKey,
            "ALL_IN_VALUE" => Self::AllInValue,
            "ANY_IN_VALUE" => Self::AnyInValue,
            "NONE_IN_VALUE" => Self::NoneInValue,
            _ => return None,
        })
    }
}

impl Condition {
    /// Parses one condition; the error completes a sentence about it.
    pub(super) fn read(condition: Value) -> Result<Self, String> {
        let Value::Object(mut members) = condition else { return Err("must be an object".to_owned()) };
        let action = match members.get("action") {
            Some(Value::String(action)) => action.clone(),
            Some(_) => return Err("`action` must be a string".to_owned()),
            None => return Err("must have an `action`".to_owned()),
        };
        if !ACTIONS.contains(&action.as_str()) {
            return Err(format!("has an unknown `action`; it must be one of {}", ACTIONS.join(", ")));
        }
        let key = match members.remove("key") {
            Some(Value::String(key)) if !key.is_empty() => key,
            _ => return Err("must have a `key` that is a non-empty string".to_owned()),
        };
        let value = match members.remove("value") {
            None | Some(Value::Null) => return Err("must have a `value` that is not null".to_owned()),
            Some(value) => value,
        };
        let wants_key = |wanted: &str| {
            (key == wanted)
                .then_some(())
                .ok_or_else(|| format!("must have the `key` `{wanted}`, as `{action}` requires"))
        };
        let test = match action.as_str() {
            "SCHEDULE_BETWEEN_TIME_RANGE" => {
                wants_key("CURRENT_TIME")?;
                Test::Times(Times::read(&value)?)
            }
            "SCHEDULE_BETWEEN_DATETIME_RANGE" => {
                wants_key("CURRENT_DATETIME")?;
                Test::DateTimes(DateTimes::read(&value)?)
            }
            "SCHEDULE_BETWEEN_DAYS_OF_WEEK" => {
                wants_key("CURRENT_DAY_OF_WEEK")?;
                Test::Days(Days::read(&value)?)
            }
            "MODULO_RANGE" => modulo(&value)?,
            "ALL_IN_VALUE" | "ANY_IN_VALUE" | "NONE_IN_VALUE" if !value.is_array() => {
                return Err(format!("must have a `value` that is a list, as `{action}` requires"));
            }
            // Every other name in the list is a comparison.
            _ => match Action::of(&action) {
                Some(action) => Test::Compare(action, value),
                None => return Err("has an unknown `action`".to_owned()),
            },
        };
        Ok(Self { key, test })
    }

    /// Returns `true` if the condition matches. Values that cannot be compared do not match, and neither does a key
    /// that the context lacks, regardless of the action.
    pub(super) fn holds(&self, context: &Map<String, Value>, now: SystemTime) -> bool {
        let own = || context.get(&self.key);
        match &self.test {
            Test::Times(times) => times.contains(now),
            Test::DateTimes(times) => times.contains(now),
            Test::Days(days) => days.contains(now),
            Test::Modulo { base, start, end } => own().is_some_and(|own| is_in_modulo(own, *base, *start, *end)),
            Test::Compare(action, value) => own().and_then(|own| compare(*action, own, value)).unwrap_or(false),
        }
    }
}

fn modulo(value: &Value) -> Result<Test, String> {
    let number = |name: &str| {
        let number = value.get(name).and_then(Value::as_i64);
        number.ok_or_else(|| "must have a `value` with the integers `BASE`, `START` and `END`".to_owned())
    };
    let (base, start, end) = (number("BASE")?, number("START")?, number("END")?);
    if 0 <= start && start <= end && end < base {
        Ok(Test::Modulo { base, start, end })
    } else {
        Err("must have 0 <= START <= END <= BASE - 1 in its `value`".to_owned())
    }
}

fn is_in_modulo(own: &Value, base: i64, start: i64, end: i64) -> bool {
    match Numeric::of(own) {
        Some(Numeric::Integer(own)) => {
            (i128::from(start)..=i128::from(end)).contains(&own.rem_euclid(i128::from(base)))
        }
        Some(Numeric::Float(own)) => (start as f64..=end as f64).contains(&own.rem_euclid(base as f64)),
        None => false,
    }
}

/// Returns `None` if Python would raise a `TypeError`: neither the condition nor its opposite then matches.
fn compare(action: Action, own: &Value, value: &Value) -> Option<bool> {
    Some(match action {
        Action::Equals => equal(own, value),
        Action::NotEquals => !equal(own, value),
        Action::Greater => order(own, value)?.is_some_and(Ordering::is_gt),
        Action::GreaterOrEqual => order(own, value)?.is_some_and(Ordering::is_ge),
        Action::Less => order(own, value)?.is_some_and(Ordering::is_lt),
        Action::LessOrEqual => order(own, value)?.is_some_and(Ordering::is_le),
        Action::StartsWith => own.as_str()?.starts_with(value.as_str()?),
        Action::EndsWith => own.as_str()?.ends_with(value.as_str()?),
        Action::KeyInValue => contains(value, own)?,
        Action::KeyNotInValue => !contains(value, own)?,
        Action::ValueInKey => contains(own, value)?,
        Action::ValueNotInKey => !contains(own, value)?,
        Action::AllInValue => own.as_array()?.iter().all(|own| contains(value, own) == Some(true)),
        Action::AnyInValue => own.as_array()?.iter().any(|own| contains(value, own) == Some(true)),
        Action::NoneInValue => own.as_array()?.iter().all(|own| contains(value, own) == Some(false)),
    })
}

/// Evaluates Python's `in`: the items of a list, the substrings of a text, the keys of an object.
fn contains(container: &Value, item: &Value) -> Option<bool> {
    match container {
        Value::Array(items) => Some(items.iter().any(|other| equal(item, other))),
        Value::String(text) => Some(text.contains(item.as_str()?)),
        Value::Object(members) => match item {
            Value::String(name) => Some(members.contains_key(name)),
            Value::Array(_) | Value::Object(_) => None,
            _ => Some(false),
        },
        _ => None,
    }
}

/// Evaluates Python's `==`: numbers by value, so that 1 equals 1.0, and `true` equals 1.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    if let (Some(one), Some(other)) = (Numeric::of(one), Numeric::of(other)) {
        return one.order(other) == Some(Ordering::Equal);
    }
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, one)| other.get(name).is_some_and(|other| equal(one, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

/// Returns Python's order of numbers, of texts by characters, of lists by the first items that differ; `None` for
/// others.
fn order(one: &Value, other: &Value) -> Option<Option<Ordering>> {
    if let (Some(one), Some(other)) = (Numeric::of(one), Numeric::of(other)) {
        return Some(one.order(other));
    }
    match (one, other) {
        (Value::String(one), Value::String(other)) => Some(Some(one.cmp(other))),
        (Value::Array(one), Value::Array(other)) => match one.iter().zip(other).find(|(a, b)| !equal(a, b)) {
            Some((one, other)) => order(one, other),
            None => Some(Some(one.len().cmp(&other.len()))),
        },
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Numeric {
    Integer(i128),
    Float(f64),
}

impl Numeric {
    fn of(value: &Value) -> Option<Self> {
        let number = |number: &Number| match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Some(Self::Integer(integer.into())),
            (_, Some(integer)) => Some(Self::Integer(integer.into())),
            _ => number.as_f64().map(Self::Float),
        };
        match value {
            Value::Bool(value) => Some(Self::Integer((*value).into())),
            Value::Number(value) => number(value),
            _ => None,
        }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(&other)),
            (one, other) => one.float().partial_cmp(&other.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}
