//! A DynamoDB table on the other end of the client's connection. It knows the four requests of an idempotency store and evaluates
//! their conditions; it rejects an unknown condition, so that no case passes by a condition that is not evaluated.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// Powertools' own condition, word by word.
const IS_FREE: &str = "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress AND \
                       attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)";
/// The condition that Pilaster adds: a caller does not write to the record of another.
const IS_OURS: &str = "#in_progress_expiry = :lock";
const IS_RUNNING: &str = "#in_progress_expiry = :lock AND #status = :inprogress";

/// The table. Clones share it.
#[derive(Clone)]
pub(super) struct Table(Arc<Mutex<State>>);

struct State {
    items: Vec<Value>,
    /// Operations in snake case that fail, with their error.
    fail: BTreeMap<String, String>,
    returns_old: bool,
    /// The attributes of its key; a table without the second has none of that name.
    key: [String; 2],
    refuse_all_with: Option<Value>,
    calls: Vec<Value>,
}

/// Brings a call into the form of a case: the assignments in one order, and nothing that only Pilaster or only one language sends.
pub(super) fn normalize(call: &mut Value) {
    if let Some((set, removed)) = call["UpdateExpression"].as_str().map(parts) {
        let mut assignments = set.split(", ").collect::<Vec<_>>();
        assignments.sort_unstable();
        let (assignments, removed) = (json!(assignments), json!(removed));
        call["UpdateExpression"] = assignments;
        call["Removed"] = removed;
    }
    if let Some(call) = call.as_object_mut() {
        call.remove("ReturnValuesOnConditionCheckFailure");
        call.retain(|_, value| !value.is_null());
    }
}

/// Of an update what it sets, and the one attribute that it removes.
fn parts(expression: &str) -> (&str, Option<&str>) {
    let (set, removed) = expression.split_once(" REMOVE ").unwrap_or((expression, ""));
    (set.trim_start_matches("SET "), Some(removed).filter(|removed| !removed.is_empty()))
}

impl Table {
    pub(super) fn new(items: Vec<Value>, fail: BTreeMap<String, String>, returns_old: bool, key: [&str; 2]) -> Self {
        let key = key.map(ToOwned::to_owned);
        Self(Arc::new(Mutex::new(State { items, fail, returns_old, key, refuse_all_with: None, calls: Vec::new() })))
    }

    /// Every PutItem is refused without an item, and every GetItem finds this one.
    pub(super) fn refuse_all_with(&self, item: Value) {
        self.state().refuse_all_with = Some(item);
    }

    pub(super) fn items(&self) -> Vec<Value> {
        self.state().items.clone()
    }

    /// The requests, in order.
    pub(super) fn calls(&self) -> Vec<Value> {
        self.state().calls.clone()
    }

    pub(super) fn client(&self) -> Client {
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
}

impl State {
    fn ask(&mut self, operation: &str, input: &Value) -> Result<Value, Value> {
        self.record(operation, input);
        let snake = match operation {
            "PutItem" => "put_item",
            "GetItem" => "get_item",
            "UpdateItem" => "update_item",
            _ => "delete_item",
        };
        if let Some(kind) = self.fail.get(snake) {
            return Err(json!({ "__type": kind, "message": "boom" }));
        }
        let refused =
            json!({ "__type": "ConditionalCheckFailedException", "message": "The conditional request failed" });
        if let Some(item) = &self.refuse_all_with {
            return if operation == "GetItem" { Ok(json!({ "Item": item })) } else { Err(refused) };
        }
        let key = if operation == "PutItem" { &input["Item"] } else { &input["Key"] };
        let is_same = |item: &Value| self.key.iter().all(|name| item.get(name) == key.get(name));
        let found = self.items.iter().position(is_same);
        let old = found.map(|index| self.items[index].clone());
        if operation == "GetItem" {
            return Ok(old.map_or_else(|| json!({}), |item| json!({ "Item": item })));
        }
        if !holds(input, old.as_ref())? {
            let mut refused = refused;
            if let Some(old) = old.filter(|_| self.returns_old && operation == "PutItem") {
                refused["Item"] = old;
            }
            return Err(refused);
        }
        match (operation, found) {
            ("PutItem", Some(index)) => self.items[index] = input["Item"].clone(),
            ("PutItem", None) => self.items.push(input["Item"].clone()),
            ("UpdateItem", Some(index)) => {
                let (set, removed) = parts(input["UpdateExpression"].as_str().unwrap_or_default());
                let named = |name: &str| input["ExpressionAttributeNames"][name].as_str().unwrap_or_default();
                for assignment in set.split(", ") {
                    let (name, value) = assignment.split_once(" = ").unwrap_or_default();
                    self.items[index][named(name)] = input["ExpressionAttributeValues"][value].clone();
                }
                if let (Some(name), Some(item)) = (removed, self.items[index].as_object_mut()) {
                    item.remove(named(name));
                }
            }
            ("DeleteItem", Some(index)) => drop(self.items.remove(index)),
            _ => return Err(json!({ "__type": "UnknownOperationException" })),
        }
        Ok(json!({}))
    }

    fn record(&mut self, operation: &str, input: &Value) {
        let mut call = json!({ "op": operation });
        for part in ["Item", "Key", "ConsistentRead", "UpdateExpression"] {
            call[part] = input[part].clone();
        }
        if operation == "UpdateItem" {
            let mut values = input["ExpressionAttributeValues"].clone();
            values.as_object_mut().map(|values| values.remove(":lock"));
            call["ExpressionAttributeValues"] = values;
        }
        normalize(&mut call);
        self.calls.push(call);
    }
}

/// Returns `true` if the condition of a request holds for the existing item.
fn holds(input: &Value, old: Option<&Value>) -> Result<bool, Value> {
    let Some(condition) = input["ConditionExpression"].as_str() else { return Ok(true) };
    let attribute = |name: &str| old.and_then(|old| old.get(input["ExpressionAttributeNames"][name].as_str()?));
    let value = |name: &str| &input["ExpressionAttributeValues"][name];
    let equal = |name: &str, other: &str| attribute(name) == Some(value(other));
    let less = |name: &str, other: &str| {
        let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<f64>().ok());
        attribute(name).and_then(number).zip(number(value(other))).is_some_and(|(a, b)| a < b)
    };
    match condition.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
        IS_FREE => {
            let overdue = equal("#status", ":inprogress") && less("#in_progress_expiry", ":now_in_millis");
            Ok(attribute("#id").is_none() || less("#expiry", ":now") || overdue)
        }
        IS_OURS => Ok(equal("#in_progress_expiry", ":lock")),
        IS_RUNNING => Ok(equal("#in_progress_expiry", ":lock") && equal("#status", ":inprogress")),
        other => Err(json!({ "__type": "ValidationException", "message": other })),
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let input = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let (status, answer) = match self.state().ask(operation, &input) {
            Ok(answer) => (200, answer),
            Err(error) => (400, error),
        };
        let response = StatusCode::try_from(status).map(|status| {
            let mut response = HttpResponse::new(status, SdkBody::from(answer.to_string()));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            response
        });
        HttpConnectorFuture::ready(response.map_err(|error| ConnectorError::user(error.into())))
    }
}
