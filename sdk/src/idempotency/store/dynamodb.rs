//! [`DynamoDbStore`]: Powertools' items in a DynamoDB table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::{Completion, IdempotencyRecord, Lock, LockOutcome, Status, Store, milliseconds, seconds};
use crate::clients::attribute_value::{from_json, number, text, to_json};
use crate::clients::{Clients, unique};
use crate::core::error::BoxError;
use crate::core::layer_mistakes::reject;
use crate::idempotency::key::KeyFormat;

/// The key is free: there is no record, or [`IdempotencyRecord::is_free`] is true for it.
const IS_FREE: &str = "attribute_not_exists(#id) OR #expiry < :now OR \
     (#status = :inprogress AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)";

/// The call holds the lock. It holds after completion too, so that a retried request succeeds.
const IS_LOCK_OWNER: &str = "#in_progress_expiry = :lock";

/// The call holds the lock and has not completed.
const IS_RUNNING: &str = "#in_progress_expiry = :lock AND #status = :inprogress";

/// The attribute of a record in progress that is unique to a lock. Powertools ignores it, and completing the call
/// removes it.
const TOKEN: &str = "in_progress_token";

/// The time for looking up a lock whose request failed.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

type Item = HashMap<String, AttributeValue>;

/// Records in a DynamoDB table, in the format of Powertools: functions in all languages replay each other's results.
/// The table's partition key is `id`, a string; set its time-to-live attribute to `expiration`.
///
/// The function needs `dynamodb:PutItem`, `dynamodb:GetItem`, `dynamodb:UpdateItem` and `dynamodb:DeleteItem` on the
/// table. A first call costs two writes, and a replay costs one failed conditional write. An item can have up to 400 KB
/// ([quotas](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)): a larger result
/// reaches its caller and is not recorded.
///
/// # Example
///
/// ```
/// use pilaster::idempotency::{DynamoDbStore, Idempotency};
///
/// let idempotency = Idempotency::from_env(DynamoDbStore::table("idempotency")).key("order_id");
/// # let _ = idempotency;
/// ```
#[derive(Clone, Debug)]
pub struct DynamoDbStore {
    client: Option<Client>,
    table: Arc<str>,
    attributes: Arc<Attributes>,
}

/// The names of the attributes.
#[derive(Clone, Debug)]
struct Attributes {
    id: String,
    /// The name of the sort key, which contains the record's id, and the value of the partition key.
    sort_key: Option<(String, String)>,
    expiration: String,
    in_progress_expiration: String,
    status: String,
    data: String,
    validation: String,
}

impl DynamoDbStore {
    /// Uses the table with this name and the client of [`Clients::global`], which is created with the first call.
    pub fn table(name: impl Into<Arc<str>>) -> Self {
        let attributes = Attributes {
            id: "id".to_owned(),
            sort_key: None,
            expiration: "expiration".to_owned(),
            in_progress_expiration: "in_progress_expiration".to_owned(),
            status: "status".to_owned(),
            data: "data".to_owned(),
            validation: "validation".to_owned(),
        };
        Self { client: None, table: name.into(), attributes: Arc::new(attributes) }
    }

    /// Uses this client.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Uses a sort key with this name for the record's id. The partition key then contains `partition`, or
    /// `idempotency#` and the function's name (`AWS_LAMBDA_FUNCTION_NAME`) if that is `None`.
    #[must_use]
    pub fn sort_key(mut self, name: impl Into<String>, partition: Option<String>) -> Self {
        let partition = partition.unwrap_or_else(|| {
            format!("idempotency#{}", crate::core::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default())
        });
        Arc::make_mut(&mut self.attributes).sort_key = Some((name.into(), partition));
        self
    }

    /// Renames one of the attributes `id`, `expiration`, `in_progress_expiration`, `status`, `data`, `validation`.
    ///
    /// # Panics
    ///
    /// If `attribute` is not one of these, and the store is not created in an expression of `#[lambda_handler]`.
    #[must_use]
    pub fn attribute(mut self, attribute: &str, name: impl Into<String>) -> Self {
        let names = Arc::make_mut(&mut self.attributes);
        let renamed = match attribute {
            "id" => &mut names.id,
            "expiration" => &mut names.expiration,
            "in_progress_expiration" => &mut names.in_progress_expiration,
            "status" => &mut names.status,
            "data" => &mut names.data,
            "validation" => &mut names.validation,
            other => {
                reject(format_args!("DynamoDbStore: an idempotency record has no attribute `{other}`"));
                return self;
            }
        };
        *renamed = name.into();
        self
    }

