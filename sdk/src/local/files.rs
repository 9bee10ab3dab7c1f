//! Secrets, parameters and claims for local runs, read from files that variables name.

#[cfg(any(feature = "http", feature = "secrets", feature = "parameters", feature = "agentcore"))]
use serde_json::{Map, Value};

#[cfg(any(feature = "http", feature = "secrets", feature = "parameters", feature = "agentcore"))]
use crate::core::env;
#[cfg(any(
    feature = "clients",
    feature = "http",
    feature = "secrets",
    feature = "parameters",
    feature = "agentcore"
))]
use crate::core::error::BoxError;

/// Inserts the secrets and parameters of the files into the registry of the process.
#[cfg(feature = "clients")]
pub(super) fn insert() -> Result<(), BoxError> {
    #[cfg(feature = "secrets")]
    if let Some(secrets) = object("PILASTER_SECRETS", false)? {
        crate::Clients::global().insert(crate::Secrets::fixed(texts(secrets)));
    }
    #[cfg(feature = "parameters")]
    if let Some(parameters) = object("PILASTER_PARAMETERS", false)? {
        crate::Clients::global().insert(crate::Parameters::fixed(texts(parameters)));
    }
    Ok(())
}

/// Returns the claims of the caller as text, in the form of API Gateway's JWT authorizer.
#[cfg(feature = "http")]
pub(super) fn claims() -> Result<Option<Map<String, Value>>, BoxError> {
    let claims = object("PILASTER_CLAIMS", true)?;
    Ok(claims.map(|claims| claims.into_iter().map(|(name, value)| (name, Value::String(claim(value)))).collect()))
}

#[cfg(feature = "agentcore")]
const CLIENT_CONTEXT: &str = "PILASTER_CLIENT_CONTEXT";

/// Returns the client context of each call, repaired as the runtime repairs it.
#[cfg(feature = "agentcore")]
pub(super) fn client_context<T: serde::de::DeserializeOwned>() -> Result<Option<T>, BoxError> {
    object(CLIENT_CONTEXT, true)?.map(repaired).transpose()
}

#[cfg(feature = "agentcore")]
fn repaired<T: serde::de::DeserializeOwned>(mut context: Map<String, Value>) -> Result<T, BoxError> {
    crate::core::client_context::repair(&mut context);
    let context = serde_json::from_value(Value::Object(context));
    // Serde's message may repeat a value.
    Ok(context.map_err(|_| format!("{CLIENT_CONTEXT} must contain a client context, such as {{\"custom\": {{}}}}"))?)
}

/// Formats a claim as text: a list is `[a b]`.
#[cfg(feature = "http")]
fn claim(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(items) => format!("[{}]", items.into_iter().map(claim).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// Reads the JSON object in the file that a variable names, or in the variable itself.
#[cfg(any(feature = "http", feature = "secrets", feature = "parameters", feature = "agentcore"))]
fn object(variable: &str, may_be_json: bool) -> Result<Option<Map<String, Value>>, BoxError> {
    env::var(variable).map(|given| parse(variable, given, may_be_json)).transpose()
}

#[cfg(any(feature = "http", feature = "secrets", feature = "parameters", feature = "agentcore"))]
fn parse(variable: &str, given: String, may_be_json: bool) -> Result<Map<String, Value>, BoxError> {
    // The value may be a secret instead of the name of a file.
    let unread = |error: std::io::Error| format!("cannot read the file that {variable} names: {error}");
    let (text, what) = match may_be_json && given.trim_start().starts_with('{') {
        true => (given, format!("the environment variable {variable}")),
        false => (std::fs::read_to_string(&given).map_err(unread)?, given),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Serde's message may repeat a value.
    Ok(serde_json::from_str(text).map_err(|error| {
        format!("{what} must contain a JSON object; see line {}, column {}", error.line(), error.column())
    })?)
}

/// Returns the values as text; a value that is not text as its JSON.
#[cfg(any(feature = "secrets", feature = "parameters"))]
fn texts(object: Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    object.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    })
}

#[cfg(test)]
#[cfg(feature = "http")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_in_place_of_the_name_of_a_file_is_not_printed() {
        for given in [r#"{"db": "hunter2"}"#, r#"["hunter2"]"#, "hunter2"] {
            let error = parse("PILASTER_SECRETS", given.to_owned(), false).unwrap_err().to_string();
            assert!(error.contains("PILASTER_SECRETS") && !error.contains("hunter2"), "{error}");
        }
        let error = parse("PILASTER_CLAIMS", r#"{"sub": hunter2}"#.to_owned(), true).unwrap_err().to_string();
        assert!(error.contains("PILASTER_CLAIMS") && !error.contains("hunter2"), "{error}");
    }

    #[cfg(feature = "agentcore")]
    #[test]
    fn a_client_context_is_repaired_as_on_lambda() {
        let read = |sent: Value| {
            let mut context = lambda_runtime::Context::default();
            context.client_context = Some(repaired(sent.as_object().unwrap().clone()).unwrap());
            context.client_context.unwrap()
        };
        let custom = read(json!({
            "custom": { "bedrockAgentCoreToolName": null, "headers": { "X-User": "ada" }, "n": 5 },
            "client": { "app_title": "a" }, "environment": null,
        }));
        assert_eq!(custom.custom.get("bedrockAgentCoreToolName"), None);
        assert_eq!((&*custom.custom["headers"], &*custom.custom["n"]), (r#"{"X-User":"ada"}"#, "5"));
        let client = custom.client;
        assert_eq!((&*client.app_title, &*client.installation_id), ("a", ""));
        assert!(read(json!({ "custom": null, "client": null })).custom.is_empty());
    }

    #[test]
    fn a_file_may_begin_with_a_byte_order_mark() {
        let file = std::env::temp_dir().join(format!("pilaster-{}-bom.json", std::process::id()));
        std::fs::write(&file, "\u{feff}{\"db\": \"hunter2\"}").unwrap();
        let read = parse("PILASTER_SECRETS", file.display().to_string(), false);
        std::fs::remove_file(file).unwrap();
        assert_eq!(read.unwrap()["db"], "hunter2");
    }

    #[test]
    fn claims_become_text_as_in_api_gateway() {
        assert_eq!(claim(json!("ada")), "ada");
        assert_eq!(claim(json!(7)), "7");
        assert_eq!(claim(json!(["admins", "staff"])), "[admins staff]");
    }
}
