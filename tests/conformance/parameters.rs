//! SSM and AppConfig on the other end of the clients' connections: what they answer, and what they were asked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_ssm::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

/// Both services. Clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Service(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    values: BTreeMap<String, Value>,
    scripted: VecDeque<Value>,
    /// The results of the polls of each profile, in order.
    contents: BTreeMap<String, VecDeque<Value>>,
    /// The profile of each session.
    sessions: Vec<String>,
    calls: Vec<Value>,
}

/// A client of one of them, as a user makes it, but for its connection.
macro_rules! client {
    ($sdk:ident, $service:expr) => {{
        let connector = SharedHttpConnector::new($service.clone());
        let config = $sdk::config::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "conformance"))
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        $sdk::Client::from_conf(config)
    }};
}

impl Service {
    /// A parameter: a text, or `{"plain": …, "cipher": …}`.
    pub(crate) fn put(&self, name: &str, value: Value) {
        self.state().values.insert(name.to_owned(), value);
    }

    /// The responses to the next calls of any kind.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Value>) {
        self.state().scripted.extend(answers);
    }

    /// The results of the polls of an AppConfig profile, in order; the last one repeats.
    pub(crate) fn configure(&self, profile: &str, contents: Vec<Value>) {
        self.state().contents.insert(profile.to_owned(), contents.into());
    }

    /// The requests, in order.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.state().calls.clone()
    }

    pub(crate) fn ssm(&self) -> aws_sdk_ssm::Client {
        client!(aws_sdk_ssm, self)
    }

    pub(crate) fn app_config(&self) -> aws_sdk_appconfigdata::Client {
        client!(aws_sdk_appconfigdata, self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, operation: &str, input: &Value) -> (u16, Value) {
        let mut call = input.as_object().cloned().unwrap_or_else(Map::new);
        call.insert("op".to_owned(), operation.into());
        let mut state = self.state();
        state.calls.push(call.into());
        if let Some(answer) = state.scripted.pop_front() {
            return match answer.get("$error") {
                Some(error) => {
                    // An error that a case only has the text of is an outage, not a refusal.
                    let kind = error["__type"].as_str().unwrap_or("ThrottlingException");
                    (400, json!({ "__type": kind, "message": error["message"] }))
                }
                None => (200, answer),
            };
        }
        let decrypt = input["WithDecryption"] == true;
        let parameter = |name: &str| {
            let value = state.values.get(name)?;
            let (text, kind) = match value.as_str() {
                Some(text) => (text, "String"),
                None => (value[if decrypt { "plain" } else { "cipher" }].as_str()?, "SecureString"),
            };
            Some(json!({ "Name": name, "Value": text, "Type": kind, "Version": 1 }))
        };
        match operation {
            "GetParameter" => match parameter(input["Name"].as_str().unwrap_or_default()) {
                Some(parameter) => (200, json!({ "Parameter": parameter })),
                None => (400, json!({ "__type": "ParameterNotFound" })),
            },
            "GetParameters" => {
                let names = input["Names"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let (found, invalid): (Vec<_>, Vec<_>) = names.partition(|name| parameter(name).is_some());
                let found: Vec<_> = found.into_iter().filter_map(parameter).collect();
                (200, json!({ "Parameters": found, "InvalidParameters": invalid }))
            }
            // Two pages, so that a reader has to follow them.
            "GetParametersByPath" => {
                let below = format!("{}/", input["Path"].as_str().unwrap_or_default());
                let deep = input["Recursive"] == true;
                let names = state
                    .values
                    .keys()
                    .filter(|name| name.strip_prefix(&below).is_some_and(|rest| deep || !rest.contains('/')));
                let mut all: Vec<_> = names.filter_map(|name| parameter(name)).collect();
                if input.get("NextToken").is_some() {
                    return (200, json!({ "Parameters": all.drain(1.min(all.len())..).collect::<Vec<_>>() }));
                }
                let more = all.len() > 1;
                all.truncate(1);
                let page = json!({ "Parameters": all });
                (200, if more { json!({ "Parameters": page["Parameters"], "NextToken": "2" }) } else { page })
            }
            "StartConfigurationSession" => {
                state.sessions.push(input["ConfigurationProfileIdentifier"].as_str().unwrap_or_default().to_owned());
                (201, json!({ "InitialConfigurationToken": format!("{}-1", state.sessions.len()) }))
            }
            "PutParameter" => {
                let name = input["Name"].as_str().unwrap_or_default().to_owned();
                if state.values.contains_key(&name) && input["Overwrite"] != true {
                    return (400, json!({ "__type": "ParameterAlreadyExists" }));
                }
                state.values.insert(name, input["Value"].clone());
                (200, json!({ "Version": 1, "Tier": "Standard" }))
            }
            _ => (400, json!({ "__type": "UnknownOperationException" })),
        }
    }
}

/// The response to a poll of AppConfig: the token of the next poll, and the content, which is empty if it did not change.
impl Service {
    fn poll(&self, token: &str, status: StatusCode) -> HttpResponse {
        let mut state = self.state();
        state.calls.push(json!({ "op": "GetLatestConfiguration", "ConfigurationToken": token }));
        let (session, poll) = token.split_once('-').unwrap_or_default();
        let number = |text: &str| text.parse::<usize>().unwrap_or_default();
        let profile = state.sessions.get(number(session).wrapping_sub(1)).cloned().unwrap_or_default();
        let contents = state.contents.entry(profile).or_default();
        let content = if contents.len() > 1 { contents.pop_front() } else { contents.front().cloned() };
        let content = match content {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        let mut response = HttpResponse::new(status, SdkBody::from(content));
        let next = format!("{session}-{}", number(poll) + 1);
        response.headers_mut().insert("next-poll-configuration-token", next);
        response.headers_mut().insert("content-type", "application/json");
        response
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let operation = match target {
            Some(operation) => operation,
            None if request.uri().contains("/configurationsessions") => "StartConfigurationSession",
            None => {
                let token = request.uri().rsplit_once("configuration_token=").map_or("", |(_, token)| token);
                let response = StatusCode::try_from(200).map(|status| self.poll(token, status));
                return HttpConnectorFuture::ready(response.map_err(|error| ConnectorError::user(error.into())));
            }
        };
        let input = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let (status, answer) = self.ask(operation, &input);
        let response = StatusCode::try_from(status).map(|status| {
            let mut response = HttpResponse::new(status, SdkBody::from(answer.to_string()));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
            response
        });
        HttpConnectorFuture::ready(response.map_err(|error| ConnectorError::user(error.into())))
    }
}
