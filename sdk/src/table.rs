//! Typed items in a DynamoDB table, or in memory for a local run and for tests.
//!
//! A [`Table`] reads and writes values of your own serde types. [`Table::put_if_absent`] writes an item once, and
//! [`Table::atomically`] reads and writes several items as one transaction with optimistic locking: if another writer
//! changes one of the items in between, the work runs again. Both backends keep the same rules. A call in memory ends at
//! once, so calls of other tasks come in between only where the test itself lets them.
//!
//! # Example
//!
//! ```
//! use pilaster::table::{PutIfAbsent, Table, TableError};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Stock { units: u32 }
//!
//! /// Takes units out of the stock, and returns `false` if there are too few.
//! async fn take(table: &Table, product: &str, units: u32) -> Result<bool, TableError> {
//!     table
//!         .atomically(async |transaction| {
//!             let stock = transaction.get::<Stock>(("stock", product)).await?;
//!             let Some(left) = stock.and_then(|stock| stock.units.checked_sub(units)) else { return Ok(false) };
//!             transaction.put(("stock", product), &Stock { units: left })?;
//!             Ok(true)
//!         })
//!         .await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let table = Table::in_memory();
//! assert_eq!(table.put_if_absent(("stock", "tea"), &Stock { units: 3 }).await?, PutIfAbsent::Stored);
//! assert_eq!(table.put_if_absent(("stock", "tea"), &Stock { units: 9 }).await?, PutIfAbsent::Present(Stock { units: 3 }));
//! assert!(take(&table, "tea", 2).await?);
//! assert!(!take(&table, "tea", 2).await?);
//! # Ok::<(), pilaster::BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```
//!
//! # The item
//!
//! | attribute | type | meaning |
//! |---|---|---|
//! | `pk`, `sk` | string | the [`Key`]: the table's partition key and sort key |
//! | the fields of the value | | as serde writes them; `null`, and a number that is not finite, is DynamoDB's `NULL` |
//! | `revision` | string | new with each write; the condition of the next one |
//! | `expires_at` | number | the time of [`Item::expires_at`], in seconds since 1970; make it the table's time-to-live attribute. An item that has expired is not returned, even before DynamoDB deletes it |
//! | `index_pk`, `index_sk` | string | the key of [`Item::index`] in the global secondary index `index` |
//!
//! A value must be a struct or a map, and none of its fields may have one of these names. Its numbers must be within `1E-130`
//! and `9.99E+125`; `1.0` is read as `1`.
//!
//! **Other programs** may read and write the table. An item without `revision` is read like any other. A program that
//! changes an item must set `revision` to a new string: otherwise a transaction that has read the item before does not
//! notice the change, and may overwrite it. Sets are read as lists and binary values as base64 text, and are written so. A
//! number with more digits than serde_json holds is an error.
//!
//! # The table
//!
//! ```yaml
//! Table:
//!   Type: AWS::DynamoDB::Table
//!   Properties:
//!     BillingMode: PAY_PER_REQUEST
//!     AttributeDefinitions:
//!       - { AttributeName: pk, AttributeType: S }
//!       - { AttributeName: sk, AttributeType: S }
//!       - { AttributeName: index_pk, AttributeType: S } # with `Item::index` alone
//!       - { AttributeName: index_sk, AttributeType: S }
//!     KeySchema: [{ AttributeName: pk, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
//!     TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
//!     GlobalSecondaryIndexes: # with `Item::index` alone
//!       - IndexName: index
//!         KeySchema: [{ AttributeName: index_pk, KeyType: HASH }, { AttributeName: index_sk, KeyType: RANGE }]
//!         Projection: { ProjectionType: ALL }
//! ```
//!
//! | call | requests | IAM actions |
//! |---|---|---|
//! | [`get`](Table::get), a `get` of a transaction | one consistent `GetItem` | `dynamodb:GetItem` |
//! | [`put`](Table::put), [`put_if_absent`](Table::put_if_absent) | one `TransactWriteItems` | `dynamodb:PutItem` |
//! | [`delete`](Table::delete) | one `TransactWriteItems` | `dynamodb:DeleteItem` |
//! | [`atomically`](Table::atomically) | one `TransactWriteItems`; none if it has read at most one item and written none | `dynamodb:PutItem`, `dynamodb:DeleteItem`, and `dynamodb:ConditionCheckItem` for items that it has only read |
//! | [`query`](Table::query) | one `Query` per MB, and more if many of the items have expired | `dynamodb:Query`, on the ARN of the index (`…/index/index`) for [`Query::index`] |
//!
//! `TransactWriteItems` costs twice the write units of `PutItem`. It has a token, so that a retry of the AWS SDK after a lost
//! response has no second effect.
//!
//! An item may have 400 KB, a transaction 100 items and 4 MB
//! ([quotas](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)).

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod error;
mod item;
mod key;
mod limits;
mod memory;
mod query;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::error::TableError;
#[cfg(feature = "http")]
pub(crate) use self::error::is_conflict;
pub use self::item::Item;
use self::item::{Expected, Row, Write, Written};
pub use self::key::Key;
pub use self::query::{Found, Query};
pub use self::transaction::Transaction;
use crate::clients::{Clients, FromClients};
use crate::core::error::BoxError;

