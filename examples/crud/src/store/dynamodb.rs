//! Users in DynamoDB: one table with two kinds of items.
//!
//! | `pk` | | |
//! |---|---|---|
//! | `USER#<id>` | the user | in the index `users`: `kind` = `user`, sorted by `id` |
//! | `EMAIL#<address>` | a lock, with the id of the owner | not in the index |
//!
//! A transaction writes a user together with its lock, and a condition on the lock makes the address unique. The SDK
//! adds a token to each transaction, which makes its retries idempotent. The index is eventually consistent: a new user
//! may be missing from the list for a moment.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem};
use pilaster::BoxError;
use serde_dynamo::{from_item, from_items, to_item};
use tokio::time::sleep;
use uuid::Uuid;

use crate::users::{ConcurrentUpdate, EmailTaken, User, UsersError, VersionConflict};

/// The index of the user items, in order of creation.
const INDEX: &str = "users";

#[derive(Clone, Debug)]
pub(super) struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(super) async fn insert(&self, user: &User) -> Result<(), UsersError> {
        let user_is_new = self.put_user(user)?.condition_expression("attribute_not_exists(pk)");
        self.write(vec![put(user_is_new)?, self.lock(user)?]).await
    }

    pub(super) async fn get(&self, id: Uuid) -> Result<Option<User>, UsersError> {
        let get = self.client.get_item().table_name(&self.table).key("pk", user_key(id)).consistent_read(true);
        let item = get.send().await.map_err(store)?.item;
        item.map(from_item).transpose().map_err(store)
    }

    pub(super) async fn list(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<User>, UsersError> {
        let mut users = Vec::new();
        let mut start = after.map(|id| {
            HashMap::from([("pk".into(), user_key(id)), ("kind".into(), text("user")), ("id".into(), text(id))])
        });
        // A query also ends at 1 MB; the response then contains the key to continue with.
        loop {
            let query = self.client.query().table_name(&self.table).index_name(INDEX);
            let query =
                query.key_condition_expression("kind = :kind").expression_attribute_values(":kind", text("user"));
            let left = i32::try_from(limit - users.len()).unwrap_or(i32::MAX);
            let output = query.limit(left).set_exclusive_start_key(start).send().await.map_err(store)?;
            users.extend(from_items::<_, User>(output.items.unwrap_or_default()).map_err(store)?);
            start = output.last_evaluated_key;
            if start.is_none() || users.len() >= limit {
                return Ok(users);
            }
        }
    }

    pub(super) async fn replace(&self, old: &User, new: &User) -> Result<(), UsersError> {
        let still_old = self.put_user(new)?.condition_expression("version = :old");
        let mut items = vec![put(still_old.expression_attribute_values(":old", number(old.version)))?];
        if old.email_key() != new.email_key() {
            items.extend([self.lock(new)?, self.unlock(old)?]);
        }
        self.write(items).await
    }

    pub(super) async fn remove(&self, user: &User) -> Result<(), UsersError> {
        let still_this = self.delete(user_key(user.id)).condition_expression("version = :this");
        let user_item = delete(still_this.expression_attribute_values(":this", number(user.version)))?;
        self.write(vec![user_item, self.unlock(user)?]).await
    }

    /// Writes all items or none. The first item is the user, the others are locks.
    async fn write(&self, items: Vec<TransactWriteItem>) -> Result<(), UsersError> {
        for pause_ms in [20, 60, 180, 0] {
            let write = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = write.send().await else { return Ok(()) };
            let canceled = error.as_service_error().and_then(|error| match error {
                TransactWriteItemsError::TransactionCanceledException(canceled) => {
                    Some(canceled.cancellation_reasons())
                }
                _ => None,
            });
            let refused = |code| canceled?.iter().position(|reason: &CancellationReason| reason.code() == Some(code));
            match refused("ConditionalCheckFailed") {
                Some(0) => return Err(VersionConflict.into()),
                Some(_) => return Err(EmailTaken.into()),
                // A concurrent transaction changed the same items. The SDK does not retry this.
                None if refused("TransactionConflict").is_some() => sleep(Duration::from_millis(pause_ms)).await,
                None => return Err(store(error)),
            }
        }
        Err(ConcurrentUpdate.into())
    }

    fn put_user(&self, user: &User) -> Result<PutBuilder, UsersError> {
        let item: HashMap<_, _> = to_item(user).map_err(store)?;
        Ok(Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("pk", user_key(user.id))
            .item("kind", text("user")))
    }

    /// Locks the user's address if it is free.
    fn lock(&self, user: &User) -> Result<TransactWriteItem, UsersError> {
        let lock = Put::builder().table_name(&self.table).item("pk", lock_key(user)).item("user", text(user.id));
        put(lock.condition_expression("attribute_not_exists(pk)"))
    }

    /// Releases the user's address.
    fn unlock(&self, user: &User) -> Result<TransactWriteItem, UsersError> {
        delete(self.delete(lock_key(user)))
    }

    fn delete(&self, key: AttributeValue) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).key("pk", key)
    }
}

fn put(put: PutBuilder) -> Result<TransactWriteItem, UsersError> {
    Ok(TransactWriteItem::builder().put(put.build().map_err(store)?).build())
}

fn delete(delete: DeleteBuilder) -> Result<TransactWriteItem, UsersError> {
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(store)?).build())
}

fn user_key(id: Uuid) -> AttributeValue {
    text(format_args!("USER#{id}"))
}

fn lock_key(user: &User) -> AttributeValue {
    text(format_args!("EMAIL#{}", user.email_key()))
}

fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn store(error: impl Into<BoxError>) -> UsersError {
    UsersError::Store(error.into())
}
