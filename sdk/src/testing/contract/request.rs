//! Checks a request by its operation.

use http::header;
use serde_json::Value;

use super::find::Operation;
use super::sent::Sent;
use super::{Contract, check_body};

pub(super) fn check(contract: &Contract, operation: &Operation<'_>, sent: &Sent) -> Result<(), String> {
    for parameters in [operation.item, operation.value] {
        for parameter in parameters.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            check_parameter(contract, contract.resolve(parameter), operation, sent)?;
        }
    }
    let Some(body) = operation.value.get("requestBody").map(|body| contract.resolve(body)) else { return Ok(()) };
    if sent.body.is_empty() {
        let is_required = body.get("required") == Some(&Value::Bool(true));
        return if is_required { Err("the body is required".to_owned()) } else { Ok(()) };
    }
    let media_type = sent.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content = body.get("content").unwrap_or(&Value::Null);
    // Without a media type, such as in `Bytes`.
    let media_type = media_type.or_else(|| content.get("*/*").map(|_| "application/octet-stream"));
    check_body(contract, content, media_type, &sent.body, "the body")
}

fn check_parameter(
    contract: &Contract,
    parameter: &Value,
    operation: &Operation<'_>,
    sent: &Sent,
) -> Result<(), String> {
    let member = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
    let (place, name) = (member("in"), member("name"));
    let values: Vec<String> = match place {
        "path" => operation.parameters.iter().filter(|(known, _)| *known == name).map(|(_, v)| v.clone()).collect(),
        "query" => sent.query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect(),
        "header" => {
            let values = sent.headers.get_all(name).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
        }
        // Cookies have forms of their own.
        _ => return Ok(()),
    };
    let may_be_empty = parameter.get("allowEmptyValue") == Some(&Value::Bool(true));
    if may_be_empty && values.iter().all(String::is_empty) && !values.is_empty() {
        return Ok(());
    }
    if values.is_empty() {
        let is_required = parameter.get("required") == Some(&Value::Bool(true));
        return if is_required { Err(format!("the {place} parameter `{name}` is required")) } else { Ok(()) };
    }
    // Another style joins the values.
    let is_joined =
        parameter.get("explode") == Some(&Value::Bool(false)) || parameter.get("style").is_some_and(is_other_style);
    let Some(schema) = parameter.get("schema").filter(|_| !is_joined) else { return Ok(()) };
    let what = format!("the {place} parameter `{name}`");
    let is_array = may_be_array(contract.resolve(schema));
    let texts = || values.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>();
    let guessed = values.iter().map(|text| guess(text)).collect::<Vec<_>>();
    let (guessed, text) = match (is_array, values.as_slice()) {
        (false, [_]) => {
            (guessed.into_iter().next().unwrap_or_default(), texts().into_iter().next().unwrap_or_default())
        }
        (false, _) => return Err(format!("{what} is sent more than once")),
        (true, _) => (Value::Array(guessed), Value::Array(texts())),
    };
    // A text such as `1` may be a number and a text.
    contract.schemas.check(schema, &text, &what).or_else(|_| contract.schemas.check(schema, &guessed, &what))
}

fn is_other_style(style: &Value) -> bool {
    !matches!(style.as_str(), Some("form" | "simple"))
}

fn may_be_array(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "array",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
        _ => false,
    }
}

/// Returns the number, the boolean or `null` that a text is; otherwise the text.
fn guess(text: &str) -> Value {
    let value = serde_json::from_str::<Value>(text).ok();
    value.filter(|value| !value.is_array() && !value.is_object()).unwrap_or_else(|| text.into())
}
