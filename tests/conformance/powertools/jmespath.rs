//! Powertools' JMESPath functions, as keys of idempotency are selected by them.

use pilaster::idempotency::Document;
use serde_json::{Value, json};

use super::only_these;
use crate::case::Case;
use crate::{Compared, Replay, unsupported};

pub(super) fn replay(case: &Case) -> Replay {
    let Some(expression) = case.json["config"]["expression"].as_str() else {
        return unsupported("a query without an expression");
    };
    if let Some((name, _)) = case.json["config"]
        .as_object()
        .into_iter()
        .flatten()
        .find(|(name, _)| !matches!(name.as_str(), "expression" | "envelope"))
    {
        return unsupported(format!("the option {name}"));
    }
    let expected = &case.json["expected"];
    only_these(expected, &["result", "error"])?;
    let data = match case.json["input"].get("data") {
        Some(data) => data.clone(),
        None => match case.event() {
            Ok(event) => event,
            Err(missing) => return unsupported(missing),
        },
    };
    let found = Document::of(&data).map_err(Into::into).and_then(|document| document.search(expression));
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
