//! Events of Bedrock's action groups
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::bedrock;
//!
//! let event = bedrock::function("weather").parameter("days", "integer", "3").attribute("city", "Paris").event();
//! assert_eq!(event["parameters"][0]["value"], "3");
//! assert_eq!(event["sessionAttributes"]["city"], "Paris");
//!
//! let event = bedrock::api("POST", "/claims/{id}").parameter("id", "string", "7").property("open", "boolean", "true").event();
//! assert_eq!(event["requestBody"]["content"]["application/json"]["properties"][0]["value"], "true");
//! ```

use serde_json::{Value, json};

/// Builds the event of an action group with function details.
pub fn function(name: impl Into<String>) -> BedrockEvent {
    BedrockEvent::new("function", name.into())
}

/// Builds the event of an action group with an OpenAPI schema: the method, and the path as the schema has it.
pub fn api(method: impl Into<String>, path: impl Into<String>) -> BedrockEvent {
    let mut event = BedrockEvent::new("apiPath", path.into());
    event.0["httpMethod"] = method.into().into();
    event
}

/// The event of an action group.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct BedrockEvent(Value);

impl BedrockEvent {
    fn new(key: &str, called: String) -> Self {
        let mut event = json!({
            "messageVersion": "1.0",
            "agent": { "name": "assistant", "id": "AGENT00001", "alias": "TSTALIASID", "version": "DRAFT" },
            "inputText": "a question",
            "sessionId": "123456789012345",
            "actionGroup": "tools",
            "sessionAttributes": {},
            "promptSessionAttributes": {},
            "parameters": [],
        });
        event[key] = called.into();
        Self(event)
    }

    /// Adds a parameter. Bedrock sends each value as text, with the type of the schema: `string`, `number`, `integer`,
    /// `boolean` or `array`.
    pub fn parameter(mut self, name: &str, declared: &str, value: &str) -> Self {
        push(&mut self.0["parameters"], name, declared, value);
        self
    }

    /// Adds a property of the body of a request, whose type may also be `object`.
    pub fn property(mut self, name: &str, declared: &str, value: &str) -> Self {
        push(&mut self.0["requestBody"]["content"]["application/json"]["properties"], name, declared, value);
        self
    }

    /// Adds a session attribute.
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.0["sessionAttributes"][name] = value.into();
        self
    }

    /// Adds a prompt attribute.
    pub fn prompt_attribute(mut self, name: &str, value: &str) -> Self {
        self.0["promptSessionAttributes"][name] = value.into();
        self
    }

    /// Sets the text of the user.
    pub fn input_text(mut self, text: &str) -> Self {
        self.0["inputText"] = text.into();
        self
    }

    /// Returns the event.
    pub fn event(self) -> Value {
        self.0
    }
}

fn push(list: &mut Value, name: &str, declared: &str, value: &str) {
    let parameter = json!({ "name": name, "type": declared, "value": value });
    match list {
        Value::Array(list) => list.push(parameter),
        _ => *list = Value::Array(vec![parameter]),
    }
}

impl From<BedrockEvent> for Value {
    fn from(BedrockEvent(event): BedrockEvent) -> Self {
        event
    }
}

/// Returns the state, such as `REPROMPT`, and the text of the response to an event of function details; `None` for another
/// response.
pub fn result(response: &Value) -> Option<(Option<&str>, &str)> {
    let response = response.pointer("/response/functionResponse")?;
    let body = response.pointer("/responseBody/TEXT/body")?.as_str()?;
    Some((response.get("responseState").and_then(Value::as_str), body))
}
