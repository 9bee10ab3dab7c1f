//! Powertools' JMESPath functions, as keys of idempotency are selected by them.

use pilaster::idempotency::Document;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{only_these, present, read, variables};
use crate::case::Case;
use crate::{Compared, Replay, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    expression: String,
    /// The name that Powertools has for the expression.
    #[serde(rename = "envelope")]
    _envelope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default, deserialize_with = "present")]
    data: Option<Value>,
    #[serde(rename = "event")]
    _event: Option<Value>,
    #[serde(rename = "event_file")]
    _event_file: Option<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    variables(case, &[])?;
    let Config { expression, .. } = read("a query", &case.json["config"])?;
    let Input { data, .. } = read("an input", &case.json["input"])?;
    let expected = &case.json["expected"];
    only_these(expected, &["result", "error"])?;
    let data = match data {
        Some(data) => data,
        None => match case.event() {
            Ok(event) => event,
            Err(missing) => return unsupported(missing),
        },
    };
    let found = Document::of(&data).map_err(Into::into).and_then(|document| document.search(&expression));
    let observed = match found {
        Ok(result) => json!({ "result": result }),
        Err(_) => json!({ "error": true }),
    };
    // The classes and texts of errors are Python's own.
    let expected = match expected.get("error") {
        Some(_) => json!({ "error": true }),
        None => json!({ "result": expected.get("result").unwrap_or(&Value::Null) }),
    };
    Ok(Compared { expected, observed })
}