/// How often [`Table::atomically`] runs its work before it gives up.
const ATTEMPTS: u32 = 12;

/// A table of typed items. Cheap to clone. See the [module docs](self).
#[derive(Clone)]
pub struct Table {
    store: Store,
}

#[derive(Clone)]
enum Store {
    Memory(memory::Memory),
    #[cfg(feature = "dynamodb")]
    DynamoDb(dynamodb::DynamoDb),
}

/// The tables in memory of a local run, by the variables that would name them.
#[derive(Clone, Default)]
struct LocalTables(Arc<Mutex<HashMap<String, Table>>>);

impl FromClients for LocalTables {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Self::default())
    }
}

impl LocalTables {
    fn table(&self, variable: &str) -> Table {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.entry(variable.to_owned()).or_insert_with(Table::in_memory).clone()
    }
}

/// The outcome of [`Table::put_if_absent`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum PutIfAbsent<T> {
    /// The value has been stored.
    Stored,
    /// Nothing has been stored, since there is this item.
    Present(T),
}

impl Table {
    /// Creates an empty table in the memory of this process, for tests. Clones share their items.
    pub fn in_memory() -> Self {
        Self { store: Store::Memory(memory::Memory::default()) }
    }

    /// Uses the DynamoDB table with this name.
    #[cfg(feature = "dynamodb")]
    pub fn new(client: aws_sdk_dynamodb::Client, name: impl Into<String>) -> Self {
        Self { store: Store::DynamoDb(dynamodb::DynamoDb::new(client, name.into())) }
    }

    /// Uses the DynamoDB table that an environment variable names. In a local run without that variable, the items are
    /// in memory, in one table for each variable and registry, and a line is logged.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::table::Table;
    /// use pilaster::{BoxError, Clients, FromClients};
    ///
    /// #[derive(Clone)]
    /// struct Orders(Table);
    ///
    /// impl FromClients for Orders {
    ///     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
    ///         Ok(Self(Table::from_env(clients, "ORDERS_TABLE").await?))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// On Lambda the variable is not set; it is set, but Pilaster was built without the feature `dynamodb`; the client
    /// cannot be created.
    pub async fn from_env(clients: &Clients, variable: &str) -> Result<Self, BoxError> {
        let local = clients.get::<LocalTables>().await?;
        let configured = async |name: String| Self::named(clients, name, variable).await;
        clients.env_or(variable, configured, || local.table(variable)).await
    }

