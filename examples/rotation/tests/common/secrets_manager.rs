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
use pilaster::table::Table;
use pilaster::{BoxError, Clients, Secrets};
use rotation::Service;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, Default)]
pub struct SecretsManager(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub struct State {
    versions: BTreeMap<String, Version>,
    /// The text that another delivery of the step writes before the next `PutSecretValue`.
    pub rival: Option<String>,
    /// The version to which another rotation begins before the next `GetSecretValue`.
    pub other: Option<String>,
    pub puts: u32,
    /// The inputs of `GetSecretValue`.
    pub reads: Vec<Value>,
    pub is_disabled: bool,
    /// The inputs of `UpdateSecretVersionStage` that took effect.
    pub finished: u32,
    /// If it is set: the state of the random numbers by which calls fail, before or after their effect, or are slow.
    pub faults: Option<u64>,
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

    /// Moves `AWSCURRENT` to a version, and `AWSPREVIOUS` to the one that had it.
    fn make_current(&mut self, id: &str) {
        if let Some(old) = self.with_stage("AWSCURRENT") {
            self.stage(&old, "AWSPREVIOUS");
        }
        self.stage(id, "AWSCURRENT");
    }

    /// Returns a random number below `limit`; 0 without faults.
    pub fn below(&mut self, limit: u64) -> u64 {
        let Some(state) = &mut self.faults else { return 0 };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 20) % limit
    }

    /// A call that fails has no effect, or its answer is lost.
    fn call(&mut self, operation: &str, input: &Value) -> (u16, Value) {
        let fault = if self.faults.is_some() { self.below(8) } else { 2 };
        let answer = if fault == 0 { Ok(json!({})) } else { self.answer(operation, input) };
        match answer {
            _ if fault < 2 => (500, json!({ "__type": "InternalServiceError" })),
            Ok(body) => (200, body),
            Err(error) => (400, json!({ "__type": error })),
        }
    }

    fn answer(&mut self, operation: &str, input: &Value) -> Result<Value, &'static str> {
        let text = |name: &str| input[name].as_str().map(str::to_owned);
        match operation {
            "DescribeSecret" => {
                let stages: BTreeMap<_, _> = self.versions.iter().map(|(id, version)| (id, &version.stages)).collect();
                Ok(json!({ "VersionIdsToStages": stages, "RotationEnabled": !self.is_disabled }))
            }
            "GetSecretValue" => {
                self.reads.push(input.clone());
                if let Some(other) = self.other.take() {
                    self.stage(&other, "AWSPENDING");
                }
                let stage = text("VersionStage").or_else(|| text("VersionId").is_none().then(|| "AWSCURRENT".into()));
                let staged =
                    stage.map(|stage| self.with_stage(&stage).ok_or("ResourceNotFoundException")).transpose()?;
                let id = text("VersionId").or(staged.clone()).ok_or("ResourceNotFoundException")?;
                // Both parameters must select the same version.
                let found = self.versions.get(&id).filter(|_| staged.is_none_or(|staged| staged == id));
                let found = found.and_then(|version| version.text.clone());
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
                if text("RemoveFromVersionId") != self.with_stage("AWSCURRENT") {
                    return Err("InvalidParameterException");
                }
                self.make_current(&text("MoveToVersionId").ok_or("InvalidRequestException")?);
                self.finished += 1;
                Ok(json!({}))
            }
            _ => Err("UnknownOperationException"),
        }
    }
}

impl HttpConnector for SecretsManager {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let input: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let (this, operation) = (self.clone(), operation.unwrap_or_default().to_owned());
        HttpConnectorFuture::new(async move {
            this.wait().await;
            let (status, body) = this.state().call(&operation, &input);
            // What is read may be old when it is used.
            this.wait().await;
            let status = status.try_into().expect("a status");
            Ok(HttpResponse::new(status, SdkBody::from(body.to_string())))
        })
    }
}

/// Returns `true` if the service accepts this key.
pub async fn accepts(service: &Service, account: &str, key: &str) -> Result<bool, BoxError> {
    Ok(accepted(service, account).await?.contains(&digest(key)))
}

/// Returns the digests of the keys that the service accepts.
pub async fn accepted(service: &Service, account: &str) -> Result<Vec<String>, BoxError> {
    let found = service.accounts.get::<Value>(account).await?.unwrap_or_default();
    Ok(found["keys"].as_object().into_iter().flat_map(|keys| keys.keys().cloned()).collect())
}

pub fn digest(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SecretsManager {
    async fn wait(&self) {
        let slowness = self.state().below(4);
        for _ in 0..slowness {
            tokio::task::yield_now().await;
        }
    }

    /// Creates a secret whose current version, `first`, has this text.
    pub fn with_current(text: &Value) -> Self {
        Self::with_version("first", text)
    }

    /// Creates a secret whose current version has this id and this text.
    pub fn with_version(id: &str, text: &Value) -> Self {
        let this = Self::default();
        this.state().versions.insert(id.into(), Version { stages: Vec::new(), text: Some(text.to_string()) });
        this.state().stage(id, "AWSCURRENT");
        this
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panicked")
    }

    /// Replaces the current version by one with this text.
    pub fn set_current(&self, text: &Value) {
        self.set_current_text(text.to_string());
    }

    pub fn set_current_text(&self, text: String) {
        let mut state = self.state();
        let id = format!("version-{}", state.versions.len() + 1);
        state.versions.insert(id.clone(), Version { stages: Vec::new(), text: Some(text) });
        state.make_current(&id);
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

    /// Returns the texts of the versions that have one.
    pub fn texts(&self) -> Vec<(String, String)> {
        let state = self.state();
        state.versions.iter().filter_map(|(id, version)| Some((id.clone(), version.text.clone()?))).collect()
    }

    /// Returns clients with a service that uses this secret, and has its accounts in memory.
    pub fn clients(&self) -> Clients {
        let connector = SharedHttpConnector::new(self.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let (clients, client) = (Clients::new(), Client::from_conf(config));
        let secrets = Secrets::new(client.clone());
        clients.insert(Service { accounts: Table::in_memory(), secrets, client: Some(client) });
        clients
    }

    /// Returns clients with a service that uses this secret, and has the accounts of another service.
    pub async fn clients_for(&self, accounts: &Table) -> Result<Clients, BoxError> {
        let clients = self.clients();
        let service: Service = clients.get().await?;
        clients.insert(Service { accounts: accounts.clone(), ..service });
        Ok(clients)
    }
}
