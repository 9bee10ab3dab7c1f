//! Secrets Manager in memory: one secret, with the operations of a rotation. Not every test uses all of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::{Client, Config};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use pilaster::Clients;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct SecretsManager(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub struct State {
    versions: BTreeMap<String, Version>,
    /// The text that another delivery of the step writes before the next `PutSecretValue`.
    pub rival: Option<String>,
    pub puts: u32,
}

#[derive(Clone, Debug, Default)]
struct Version {
    stages: Vec<String>,
    text: Option<String>,
}

impl State {
    fn with_stage(&self, stage: &str) -> Option<String> {
        let mut versions = self.versions.iter();
        versions.find(|(_, version)| version.stages.iter().any(|found| found == stage)).map(|(id, _)| id.clone())
    }

    /// Moves a staging label to a version.
    fn stage(&mut self, id: &str, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.retain(|found| found != stage);
        }
        self.versions.entry(id.to_owned()).or_default().stages.push(stage.to_owned());
    }

    fn answer(&mut self, operation: &str, input: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| input[name].as_str().map(str::to_owned);
        match operation {
            "DescribeSecret" => {
                let stages: BTreeMap<_, _> = self.versions.iter().map(|(id, version)| (id, &version.stages)).collect();
                Ok(json!({ "VersionIdsToStages": stages }))
            }
            "GetSecretValue" => {
                let staged = self.with_stage(&text("VersionStage").unwrap_or_else(|| "AWSCURRENT".into()));
                let id = text("VersionId").or(staged).ok_or("ResourceNotFoundException")?;
                let found = self.versions.get(&id).and_then(|version| version.text.clone());
                Ok(json!({ "VersionId": id, "SecretString": found.ok_or("ResourceNotFoundException")? }))
            }
            "PutSecretValue" => {
                self.puts += 1;
                let id = text("ClientRequestToken").ok_or("InvalidRequestException")?;
                let new = text("SecretString");
                let rival = self.rival.take();
                let version = self.versions.entry(id.clone()).or_default();
                version.text = version.text.take().or(rival);
                if version.text.is_some() && version.text != new {
                    return Err("ResourceExistsException");
                }
                version.text = new;
                self.stage(&id, input["VersionStages"][0].as_str().ok_or("InvalidRequestException")?);
                Ok(json!({ "VersionId": id }))
            }
            "UpdateSecretVersionStage" => {
                let (old, new) = (self.with_stage("AWSCURRENT"), text("MoveToVersionId"));
                if text("RemoveFromVersionId") != old {
                    return Err("InvalidParameterException");
                }
                self.stage(&old.ok_or("InvalidRequestException")?, "AWSPREVIOUS");
                self.stage(&new.ok_or("InvalidRequestException")?, "AWSCURRENT");
                Ok(json!({}))
            }
            _ => Err("UnknownOperationException"),
        }
    }
}

impl HttpConnector for SecretsManager {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let input = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let (status, body) = match self.state().answer(operation.unwrap_or_default(), &input) {
            Ok(body) => (200, body),
            Err(error) => (400, json!({ "__type": error })),
        };
        let status = status.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}

impl SecretsManager {
    /// Creates a secret whose current version has this text.
    pub fn with_current(text: &Value) -> Self {
        let this = Self::default();
        this.state().versions.insert("first".into(), Version { stages: Vec::new(), text: Some(text.to_string()) });
        this.state().stage("first", "AWSCURRENT");
        this
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panicked")
    }

    /// Begins a rotation to this version, which has no value yet.
    pub fn begin(&self, token: &str) {
        self.state().stage(token, "AWSPENDING");
    }

    /// Returns the value of the version with a staging label.
    pub fn value(&self, stage: &str) -> Option<Value> {
        let state = self.state();
        let version = state.versions.get(&state.with_stage(stage)?)?;
        serde_json::from_str(version.text.as_deref()?).ok()
    }

    /// Returns clients that use this secret, and accounts in memory.
    pub fn clients(&self) -> Clients {
        let connector = SharedHttpConnector::new(self.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let clients = Clients::new();
        clients.insert(Client::from_conf(config));
        clients
    }
}
