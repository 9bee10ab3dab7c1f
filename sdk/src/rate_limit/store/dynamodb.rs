//! [`DynamoDbStore`]: the states of keys in a DynamoDB table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use lru::LruCache;

use super::steps::{self, Writes, Written, nanoseconds};
use super::{Quota, Store, Taken};
use crate::clients::Clients;
use crate::core::error::BoxError;

/// The names of the attributes: the key and the time to live are those of a table of idempotency records.
const ID: &str = "id";
const TAT: &str = "tat";
const EXPIRATION: &str = "expiration";

/// The time for which an item is kept after its state, in seconds: clocks may be apart.
const KEPT: u64 = 60;

/// The number of keys whose last state is remembered, so that a refused caller costs no write.
const REMEMBERED: usize = 16_384;

/// States in a DynamoDB table, for all sandboxes. The table's partition key is `id`, a string; set its time-to-live
/// attribute to `expiration`. It may be the table of [idempotency](crate::guide::idempotency) records.
///
/// The function needs `dynamodb:UpdateItem` on the table. A request costs one conditional write, and now and then two,
/// if the caller was last seen by another sandbox. A caller that is over its limit costs one write per sandbox until its
/// next request would be admitted, however many it sends.
///
/// An item has the attributes `id` (`rate-limit#NAME#` and a SHA-256 hash of the key, which is not stored itself), `tat`
/// (nanoseconds since 1970) and `expiration` (seconds since 1970).
///
/// # Example
///
/// ```
/// use pilaster::rate_limit::{DynamoDbStore, Quota, RateLimit};
///
/// let limit = RateLimit::new(DynamoDbStore::table("limits"), Quota::per_minute(120).burst(20));
/// # let _ = limit;
/// ```
#[derive(Clone, Debug)]
pub struct DynamoDbStore {
    client: Option<Client>,
    table: Arc<str>,
    states: Arc<Mutex<LruCache<String, u64>>>,
}

impl DynamoDbStore {
    /// Uses the table with this name and the client of [`Clients::global`], which is created with the first request.
    pub fn table(name: impl Into<Arc<str>>) -> Self {
        // Grows with its keys: `LruCache::new` would reserve the whole capacity.
        Self { client: None, table: name.into(), states: Arc::new(Mutex::new(LruCache::unbounded())) }
    }

    /// Uses this client.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    fn known(&self, key: &str) -> Option<u64> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    /// Remembers a state, unless a later one is known.
    fn remember(&self, key: &str, tat: u64) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = states.get(key).map_or(tat, |known| tat.max(*known));
        states.put(key.to_owned(), latest);
        while states.len() > REMEMBERED {
            states.pop_lru();
        }
    }
}

impl Store for DynamoDbStore {
    async fn take(&self, key: &str, quota: &Quota, now: SystemTime) -> Result<Taken, BoxError> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => Clients::global().get().await?,
        };
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        // The state after a request that is admitted is at most this.
        let latest = now + quota.tolerance() + quota.interval();
        let (now, expires) = (nanoseconds(now), latest.as_secs() + KEPT);
        let table = Table { client, name: &self.table, expires };
        let (is_allowed, tat) = steps::take(&table, key, quota, now, self.known(key)).await?;
        self.remember(key, tat);
        let tat = UNIX_EPOCH + Duration::from_nanos(tat);
        Ok(if is_allowed { Taken::Allowed(tat) } else { Taken::Refused(tat) })
    }
}

/// The table, for one request.
struct Table<'a> {
    client: Client,
    name: &'a str,
    expires: u64,
}

impl Table<'_> {
    fn update(&self, key: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.name)
            .key(ID, AttributeValue::S(key.to_owned()))
            .expression_attribute_names("#tat", TAT)
            .expression_attribute_names("#expiration", EXPIRATION)
            .expression_attribute_values(":expiration", number(self.expires))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

impl Writes for Table<'_> {
    async fn start(&self, key: &str, to: u64, now: u64) -> Result<Written, BoxError> {
        let update = self
            .update(key)
            .update_expression("SET #tat = :to, #expiration = :expiration")
            .condition_expression("attribute_not_exists(#tat) OR #tat < :now")
            .expression_attribute_values(":to", number(to))
            .expression_attribute_values(":now", number(now));
        written(update).await
    }

    async fn add(&self, key: &str, by: u64, from: u64, until: u64) -> Result<Written, BoxError> {
        let update = self
            .update(key)
            .update_expression("SET #tat = #tat + :by, #expiration = :expiration")
            .condition_expression("#tat BETWEEN :from AND :until")
            .expression_attribute_values(":by", number(by))
            .expression_attribute_values(":from", number(from))
            .expression_attribute_values(":until", number(until));
        written(update).await
    }
}

async fn written(update: UpdateItemFluentBuilder) -> Result<Written, BoxError> {
    match update.send().await {
        Ok(output) => {
            let tat = state(output.attributes.as_ref())?;
            tat.map(Written::To).ok_or_else(|| "DynamoDB returned no state of the rate limit".into())
        }
        Err(SdkError::ServiceError(error)) => match error.into_err() {
            UpdateItemError::ConditionalCheckFailedException(failed) => Ok(Written::Not(state(failed.item.as_ref())?)),
            other => Err(other.into()),
        },
        Err(other) => Err(other.into()),
    }
}

/// # Errors
///
/// The attribute is not a whole number: the item is not that of a rate limit.
fn state(item: Option<&HashMap<String, AttributeValue>>) -> Result<Option<u64>, BoxError> {
    let Some(tat) = item.and_then(|item| item.get(TAT)) else { return Ok(None) };
    let tat = tat.as_n().ok().and_then(|text| text.parse().ok());
    tat.map(Some).ok_or_else(|| "the item is not that of a rate limit: `tat` must be a whole number".into())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