    async fn connected(&self) -> Result<Client, BoxError> {
        match &self.client {
            Some(client) => Ok(client.clone()),
            None => Ok(Clients::global().get().await?),
        }
    }

    fn key(&self, lock: &Lock) -> Item {
        let own = AttributeValue::S(lock.id.clone());
        match &self.attributes.sort_key {
            None => HashMap::from([(self.attributes.id.clone(), own)]),
            Some((sort, partition)) => {
                HashMap::from([(self.attributes.id.clone(), AttributeValue::S(partition.clone())), (sort.clone(), own)])
            }
        }
    }

    async fn item(&self, lock: &Lock) -> Result<Option<Item>, BoxError> {
        let get = self.connected().await?.get_item().table_name(&*self.table).set_key(Some(self.key(lock)));
        Ok(get.consistent_read(true).send().await?.item)
    }

    /// Looks up a lock whose request failed: it may have been written, and only the response was lost. An item without
    /// this lock's token proves nothing, since the request may still be in flight.
    async fn look_up(&self, lock: &Lock, token: &str, error: BoxError) -> Result<LockOutcome, BoxError> {
        match tokio::time::timeout(LOOKUP_TIMEOUT, self.item(lock)).await {
            Ok(Ok(Some(item))) if has_token(&item, token) => Ok(LockOutcome::Acquired),
            _ => Err(error),
        }
    }
}

fn has_token(item: &Item, token: &str) -> bool {
    item.get(TOKEN).and_then(|value| value.as_s().ok()).is_some_and(|found| found == token)
}

impl Attributes {
    /// # Errors
    ///
    /// An attribute is missing or has another type: the item is not an idempotency record.
    fn read(&self, mut item: Item, lock: &Lock) -> Result<IdempotencyRecord, BoxError> {
        let status = match item.get(&self.status).and_then(|status| status.as_s().ok()).map(String::as_str) {
            Some("INPROGRESS") => Status::InProgress,
            Some("COMPLETED") => Status::Completed,
            _ => {
                return Err(format!(
                    "the item is not an idempotency record: `{}` must be INPROGRESS or COMPLETED",
                    self.status
                )
                .into());
            }
        };
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()).and_then(|text| whole(text));
        let expiration = number(&self.expiration);
        let in_progress_expiration = number(&self.in_progress_expiration);
        let validation = item.get(&self.validation).and_then(|hash| hash.as_s().ok()).cloned();
        let data = match item.remove(&self.data) {
            None => None,
            Some(AttributeValue::S(text)) if lock.format == KeyFormat::Python => Some(text),
            Some(value) => Some(to_json(value)?.to_string()),
        };
        let expiration = expiration
            .ok_or_else(|| format!("the item is not an idempotency record: `{}` must be a number", self.expiration))?;
        Ok(IdempotencyRecord { id: lock.id.clone(), status, expiration, in_progress_expiration, data, validation })
    }
}

/// Reads the integer part of a number: another library may write a fraction.
fn whole(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| text.parse::<f64>().ok().filter(|float| *float >= 0.0).map(|float| float as u64))
}

impl Store for DynamoDbStore {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
        let names = &*self.attributes;
        let mut item = self.key(lock);
        item.insert(names.expiration.clone(), number(lock.expiration));
        item.insert(names.status.clone(), text(Status::InProgress.as_str()));
        item.insert(names.in_progress_expiration.clone(), number(lock.in_progress_expiration));
        if let Some(validation) = &lock.validation {
            item.insert(names.validation.clone(), text(validation));
        }
        let token = unique();
        item.insert(TOKEN.to_owned(), text(&token));
        let put = self.connected().await?.put_item().table_name(&*self.table).set_item(Some(item));
        let put = put
            .condition_expression(IS_FREE)
            .expression_attribute_names("#id", &names.id)
            .expression_attribute_names("#expiry", &names.expiration)
            .expression_attribute_names("#in_progress_expiry", &names.in_progress_expiration)
            .expression_attribute_names("#status", &names.status)
            .expression_attribute_values(":now", number(seconds(now)))
            .expression_attribute_values(":now_in_millis", number(milliseconds(now)))
            .expression_attribute_values(":inprogress", text(Status::InProgress.as_str()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(LockOutcome::Acquired),
            Err(SdkError::ServiceError(error)) => match error.into_err() {
                PutItemError::ConditionalCheckFailedException(refused) => {
                    let item = match refused.item.filter(|item| !item.is_empty()) {
                        None => self.item(lock).await?,
                        item => item,
                    };
                    return match item {
                        // The SDK has retried the request after its response was lost.
                        Some(item) if has_token(&item, &token) => Ok(LockOutcome::Acquired),
                        item => Ok(LockOutcome::Held(item.map(|item| names.read(item, lock)).transpose()?)),
                    };
                }
                other => other.into(),
            },
            Err(other) => other.into(),
        };
        self.look_up(lock, &token, error).await
    }

