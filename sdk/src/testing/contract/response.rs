//! Checks a response by its operation.

use http::HeaderMap;
use serde_json::Value;

use super::find::Operation;
use super::sent::Sent;
use super::{Contract, check_body};
use crate::testing::http::TestResponse;

pub(super) fn check(
    contract: &Contract,
    operation: &Operation<'_>,
    sent: &Sent,
    response: &TestResponse,
) -> Result<(), String> {
    let status = response.status();
    let responses = operation.value.get("responses").unwrap_or(&Value::Null);
    let documented = contract.resolve(of_status(responses, status).ok_or_else(|| undocumented(responses, status))?)?;
    let named = |fault: String| format!("the response {status}: {fault}");
    headers(contract, documented, response.headers()).map_err(named)?;
    // These have no body, whatever their representation is.
    if sent.method == "HEAD" || status == 304 {
        return Ok(());
    }
    let content = documented.get("content").filter(|content| content.as_object().is_some_and(|all| !all.is_empty()));
    match content {
        None if response.bytes().is_empty() => Ok(()),
        None => Err(named("the response has a body, and the document has none".to_owned())),
        Some(_) if response.bytes().is_empty() => Err(named("the response has no body".to_owned())),
        Some(content) => {
            let media_type = response.header("content-type");
            check_body(contract, content, media_type, response.bytes(), "the body").map_err(named)
        }
    }
}

/// Returns the documented response: of the status, or of its class. `default` counts for failures of the service alone:
/// otherwise it would hide each status that the operation does not list.
fn of_status(responses: &Value, status: u16) -> Option<&Value> {
    let of_class = responses.get(format!("{}XX", status / 100));
    let default = responses.get("default").filter(|_| status >= 500);
    responses.get(status.to_string()).or(of_class).or(default)
}

fn undocumented(responses: &Value, status: u16) -> String {
    let listed = responses.as_object().into_iter().flatten().map(|(status, _)| status.as_str());
    let listed = listed.collect::<Vec<_>>().join(", ");
    format!(
        "the status {status} is not documented, which has {listed}; `default` counts from 500 on. Add it to the operation: \
         `responses({status} = \"..\")`"
    )
}

fn headers(contract: &Contract, documented: &Value, sent: &HeaderMap) -> Result<(), String> {
    let headers = documented.get("headers").and_then(Value::as_object).into_iter().flatten();
    for (name, header) in headers {
        let is_required = contract.resolve(header)?.get("required") == Some(&Value::Bool(true));
        if is_required && !name.eq_ignore_ascii_case("content-type") && !sent.contains_key(name.as_str()) {
            return Err(format!("the required header `{name}` is missing"));
        }
    }
    Ok(())
}
