//! [`Transaction`]: the reads and writes of one run of [`Table::atomically`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Table;
use super::error::TableError;
use super::item::{Expected, Item, Row, Write, Written};
use super::key::Key;

/// The reads and writes of one run of [`Table::atomically`]. Writes take effect when the work has returned `Ok`. Clones
/// are handles of the same transaction.
#[derive(Clone)]
pub struct Transaction {
    table: Table,
    items: Arc<Mutex<BTreeMap<Key, State>>>,
}

/// What a transaction knows of an item.
#[derive(Default)]
struct State {
    /// The item in the table, if it was read.
    read: Option<Option<Row>>,
    /// The item after the transaction, or `None` if it is deleted, if it is written.
    written: Option<Option<Row>>,
}

impl Transaction {
    pub(super) fn new(table: Table) -> Self {
        Self { table, items: Arc::default() }
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<Key, State>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value of an item: the one that this transaction has written, or that of a consistent read. The
    /// transaction takes effect only if the item is then unchanged. An item is read once.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, or the item is not a `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: impl Into<Key>) -> Result<Option<T>, TableError> {
        let key = key.into();
        let known = self.items().get(&key).and_then(|item| item.written.as_ref().or(item.read.as_ref()).cloned());
        let row = match known {
            Some(row) => row,
            None => {
                let row = self.table.row(&key).await?;
                self.items().entry(key).or_default().read = Some(row.clone());
                row
            }
        };
        row.and_then(Row::current).map(Row::into_value).transpose()
    }

    /// Writes an item, in place of one with the same key.
    ///
    /// # Errors
    ///
    /// `value` cannot be stored.
    pub fn put<T: Serialize>(&self, key: impl Into<Key>, value: &T) -> Result<(), TableError> {
        self.put_item(Item::new(key, value)?);
        Ok(())
    }

    /// Writes an item with an expiry or an index, in place of one with the same key.
    pub fn put_item(&self, item: Item) {
        let row = item.into_row();
        let key = row.key.clone();
        self.items().entry(key).or_default().written = Some(Some(row));
    }

    /// Deletes an item, if there is one.
    pub fn delete(&self, key: impl Into<Key>) {
        self.items().entry(key.into()).or_default().written = Some(None);
    }

    pub(super) fn take_writes(&self) -> Vec<Write> {
        let writes = std::mem::take(&mut *self.items()).into_iter().map(|(key, State { read, written })| {
            let expected = read.map_or(Expected::Anything, |read| Expected::of(read.as_ref()));
            let row = match written {
                Some(Some(row)) => Written::Put(row),
                Some(None) => Written::Delete(key),
                None => Written::Unchanged(key),
            };
            Write { expected, row }
        });
        writes.collect()
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