    async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
        self.item(lock).await?.map(|item| self.attributes.read(item, lock)).transpose()
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        let names = &*self.attributes;
        let data = match lock.format {
            KeyFormat::Python => text(&completion.data),
            KeyFormat::TypeScript => from_json(serde_json::from_str(&completion.data)?),
        };
        let update = self.connected().await?.update_item().table_name(&*self.table).set_key(Some(self.key(lock)));
        let mut update = update
            .condition_expression(IS_LOCK_OWNER)
            .expression_attribute_names("#in_progress_expiry", &names.in_progress_expiration)
            .expression_attribute_values(":lock", number(lock.in_progress_expiration))
            .expression_attribute_names("#response_data", &names.data)
            .expression_attribute_values(":response_data", data)
            .expression_attribute_names("#expiry", &names.expiration)
            .expression_attribute_values(":expiry", number(completion.expiration))
            .expression_attribute_names("#status", &names.status)
            .expression_attribute_values(":status", text(Status::Completed.as_str()));
        let mut expression = "SET #response_data = :response_data, #expiry = :expiry, #status = :status".to_owned();
        if let Some(validation) = &lock.validation {
            expression.push_str(", #validation_key = :validation_key");
            update = update
                .expression_attribute_names("#validation_key", &names.validation)
                .expression_attribute_values(":validation_key", text(validation));
        }
        expression.push_str(" REMOVE #token");
        update = update.expression_attribute_names("#token", TOKEN);
        match update.update_expression(expression).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        let delete = self.connected().await?.delete_item().table_name(&*self.table).set_key(Some(self.key(lock)));
        let delete = delete
            .condition_expression(IS_RUNNING)
            .expression_attribute_names("#in_progress_expiry", &self.attributes.in_progress_expiration)
            .expression_attribute_names("#status", &self.attributes.status)
            .expression_attribute_values(":lock", number(lock.in_progress_expiration))
            .expression_attribute_values(":inprogress", text(Status::InProgress.as_str()));
        match delete.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(format: KeyFormat) -> Lock {
        Lock { id: "f#1".to_owned(), expiration: 7, in_progress_expiration: 7000, validation: None, format }
    }

    fn item(data: Option<AttributeValue>) -> Item {
        let mut item = HashMap::from([
            ("id".to_owned(), text("f#1")),
            ("expiration".to_owned(), number(7)),
            ("status".to_owned(), text("COMPLETED")),
        ]);
        item.extend(data.map(|data| ("data".to_owned(), data)));
        item
    }

    #[test]
    fn a_result_is_read_from_text_and_from_a_native_map() {
        let names = DynamoDbStore::table("t").attributes;
        let map = AttributeValue::M(HashMap::from([("n".to_owned(), AttributeValue::N("200".into()))]));
        let read = |data, format| names.read(item(data), &lock(format)).unwrap().data;
        assert_eq!(read(Some(text("{\"n\": 200}")), KeyFormat::Python).as_deref(), Some("{\"n\": 200}"));
        assert_eq!(read(Some(map.clone()), KeyFormat::Python).as_deref(), Some("{\"n\":200}"));
        assert_eq!(read(Some(map), KeyFormat::TypeScript).as_deref(), Some("{\"n\":200}"));
        assert_eq!(read(Some(text("x")), KeyFormat::TypeScript).as_deref(), Some("\"x\""));
        assert_eq!(read(None, KeyFormat::Python), None);
    }

    #[test]
    fn an_item_of_another_writer_is_an_error_that_names_the_attribute() {
        let names = DynamoDbStore::table("t").attributes;
        let mut odd = item(None);
        odd.insert("status".to_owned(), text("DONE"));
        assert!(names.read(odd, &lock(KeyFormat::Python)).unwrap_err().to_string().contains("`status`"));
        let mut odd = item(None);
        odd.remove("expiration");
        assert!(names.read(odd, &lock(KeyFormat::Python)).unwrap_err().to_string().contains("`expiration`"));
    }
}
