//! [`Query`]: the items of a partition.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Bound;

use serde::de::DeserializeOwned;

use super::error::TableError;
use super::item::Row;
use super::key::{Key, check};
use super::{Store, Table};

/// The items of a partition, in the order of their sort keys: all of them, or a range. An item that has expired is not
/// returned.
///
/// # Example
///
/// ```
/// use pilaster::table::{Item, Table};
/// use serde_json::{Value, json};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let table = Table::in_memory();
/// for day in ["2026-11-28", "2026-11-29", "2026-12-01"] {
///     table.put(("account#7", day), &json!({ "cents": 100 })).await?;
/// }
/// let november = table.query::<Value>("account#7").prefix("2026-11-").send().await?;
/// assert_eq!(november.len(), 2);
/// let newest = table.query::<Value>("account#7").descending().limit(1).send().await?;
/// assert_eq!(newest[0].key.sort(), "2026-12-01");
/// # Ok::<(), pilaster::BoxError>(()) })?;
/// # Ok::<(), pilaster::BoxError>(())
/// ```
#[must_use = "a query does nothing until it is sent"]
pub struct Query<'a, T> {
    table: &'a Table,
    range: Range,
    limit: usize,
    value: PhantomData<fn() -> T>,
}

/// An item that a [`Query`] has found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<T> {
    /// The item's key, also if the index was queried.
    pub key: Key,
    /// The item's key in the index, if it has one.
    pub index: Option<Key>,
    /// The value.
    pub value: T,
}

/// A part of a partition, of the table or of its index.
pub(super) struct Range {
    pub(super) partition: String,
    pub(super) index: bool,
    pub(super) descending: bool,
    /// The least sort key, or the one before it.
    pub(super) from: Bound<String>,
    /// The sort key above the greatest one.
    pub(super) before: Option<String>,
}

impl Range {
    /// Returns the key by which this range finds a row.
    pub(super) fn key_of<'r>(&self, row: &'r Row) -> Option<&'r Key> {
        if self.index { row.index.as_ref() } else { Some(&row.key) }
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        key.partition == self.partition
            && match &self.from {
                Bound::Included(from) => *from <= key.sort,
                Bound::Excluded(after) => *after < key.sort,
                Bound::Unbounded => true,
            }
            && self.before.as_ref().is_none_or(|before| key.sort < *before)
    }

    fn raise(&mut self, text: &str, from: fn(String) -> Bound<String>) {
        let is_above = match &self.from {
            Bound::Included(earlier) => text >= earlier.as_str(),
            Bound::Excluded(earlier) => text > earlier.as_str(),
            Bound::Unbounded => true,
        };
        if is_above {
            self.from = from(text.to_owned());
        }
    }

    fn lower(&mut self, before: String) {
        self.before = Some(self.before.take().map_or(before.clone(), |earlier| earlier.min(before)));
    }

    /// Checks the keys, and returns `true` if the range may contain an item.
    fn check(&self) -> Result<bool, TableError> {
        check("partition key", &self.partition, 2048)?;
        let from = match &self.from {
            Bound::Included(from) | Bound::Excluded(from) => Some(from.as_str()),
            Bound::Unbounded => None,
        };
        for sort in [from, self.before.as_deref()].into_iter().flatten() {
            check("sort key", sort, 1024)?;
        }
        Ok(self.before.as_deref().is_none_or(|before| from.is_none_or(|from| from < before)))
    }
}

impl<'a, T: DeserializeOwned> Query<'a, T> {
    pub(super) fn new(table: &'a Table, partition: String) -> Self {
        let range = Range { partition, index: false, descending: false, from: Bound::Unbounded, before: None };
        Self { table, range, limit: usize::MAX, value: PhantomData }
    }

    /// Queries the index, whose partition is that of [`Item::index`](super::Item::index). DynamoDB updates it with a short
    /// delay.
    pub fn index(mut self) -> Self {
        self.range.index = true;
        self
    }

    /// Returns only items whose sort key begins with this text.
    pub fn prefix(mut self, prefix: &str) -> Self {
        if !prefix.is_empty() {
            self.range.raise(prefix, Bound::Included);
            if let Some(end) = after_prefix(prefix) {
                self.range.lower(end);
            }
        }
        self
    }

    /// Returns only items whose sort key is greater than this one: those of the next page, if it is the last sort key of a
    /// page. `""` is the first page. A query of the index takes the sort key of [`Found::index`].
    pub fn after(mut self, sort: &str) -> Self {
        if !sort.is_empty() {
            self.range.raise(sort, Bound::Excluded);
        }
        self
    }

    /// Returns only items whose sort key is less than this one: those of the next page of a
    /// [descending](Self::descending) query.
    pub fn before(mut self, sort: &str) -> Self {
        self.range.lower(sort.to_owned());
        self
    }

    /// Returns at most this number of items.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the items with the greatest sort keys first.
    pub fn descending(mut self) -> Self {
        self.range.descending = true;
        self
    }

    /// Sends the query, and further ones until all items are read.
    ///
    /// # Errors
    ///
    /// DynamoDB failed, an item of the range is not a `T` (use [`prefix`](Self::prefix) in a partition of several types), or a
    /// key is empty or too long.
    pub async fn send(self) -> Result<Vec<Found<T>>, TableError> {
        if !self.range.check()? || self.limit == 0 {
            return Ok(Vec::new());
        }
        let rows = match &self.table.store {
            Store::Memory(store) => store.query(&self.range, self.limit),
            #[cfg(feature = "dynamodb")]
            Store::DynamoDb(store) => store.query(&self.range, self.limit).await?,
        };
        let found = |row: Row| Ok(Found { key: row.key.clone(), index: row.index.clone(), value: row.into_value()? });
        rows.into_iter().map(found).collect()
    }
}

impl<T> fmt::Debug for Query<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Returns the least text that is greater than all texts with this prefix, if there is one.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}
