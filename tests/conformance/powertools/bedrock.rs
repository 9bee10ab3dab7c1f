//! Action groups of Bedrock Agents with function details: the tools of a case as Pilaster's.

use pilaster::testing::Caller;
use pilaster::tools::{Tools, tool};
use serde_json::{Value, json};

use super::only_these;
use crate::case::Case;
use crate::exchange::block_on;
use crate::{Compared, Replay, Stop, unsupported};

/// The only tool of the cases, by its signature there.
const SIGNATURE: &str = "submitVacationRequest(startDate,endDate) -> {from,to}";

/// Requests vacation.
#[tool(name = "submitVacationRequest")]
async fn submit_vacation_request(
    #[serde(rename = "startDate")] start_date: String,
    #[serde(rename = "endDate")] end_date: String,
) -> Value {
    json!({ "from": start_date, "to": end_date })
}

pub(super) fn replay(case: &Case) -> Replay {
    let config = &case.json["config"];
    only_these(config, &["resolver", "tools"])?;
    only_these(&case.json["expected"], &["response"])?;
    if let Some(signature) = config["tools"].as_array().into_iter().flatten().find(|&tool| tool != SIGNATURE) {
        return unsupported(format!("the tool {signature}"));
    }
    // Also where a case names no tool: a function without one does not start, and the event asks for another name.
    let tools = Tools::new().add(submit_vacation_request::tool());
    let event = case.event().map_err(Stop::Unsupported)?;
    let observed = block_on(Caller::new(tools.for_bedrock()).without_logs().call(event))
        .map_err(|error| Stop::Broken(format!("the invocation failed: {error}")))?;
    Ok(Compared { expected: read(&case.json["expected"]["response"]), observed: read(&observed) })
}

/// Returns the response with its body as a value, if it is JSON: spaces in it mean nothing.
fn read(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(body) = response.pointer_mut("/response/functionResponse/responseBody/TEXT/body")
        && let Some(Ok(value)) = body.as_str().map(serde_json::from_str::<Value>)
    {
        *body = value;
    }
    response
}