    #[cfg(feature = "dynamodb")]
    async fn named(clients: &Clients, name: String, _: &str) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?, name))
    }

    #[cfg(not(feature = "dynamodb"))]
    async fn named(_: &Clients, _: String, variable: &str) -> Result<Self, BoxError> {
        Err(format!(
            "{variable} names a DynamoDB table, but this build has no client: enable pilaster's feature `dynamodb`"
        )
        .into())
    }

    /// Returns the value of an item, by a consistent read.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, or the item is not a `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: impl Into<Key>) -> Result<Option<T>, TableError> {
        self.row(&key.into()).await?.and_then(Row::current).map(Row::into_value).transpose()
    }

    /// Writes an item unless there is one with this key, and returns the one that there is. An item that has expired does
    /// not count.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, `value` cannot be stored, or the existing item is not a `T`.
    pub async fn put_if_absent<T>(&self, key: impl Into<Key>, value: &T) -> Result<PutIfAbsent<T>, TableError>
    where
        T: Serialize + DeserializeOwned,
    {
        self.put_item_if_absent(Item::new(key, value)?).await
    }

    /// Writes an item with an expiry or an index unless there is one. See [`put_if_absent`](Self::put_if_absent).
    ///
    /// # Errors
    ///
    /// DynamoDB failed, or the existing item is not a `T`.
    pub async fn put_item_if_absent<T: DeserializeOwned>(&self, item: Item) -> Result<PutIfAbsent<T>, TableError> {
        let mut write = Write { expected: Expected::Absent, row: Written::Put(item.into_row()) };
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            match self.commit(vec![write]).await? {
                Committed::Yes => return Ok(PutIfAbsent::Stored),
                Committed::No { found: Some(found), .. } if !found.has_expired() => {
                    return found.into_value().map(PutIfAbsent::Present);
                }
                Committed::No { writes, found } => {
                    let Some(refused) = writes.into_iter().next() else { break };
                    write = Write { expected: Expected::of(found.as_ref()), row: refused.row };
                }
            }
        }
        Err(TableError::conflict())
    }

    /// Writes an item, in place of one with the same key.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, or `value` cannot be stored.
    pub async fn put<T: Serialize>(&self, key: impl Into<Key>, value: &T) -> Result<(), TableError> {
        self.put_item(Item::new(key, value)?).await
    }

    /// Writes an item with an expiry or an index, in place of one with the same key.
    ///
    /// # Errors
    ///
    /// DynamoDB failed.
    pub async fn put_item(&self, item: Item) -> Result<(), TableError> {
        self.atomically(async |transaction| transaction.put_item(item.clone())).await
    }

    /// Deletes an item, if there is one.
    ///
    /// # Errors
    ///
    /// DynamoDB failed.
    pub async fn delete(&self, key: impl Into<Key>) -> Result<(), TableError> {
        let key = key.into();
        self.atomically(async |transaction| transaction.delete(&key)).await
    }

    /// Returns the items of a partition, in the order of their sort keys. See [`Query`].
    pub fn query<T: DeserializeOwned>(&self, partition: impl Into<String>) -> Query<'_, T> {
        Query::new(self, partition.into())
    }

    /// Reads and writes items as one transaction with optimistic locking.
    ///
    /// `work` reads items with [`Transaction::get`] and writes with [`Transaction::put`] and the like, which take effect
    /// together when it returns `Ok`, on condition that all items that it has read are unchanged. Otherwise, and if
    /// DynamoDB cancels the transaction because of another one, `work` runs again after a random pause, up to 12 times in
    /// about 6 s. So it must have no effect beside the transaction that may not be repeated.
    ///
    /// If `work` returns an error, nothing is written and the error is returned; if it has read several items, on condition
    /// that they are unchanged, since each is read by itself. If it panics, the items that it has read may be of different
    /// times.
    ///
    /// An item that many transactions change at the same time is the limit of their throughput: DynamoDB accepts one
    /// after the other. Divide such an item, a counter for example, into several.
    ///
    /// # Errors
    ///
    /// The error of `work`; [`TableError::is_conflict`] if other writers came first each time; DynamoDB failed, after which
    /// the items may have been written: `work` must find that out if it runs again.
    ///
    /// # Panics
    ///
    /// If it must pause outside of a tokio runtime with a timer.
    pub async fn atomically<T, E, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<TableError>,
    {
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let transaction = Transaction::new(self.clone());
            let outcome = work(transaction.clone()).await;
            let writes = transaction.end();
            match outcome {
                Ok(value) => {
                    if let Committed::Yes = self.commit(writes).await? {
                        return Ok(value);
                    }
                }
                Err(error) => {
                    if self.is_unchanged(writes).await {
                        return Err(error);
                    }
                }
            }
        }
        Err(TableError::conflict().into())
    }

    /// Returns `false` if one of several items that a transaction has read has changed since.
    async fn is_unchanged(&self, writes: Vec<Write>) -> bool {
        let read = |write: &Write| !matches!(write.expected, Expected::Anything);
        let checks = writes.into_iter().filter(read).map(Write::into_check).collect();
        // If that cannot be checked, the error of the work has more details.
        !matches!(self.commit(checks).await, Ok(Committed::No { .. }))
    }

    async fn row(&self, key: &Key) -> Result<Option<Row>, TableError> {
        key.check()?;
        match &self.store {
            Store::Memory(store) => Ok(store.get(key)),
            #[cfg(feature = "dynamodb")]
            Store::DynamoDb(store) => store.get(key).await,
        }
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Committed, TableError> {
        writes.iter().try_for_each(Write::check)?;
        if writes.len() > limits::MOST_ITEMS {
            return Err(TableError::invalid(format!("a transaction must have at most {} items", limits::MOST_ITEMS)));
        }
        // One item that was read is unchanged at the time of its read.
        if writes.iter().all(|write| matches!(write.row, Written::Unchanged(_))) && writes.len() <= 1 {
            return Ok(Committed::Yes);
        }
        match &self.store {
            Store::Memory(store) => Ok(store.commit(writes)),
            #[cfg(feature = "dynamodb")]
            Store::DynamoDb(store) => store.commit(writes).await,
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

/// Whether writes have taken effect.
enum Committed {
    Yes,
    /// Another writer came first. The writes may be tried again; `found` is the item that one of them has met, if it is
    /// known.
    No {
        writes: Vec<Write>,
        found: Option<Row>,
    },
}

/// Waits, before each attempt but the first, for a random part of a time that doubles, so that the losers of a conflict do
/// not meet again.
async fn pause(attempt: u32) {
    if attempt > 0 {
        let longest = (5_u64 << attempt.min(8)).min(1_000);
        // The time differs in sandboxes that were restored from one snapshot.
        let random = RandomState::new().hash_one(SystemTime::now());
        tokio::time::sleep(Duration::from_millis(random % longest)).await;
    }
}
