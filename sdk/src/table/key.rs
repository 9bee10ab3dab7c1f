//! [`Key`]: the partition key and the sort key of an item.

use super::error::TableError;

/// The sort key of an item that is alone in its partition.
const ALONE: &str = "-";

/// The key of an item: `("order", "o-1")`, or `"order#o-1"` for an item that is alone in its partition, whose sort key is
/// `-`.
///
/// The items of a partition are sorted by the bytes of their sort keys. A partition key may have 2048 bytes, a sort key
/// 1024, and neither may be empty
/// ([limits](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    /// Creates a key.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: sort.into() }
    }

    /// Returns the partition key.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Returns the sort key.
    pub fn sort(&self) -> &str {
        &self.sort
    }

    pub(super) fn check(&self) -> Result<(), TableError> {
        check("partition key", &self.partition, 2048)?;
        check("sort key", &self.sort, 1024)
    }
}

/// Checks the length of one part of a key.
pub(super) fn check(part: &str, text: &str, most: usize) -> Result<(), TableError> {
    match text.len() {
        0 => Err(TableError::invalid(format!("the {part} must not be empty"))),
        length if length > most => Err(TableError::invalid(format!("the {part} must have at most {most} bytes"))),
        _ => Ok(()),
    }
}

impl<P: Into<String>, S: Into<String>> From<(P, S)> for Key {
    fn from((partition, sort): (P, S)) -> Self {
        Self::new(partition, sort)
    }
}

impl From<&str> for Key {
    fn from(partition: &str) -> Self {
        Self::new(partition, ALONE)
    }
}

impl From<String> for Key {
    fn from(partition: String) -> Self {
        Self::new(partition, ALONE)
    }
}

impl From<&String> for Key {
    fn from(partition: &String) -> Self {
        Self::new(partition, ALONE)
    }
}

impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}
