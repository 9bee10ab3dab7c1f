//! Decodes the event of an action group.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::core::error::FunctionError;
use crate::core::json::{decode, is_object, or_default};
use crate::core::raw::Incoming;
use crate::tools::{BedrockAgent, Caller, Session};

/// An event: its head, and what the agent calls.
pub(crate) struct Event {
    pub(crate) action_group: String,
    pub(crate) caller: Caller,
    pub(crate) session: Session,
    pub(crate) called: Called,
}

/// What the agent calls: an event has one of the two keys.
pub(crate) enum Called {
    /// `function`: a tool.
    Function { name: String, parameters: Vec<Parameter> },
    /// `apiPath`: a route.
    Api { path: String, method: String, parameters: Vec<Parameter>, body: Option<Body> },
}

/// A parameter, or a property of a body. Each value is text.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) declared: String,
    pub(crate) value: String,
}

/// A parameter as it is sent.
#[derive(Deserialize)]
struct Sent {
    name: String,
    #[serde(default, deserialize_with = "or_default", rename = "type")]
    declared: String,
    value: Option<Value>,
}

/// Decodes parameters. One without a value, or with null, is absent.
fn with_values<'de, D: serde::Deserializer<'de>>(json: D) -> Result<Vec<Parameter>, D::Error> {
    let sent = Option::<Vec<Sent>>::deserialize(json)?.unwrap_or_default();
    let with_value = |Sent { name, declared, value }| Some(Parameter { name, declared, value: as_text(value?) });
    Ok(sent.into_iter().filter_map(with_value).collect())
}

/// The body of a request: its media type and its properties.
pub(crate) struct Body {
    pub(crate) media_type: String,
    pub(crate) properties: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, deserialize_with = "or_default")]
    agent: Agent,
    input_text: Option<String>,
    session_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    action_group: String,
    #[serde(default, deserialize_with = "or_default")]
    session_attributes: BTreeMap<String, Attribute>,
    #[serde(default, deserialize_with = "or_default")]
    prompt_session_attributes: BTreeMap<String, Attribute>,
    #[serde(default, deserialize_with = "with_values")]
    parameters: Vec<Parameter>,
    function: Option<String>,
    api_path: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    http_method: String,
    request_body: Option<RequestBody>,
}

#[derive(Default, Deserialize)]
struct Agent {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    alias: String,
    #[serde(default, deserialize_with = "or_default")]
    version: String,
}

#[derive(Deserialize)]
struct RequestBody {
    #[serde(default, deserialize_with = "or_default")]
    content: BTreeMap<String, Option<Media>>,
}

#[derive(Default, Deserialize)]
struct Media {
    #[serde(default, deserialize_with = "with_values")]
    properties: Vec<Parameter>,
}

/// An attribute: text, or another value as its JSON text.
#[derive(Deserialize)]
struct Attribute(#[serde(deserialize_with = "text")] String);

fn text<'de, D: serde::Deserializer<'de>>(json: D) -> Result<String, D::Error> {
    Value::deserialize(json).map(as_text)
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

const NOT_AN_OBJECT: &str = "unexpected event: that of an action group is an object";

/// Decodes an event.
///
/// # Errors
///
/// `InvalidEvent`: it is not the event of an action group.
pub(crate) fn event(incoming: &Incoming) -> Result<Event, FunctionError> {
    if !is_object(incoming.event.get()) {
        return Err(FunctionError::new("InvalidEvent", NOT_AN_OBJECT));
    }
    let wire: Wire = decode(incoming.event.get().as_bytes())
        .map_err(|error| FunctionError::new("InvalidEvent", format!("unexpected event: {error}")))?;
    let texts = |attributes: BTreeMap<String, Attribute>| {
        attributes.into_iter().map(|(name, Attribute(value))| (name, value)).collect::<BTreeMap<_, _>>()
    };
    let called = match (wire.function, wire.api_path) {
        (Some(name), _) => Called::Function { name, parameters: wire.parameters },
        (None, Some(path)) => {
            let body = wire.request_body.and_then(|body| body.content.into_iter().next());
            let body = body.and_then(|(media_type, media)| Some(Body { media_type, properties: media?.properties }));
            Called::Api { path, method: wire.http_method, parameters: wire.parameters, body }
        }
        (None, None) => {
            let message = "unexpected event: this function handles action groups of Bedrock Agents, whose events have \
                           `function` or `apiPath`";
            return Err(FunctionError::new("InvalidEvent", message));
        }
    };
    let Agent { id, name, alias, version } = wire.agent;
    let agent = BedrockAgent { id, name, alias, version, action_group: wire.action_group.clone() };
    let (session, prompt) = (texts(wire.session_attributes), texts(wire.prompt_session_attributes));
    Ok(Event {
        action_group: wire.action_group,
        caller: Caller::Bedrock(agent),
        session: Session::new(wire.session_id, wire.input_text, session, prompt),
        called,
    })
}
