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
/// are handles of the same transaction, which a handle that is kept no longer belongs to: its calls are then errors.
#[derive(Clone)]
pub struct Transaction {
    table: Table,
    /// `None` after the work has ended.
    items: Arc<Mutex<Option<BTreeMap<Key, State>>>>,
}

/// What a transaction knows of an item.
#[derive(Default)]
struct State {
    /// The item in the table, if it was read.
    read: Option<Option<Row>>,
    /// The item after the transaction, or `None` if it is deleted, if it is written.
    written: Option<Option<Row>>,
}

impl State {
    fn row(&self) -> Option<&Option<Row>> {
        self.written.as_ref().or(self.read.as_ref())
    }
}

impl Transaction {
    pub(super) fn new(table: Table) -> Self {
        Self { table, items: Arc::new(Mutex::new(Some(BTreeMap::new()))) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<Key, State>>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `change` with what is known of an item.
    fn with<R>(&self, key: Key, change: impl FnOnce(&mut State) -> R) -> Result<R, TableError> {
        match self.lock().as_mut() {
            Some(items) => Ok(change(items.entry(key).or_default())),
            None => Err(TableError::invalid("the transaction has ended: use its handle within the work alone")),
        }
    }

    /// Returns the value of an item: the one that this transaction has written, or that of a consistent read. The
    /// transaction takes effect only if the item is then unchanged. An item is read once: a second `get` returns the same.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, the item is not a `T`, or the transaction has ended.
    pub async fn get<T: DeserializeOwned>(&self, key: impl Into<Key>) -> Result<Option<T>, TableError> {
        let key = key.into();
        let row = match self.with(key.clone(), |item| item.row().cloned())? {
            Some(row) => row,
            None => {
                let read = self.table.row(&key).await?;
                // Of two reads at the same time, the first one counts for both.
                self.with(key, |item| item.written.clone().unwrap_or_else(|| item.read.get_or_insert(read).clone()))?
            }
        };
        row.and_then(Row::current).map(Row::into_value).transpose()
    }

    /// Writes an item, in place of one with the same key. If this transaction has read that one, its expiry and its key in
    /// the index stay; [`put_item`](Self::put_item) sets both. Fields that `T` does not have are removed.
    ///
    /// # Errors
    ///
    /// `value` cannot be stored, or the transaction has ended.
    pub fn put<T: Serialize>(&self, key: impl Into<Key>, value: &T) -> Result<(), TableError> {
        let mut row = Item::new(key, value)?.into_row();
        self.with(row.key.clone(), |item| {
            if let Some(earlier) = item.row().cloned().flatten().and_then(Row::current) {
                (row.expires_at, row.index) = (earlier.expires_at, earlier.index);
            }
            item.written = Some(Some(row));
        })
    }

    /// Writes an item with its expiry and its index, in place of one with the same key.
    ///
    /// # Errors
    ///
    /// The transaction has ended.
    pub fn put_item(&self, item: Item) -> Result<(), TableError> {
        let row = item.into_row();
        self.with(row.key.clone(), |item| item.written = Some(Some(row)))
    }

    /// Deletes an item, if there is one.
    ///
    /// # Errors
    ///
    /// The transaction has ended.
    pub fn delete(&self, key: impl Into<Key>) -> Result<(), TableError> {
        self.with(key.into(), |item| item.written = Some(None))
    }

    /// Ends the transaction, and returns its writes and the conditions on what it has read.
    pub(super) fn end(&self) -> Vec<Write> {
        let writes = self.lock().take().into_iter().flatten().filter_map(|(key, State { read, written })| {
            // An item whose read failed is not known.
            let expected = match (&read, &written) {
                (None, None) => return None,
                (read, _) => read.as_ref().map_or(Expected::Anything, |read| Expected::of(read.as_ref())),
            };
            let row = match written {
                Some(Some(row)) => Written::Put(row),
                Some(None) => Written::Delete(key),
                None => Written::Unchanged(key),
            };
            Some(Write { expected, row })
        });
        writes.collect()
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
