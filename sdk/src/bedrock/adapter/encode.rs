//! Encodes the response of an action group.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::core::error::FunctionError;
use crate::core::raw::Outgoing;
use crate::tools::session::Changes;
use crate::tools::{Outcome, Session};

/// The result of a tool for the agent.
pub(super) struct FunctionResult {
    state: Option<&'static str>,
    body: String,
}

/// The agent gives the text to the model, which asks again.
const REPROMPT: &str = "REPROMPT";

/// The call of the user fails with a `DependencyFailedException`.
const FAILURE: &str = "FAILURE";

impl FunctionResult {
    pub(super) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Text(body) => Self { state: None, body },
            // A text is not quoted again.
            Outcome::Structured(json) => {
                let body = serde_json::from_str::<String>(json.get()).unwrap_or_else(|_| json.get().to_owned());
                Self { state: None, body }
            }
            Outcome::Content(content) => Self { state: None, body: content.text_only() },
            Outcome::Failed(error) => Self::reprompt(error.message()),
            Outcome::Invalid(error) => Self::reprompt(format!("invalid arguments: {error}")),
            Outcome::UnknownTool => Self::reprompt("there is no function of this name"),
            Outcome::Opaque(opaque) => Self { state: Some(FAILURE), body: opaque.to_string() },
        }
    }

    fn reprompt(body: impl Into<String>) -> Self {
        Self { state: Some(REPROMPT), body: body.into() }
    }

    /// Returns `true` if the agent goes on, so that the session is worth keeping.
    fn is_kept(&self) -> bool {
        self.state != Some(FAILURE)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<R> {
    message_version: &'static str,
    response: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_session_attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    knowledge_bases_configuration: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfFunction<'a> {
    action_group: &'a str,
    function: &'a str,
    function_response: FunctionResponse,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_state: Option<&'static str>,
    response_body: BTreeMap<&'static str, Content>,
}

#[derive(Serialize)]
struct Content {
    body: String,
}

/// The response of a route.
pub(super) struct ApiResult {
    pub(super) status: u16,
    pub(super) media_type: String,
    pub(super) body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfApi<'a> {
    action_group: &'a str,
    api_path: &'a str,
    http_method: &'a str,
    http_status_code: u16,
    response_body: BTreeMap<String, Content>,
}

pub(super) fn function(
    action_group: &str,
    function: &str,
    result: FunctionResult,
    session: &Session,
) -> Result<Outgoing, FunctionError> {
    let changes = if result.is_kept() { session.changes() } else { Changes::default() };
    let FunctionResult { state: response_state, body } = result;
    let function_response =
        FunctionResponse { response_state, response_body: BTreeMap::from([("TEXT", Content { body })]) };
    serialize(OfFunction { action_group, function, function_response }, changes)
}

pub(super) fn api(
    action_group: &str,
    (api_path, http_method): (&str, &str),
    result: ApiResult,
    session: &Session,
) -> Result<Outgoing, FunctionError> {
    let changes = if result.status < 500 { session.changes() } else { Changes::default() };
    let ApiResult { status: http_status_code, media_type, body } = result;
    let response_body = BTreeMap::from([(media_type, Content { body })]);
    serialize(OfApi { action_group, api_path, http_method, http_status_code, response_body }, changes)
}

fn serialize<R: Serialize>(response: R, changes: Changes) -> Result<Outgoing, FunctionError> {
    let envelope = Envelope {
        message_version: "1.0",
        response,
        session_attributes: changes.session,
        prompt_session_attributes: changes.prompt,
        knowledge_bases_configuration: changes.knowledge_bases,
    };
    Outgoing::serialize(&envelope).map_err(|_| FunctionError::new("InvalidResponse", "the response is not JSON"))
}
