//! A DynamoDB for tests, in which each request takes time of tokio's paused clock. Of two transactions that write one item
//! at the same time, it cancels the second one, as DynamoDB does.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use pilaster::table::Table;
use serde_json::{Value, json};

const DURATION: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, Default)]
pub(super) struct DynamoDb(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    items: HashMap<String, Value>,
    /// The keys that a transaction writes at this time.
    locked: HashSet<String>,
    /// The number of reads of each item at this time.
    reads: HashMap<String, usize>,
    /// The largest number of reads at the same time: of each item, and of all.
    most_reads: (HashMap<String, usize>, usize),
}

impl State {
    fn begin_read(&mut self, key: &str) {
        *self.reads.entry(key.to_owned()).or_default() += 1;
        let (reads, all) = (self.reads[key], self.reads.values().sum::<usize>());
        let most = self.most_reads.0.entry(key.to_owned()).or_default();
        *most = reads.max(*most);
        self.most_reads.1 = all.max(self.most_reads.1);
    }
}

impl DynamoDb {
    pub(super) fn table(&self) -> Table {
        let connector = SharedHttpConnector::new(self.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Table::new(Client::from_conf(config), "table")
    }

    /// Returns the largest number of reads at the same time: of the item with this partition key, and of all items.
    pub(super) fn most_reads_at_once(&self, partition: &str) -> (usize, usize) {
        let key = key(&json!({ "pk": { "S": partition }, "sk": { "S": "-" } }));
        let state = self.state();
        (state.most_reads.0.get(&key).copied().unwrap_or(0), state.most_reads.1)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panicked")
    }

    async fn respond(&self, operation: &str, body: &Value) -> Value {
        match operation {
            "GetItem" => self.get(key(&body["Key"])).await,
            "TransactWriteItems" => match self.write(&body["TransactItems"]).await {
                Ok(()) => json!({}),
                Err(code) => json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "message": "the transaction is cancelled",
                    "CancellationReasons": [{ "Code": code }],
                }),
            },
            "Query" => json!({ "Items": [], "Count": 0 }),
            other => panic!("{other} is not implemented"),
        }
    }

    async fn get(&self, key: String) -> Value {
        self.state().begin_read(&key);
        tokio::time::sleep(DURATION).await;
        let mut state = self.state();
        *state.reads.entry(key.clone()).or_default() -= 1;
        state.items.get(&key).map_or_else(|| json!({}), |item| json!({ "Item": item }))
    }

    async fn write(&self, items: &Value) -> Result<(), &'static str> {
        let puts: Vec<_> = items.as_array().into_iter().flatten().map(|item| &item["Put"]).collect();
        let keys: Vec<_> = puts.iter().map(|put| key(&put["Item"])).collect();
        let is_locked = keys.iter().any(|key| self.state().locked.contains(key));
        if !is_locked {
            self.state().locked.extend(keys.clone());
        }
        tokio::time::sleep(DURATION).await;
        if is_locked {
            return Err("TransactionConflict");
        }
        let mut state = self.state();
        state.locked.retain(|key| !keys.contains(key));
        let is_met = |(put, key): (&&Value, &String)| match put["ConditionExpression"].as_str() {
            None => true,
            Some("attribute_not_exists(pk)") => !state.items.contains_key(key),
            Some("revision = :revision") => state
                .items
                .get(key)
                .is_some_and(|item| item["revision"] == put["ExpressionAttributeValues"][":revision"]),
            Some(other) => panic!("{other} is not implemented"),
        };
        if !puts.iter().zip(&keys).all(is_met) {
            return Err("ConditionalCheckFailed");
        }
        state.items.extend(keys.into_iter().zip(puts.into_iter().map(|put| put["Item"].clone())));
        Ok(())
    }
}

fn key(item: &Value) -> String {
    json!([item["pk"]["S"], item["sk"]["S"]]).to_string()
}

impl HttpConnector for DynamoDb {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let operation = operation.unwrap_or_default().to_owned();
        let body = serde_json::from_slice::<Value>(request.body().bytes().unwrap_or_default()).expect("JSON");
        let dynamodb = self.clone();
        HttpConnectorFuture::new(async move {
            let body = dynamodb.respond(&operation, &body).await;
            let status = if body.get("__type").is_some() { 400 } else { 200 };
            Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body.to_string())))
        })
    }
}
