//! The parts of an idempotency case.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::present;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) store: Store,
    pub(super) idempotency: Options,
    #[serde(default)]
    pub(super) function: Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) kind: String,
    #[serde(default, rename = "table_name", alias = "tableName")]
    pub(super) _table_name: Option<String>,
    #[serde(default)]
    pub(super) initial_items: Vec<Value>,
    #[serde(default)]
    pub(super) fail: BTreeMap<String, String>,
    #[serde(default = "yes")]
    pub(super) returns_old_item_on_condition_failure: bool,
    /// Names of attributes.
    #[serde(alias = "keyAttr")]
    pub(super) key_attr: Option<String>,
    #[serde(alias = "sortKeyAttr")]
    pub(super) sort_key_attr: Option<String>,
    #[serde(alias = "staticPkValue")]
    pub(super) static_pk_value: Option<String>,
    #[serde(alias = "expiryAttr")]
    pub(super) expiry_attr: Option<String>,
    #[serde(alias = "inProgressExpiryAttr")]
    pub(super) in_progress_expiry_attr: Option<String>,
    #[serde(alias = "statusAttr")]
    pub(super) status_attr: Option<String>,
    #[serde(alias = "dataAttr")]
    pub(super) data_attr: Option<String>,
    #[serde(alias = "validationKeyAttr")]
    pub(super) validation_key_attr: Option<String>,
    /// In words.
    pub(super) put_item: Option<String>,
    pub(super) get_item: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(alias = "eventKeyJmesPath")]
    pub(super) event_key_jmespath: Option<String>,
    #[serde(alias = "payloadValidationJmesPath")]
    pub(super) payload_validation_jmespath: Option<String>,
    #[serde(default, alias = "throwOnNoIdempotencyKey")]
    pub(super) raise_on_no_idempotency_key: bool,
    #[serde(alias = "expiresAfterSeconds")]
    pub(super) expires_after_seconds: Option<u64>,
    #[serde(alias = "hashFunction")]
    pub(super) hash_function: Option<String>,
    #[serde(default, alias = "useLocalCache")]
    pub(super) use_local_cache: bool,
    #[serde(alias = "maxLocalCacheSize")]
    pub(super) local_cache_max_items: Option<usize>,
    pub(super) response_hook: Option<String>,
    #[serde(alias = "keyPrefix")]
    pub(super) key_prefix: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    pub(super) lambda_name: Option<String>,
    pub(super) qualified_name: Option<String>,
    /// TypeScript's keys do not name the handler.
    #[serde(rename = "name")]
    pub(super) _name: Option<String>,
    #[serde(alias = "keyPrefix")]
    pub(super) key_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) clock_ms: u64,
    pub(super) default_handler: Option<Handler>,
    pub(super) invocations: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) event: Value,
    #[serde(default)]
    pub(super) at_ms: u64,
    #[serde(default = "a_second")]
    pub(super) remaining_ms: u64,
    pub(super) handler: Option<Handler>,
}

fn a_second() -> u64 {
    1000
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handler {
    #[serde(default, deserialize_with = "present")]
    pub(super) returns: Option<Value>,
    pub(super) raises: Option<Raises>,
}

/// The error of a function: a text, or a class and its text.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Raises {
    Text(String),
    Error(Raised),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raised {
    #[serde(alias = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) message: String,
}
