//! [`Item`], and what the backends read and write.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::TableError;
use super::key::Key;
use super::limits;
use crate::core::json::JsonError;

/// The attributes beside the fields of the value.
pub(super) const OWN: [&str; 6] = ["pk", "sk", "revision", "expires_at", "index_pk", "index_sk"];

/// A value to write, with its key and, if set, the time at which it expires and its key in the index.
#[derive(Clone)]
#[must_use]
pub struct Item(Row);

impl Item {
    /// Creates an item from a value, which must be a struct or a map.
    ///
    /// # Errors
    ///
    /// The value is not a struct or a map, it cannot be serialized, or one of its fields has the name of another
    /// attribute of the item.
    pub fn new<T: Serialize + ?Sized>(key: impl Into<Key>, value: &T) -> Result<Self, TableError> {
        let value = serde_json::to_value(value)
            .map_err(|error| TableError::unreadable("the value cannot be serialized", JsonError::of(error)))?;
        let Value::Object(value) = value else {
            return Err(TableError::invalid("the value of an item must be a struct or a map"));
        };
        if let Some(name) = OWN.iter().find(|name| value.contains_key(**name)) {
            return Err(TableError::invalid(format!("the value of an item must not have a field `{name}`: rename it")));
        }
        Ok(Self(Row { key: key.into(), revision: None, expires_at: None, index: None, value }))
    }

    /// Sets the time at which the item expires, rounded down to a second. From then on it is not returned, and DynamoDB
    /// deletes it within a few days.
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.0.expires_at = Some(seconds(time));
        self
    }

    /// Sets the item's key in the index, by which [`Query::index`](super::Query::index) finds it. Give each item of a
    /// partition of the index another sort key.
    pub fn index(mut self, key: impl Into<Key>) -> Self {
        self.0.index = Some(key.into());
        self
    }

    pub(super) fn into_row(self) -> Row {
        self.0
    }
}

/// Without the value and the key, which may be personal.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("expires_at", &self.0.expires_at).finish_non_exhaustive()
    }
}

/// An item, as a backend reads and writes it.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    /// Set by the backend. An item that another program wrote has none.
    pub(super) revision: Option<String>,
    pub(super) expires_at: Option<u64>,
    pub(super) index: Option<Key>,
    pub(super) value: Map<String, Value>,
}

impl Row {
    pub(super) fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= seconds(SystemTime::now()))
    }

    /// Returns the row, unless it has expired.
    pub(super) fn current(self) -> Option<Self> {
        (!self.has_expired()).then_some(self)
    }

    pub(super) fn into_value<T: DeserializeOwned>(self) -> Result<T, TableError> {
        T::deserialize(Value::Object(self.value)).map_err(|error| {
            let message = format!("an item of the table cannot be read as `{}`", std::any::type_name::<T>());
            TableError::unreadable(message, JsonError::of(error))
        })
    }
}

/// One item of a transaction, and its condition.
pub(super) struct Write {
    pub(super) expected: Expected,
    pub(super) row: Written,
}

pub(super) enum Written {
    Put(Row),
    Delete(Key),
    Unchanged(Key),
}

/// What is in the table before a write.
#[derive(Clone)]
pub(super) enum Expected {
    Anything,
    Absent,
    /// An item with this revision, or without one.
    Revision(Option<String>),
}

impl Write {
    pub(super) fn key(&self) -> &Key {
        match &self.row {
            Written::Put(row) => &row.key,
            Written::Delete(key) | Written::Unchanged(key) => key,
        }
    }

    /// Returns the condition of this write, without the write.
    pub(super) fn into_check(self) -> Self {
        let key = match self.row {
            Written::Put(row) => row.key,
            Written::Delete(key) | Written::Unchanged(key) => key,
        };
        Self { expected: self.expected, row: Written::Unchanged(key) }
    }

    pub(super) fn check(&self) -> Result<(), TableError> {
        self.key().check()?;
        let Written::Put(row) = &self.row else { return Ok(()) };
        row.index.as_ref().map_or(Ok(()), Key::check)?;
        limits::check(&row.value)
    }
}

impl Expected {
    pub(super) fn of(row: Option<&Row>) -> Self {
        row.map_or(Self::Absent, |row| Self::Revision(row.revision.clone()))
    }

    /// Returns `true` if this row is the expected one.
    pub(super) fn is_met(&self, found: Option<&Row>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => found.is_none(),
            Self::Revision(revision) => found.is_some_and(|found| found.revision == *revision),
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
