//! Secrets Manager on the other end of the client's connection: what it answers, and what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// The service. Clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Service(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: BTreeMap<String, VecDeque<Value>>,
    calls: Vec<Value>,
}

impl Service {
    /// The responses for a secret, in order; the last one repeats.
    pub(crate) fn answer(&self, id: &str, answers: impl IntoIterator<Item = Value>) {
        self.state().answers.entry(id.to_owned()).or_default().extend(answers);
    }

    /// The requests, in order.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.state().calls.clone()
    }

    /// A client as a user makes it, but for its connection.
    pub(crate) fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "conformance"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Client::from_conf(config)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, operation: &str, input: &Value) -> (u16, Value) {
        let id = input["SecretId"].as_str().unwrap_or_default().to_owned();
        let mut state = self.state();
        let mut call = json!({ "op": operation, "SecretId": id });
        for part in ["VersionId", "VersionStage"].iter().filter(|part| !input[**part].is_null()) {
            call[part] = input[part].clone();
        }
        state.calls.push(call);
        let answers = state.answers.entry(id.clone()).or_default();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        match answer {
            _ if operation != "GetSecretValue" => (400, json!({ "__type": "UnknownOperationException" })),
            None => (400, json!({ "__type": "ResourceNotFoundException", "message": "there is no such secret" })),
            Some(answer) => match answer.get("$error") {
                Some(error) => {
                    // An error that a case only has the text of is an outage, not a refusal.
                    let kind = error["__type"].as_str().unwrap_or("InternalServiceError");
                    (400, json!({ "__type": kind, "message": error["message"] }))
                }
                None => {
                    let mut answer = answer;
                    answer["Name"] = json!(id);
                    answer["ARN"] = json!(format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{id}"));
                    (200, answer)
                }
            },
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
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
