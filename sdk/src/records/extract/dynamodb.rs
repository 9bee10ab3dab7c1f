//! [`Change`]: a change of an item, from the stream of a table; [`ChangeRecord`]: its metadata.
//!
//! Changes of one item are processed in order, changes of different items concurrently. All records from the first
//! failure on are returned, and none of them is started after it unless
//! [`Batch::continue_on_failure`](crate::records::Batch::continue_on_failure) is set. The docs of
//! [`records`](crate::records) have the settings of the event source mapping. The stream may be a DynamoDB stream, or a
//! Kinesis stream that the table writes to.
//!
//! An item is identified by its whole key, partition and sort key, as Lambda does with a `ParallelizationFactor` above
//! 1 (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>). If changes of *different* items of one partition
//! key depend on each other, as the numbered events of an account do, set
//! [`Batch::ordered_by("account")`](crate::records::Batch::ordered_by) or `concurrency = 1`, and leave
//! `ParallelizationFactor` at 1.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, Change};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User { id: String, name: String }
//!
//! async fn project(change: Change<User>) -> Result<(), BoxError> {
//!     match change {
//!         Change::Insert { new, .. } => tracing::info!(id = new.id, name = new.name, "created"),
//!         Change::Modify { old, new, .. } if old.name != new.name => tracing::info!(id = new.id, name = new.name, "renamed"),
//!         Change::Modify { .. } => {}
//!         Change::Remove { old, .. } => tracing::info!(id = old.id, "removed"),
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(project);
//! ```
//!
//! # Images
//!
//! The view type of the stream determines the images in its records
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>). The type of the argument
//! determines the images that the function needs. A record that lacks one of them fails, with an error that names the
//! view type.
//!
//! | view type | the function takes |
//! |---|---|
//! | `NEW_AND_OLD_IMAGES` | `Change<User>`; and with its key: `Change<User, User, UserKey>` |
//! | `NEW_IMAGE` | `Change<User, (), UserKey>` |
//! | `OLD_IMAGE` | `Change<(), User, UserKey>` |
//! | `KEYS_ONLY` | `Change<(), (), UserKey>` |
//! | any of them | `Change<Option<User>>` |
//!
//! ```
//! use pilaster::{BoxError, Change};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User { id: String, name: String }
//!
//! #[derive(Deserialize)]
//! struct UserKey { id: String }
//!
//! // The view type is NEW_IMAGE: a removed user has only a key.
//! async fn project(change: Change<User, (), UserKey>) -> Result<(), BoxError> {
//!     match change {
//!         Change::Insert { new, .. } | Change::Modify { new, .. } => tracing::info!(id = new.id, name = new.name, "created"),
//!         Change::Remove { keys, .. } => tracing::info!(id = keys.id, "removed"),
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(project);
//! ```
//!
//! # Numbers
//!
//! A DynamoDB number has up to 38 digits, an `f64` about 16. A field of type `String`, `i128` or `u128`, or of a type
//! that is deserialized from text, such as a decimal, keeps all of them: a number that no `f64` represents exactly is
//! passed as text.
//!
//! Within `#[serde(flatten)]` and in tagged or untagged enums serde does not know the type of a field before it has the
//! value. There, a number is passed as a number, or as text if no `f64` represents it exactly. If decoding then fails,
//! it is retried with floats for all numbers that are not integers, so that an `f64` gets the nearest value, and then
//! with text for all numbers, for fields of type `String`.
//!
//! # Binary attributes
//!
//! A field of bytes (`Vec<u8>`, `serde_bytes`) gets the bytes of a `B` attribute, even in a tagged or untagged enum. A
//! type for any JSON, such as `serde_json::Value` or a `#[serde(flatten)]` map of it, gets them as base64 text, as in
//! the record.

use std::borrow::Cow;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, value};
use serde_json::value::RawValue;

use super::kinesis;
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord, FromRecordParts, not_from};
use crate::records::record::Record;
use crate::records::source::Source;

mod attribute;

/// A change of an item. `New` and `Old` are the types of its images, `Keys` is that of its primary key.
///
/// `()` ignores an image, `Option<T>` is `None` if the record lacks it, and `serde_dynamo::Item` takes the unchanged
/// attributes. The format is that of <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub enum Change<New, Old = New, Keys = ()> {
    /// The item was created.
    Insert {
        /// The item.
        new: New,
        /// Its primary key.
        keys: Keys,
        /// The metadata of the record.
        record: ChangeRecord,
    },
    /// The item was changed.
    Modify {
        /// The item before the change.
        old: Old,
        /// The item after the change.
        new: New,
        /// Its primary key.
        keys: Keys,
        /// The metadata of the record.
        record: ChangeRecord,
    },
    /// The item was removed.
    Remove {
        /// The item before it was removed.
        old: Old,
        /// Its primary key.
        keys: Keys,
        /// The metadata of the record.
        record: ChangeRecord,
    },
}

impl<New, Old, Keys> Change<New, Old, Keys> {
    /// Returns the item after the change; `None` if it was removed.
    pub fn new_image(&self) -> Option<&New> {
        match self {
            Self::Insert { new, .. } | Self::Modify { new, .. } => Some(new),
            Self::Remove { .. } => None,
        }
    }

    /// Returns the item before the change; `None` if it was created.
    pub fn old_image(&self) -> Option<&Old> {
        match self {
            Self::Modify { old, .. } | Self::Remove { old, .. } => Some(old),
            Self::Insert { .. } => None,
        }
    }

    /// Returns the primary key.
    pub fn keys(&self) -> &Keys {
        match self {
            Self::Insert { keys, .. } | Self::Modify { keys, .. } | Self::Remove { keys, .. } => keys,
        }
    }

    /// Returns the metadata of the record.
    pub fn record(&self) -> &ChangeRecord {
        match self {
            Self::Insert { record, .. } | Self::Modify { record, .. } | Self::Remove { record, .. } => record,
        }
    }

    /// Returns `true` if the item was removed because its time to live expired. See [`ChangeRecord::is_expiry`].
    pub fn is_expiry(&self) -> bool {
        matches!(self, Self::Remove { record, .. } if record.is_expiry())
    }
}

impl<New, Old, Keys> FromRecord for Change<New, Old, Keys>
where
    New: DeserializeOwned + Send + 'static,
    Old: DeserializeOwned + Send + 'static,
    Keys: DeserializeOwned + Send + 'static,
{
    const SOURCES: &'static [Source] = &[Source::DynamoDb, Source::Kinesis];
    type Response = ();

    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        match record.source() {
            Source::Kinesis => Ok(Contents::Texts(kinesis::all_data(record)?)),
            _ => Ok(Contents::Itself),
        }
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let record = ChangeRecord(record.clone());
        let change = serde_json::from_str::<ChangeEvent<'_>>(record.text());
        let change = change.map_err(|error| DecodeError::new("the table change", error))?;
        let of = &change.dynamodb;
        let view = of.stream_view_type.0.as_deref();
        let keys = image("the keys of the item", of.keys, view)?;
        match &*change.event_name {
            "INSERT" => {
                let new = image(NEW, of.new_image, view)?;
                Ok(Self::Insert { new, keys, record: record.clone() })
            }
            "MODIFY" => {
                let (old, new) = (image(OLD, of.old_image, view)?, image(NEW, of.new_image, view)?);
                Ok(Self::Modify { old, new, keys, record: record.clone() })
            }
            "REMOVE" => {
                let old = image(OLD, of.old_image, view)?;
                Ok(Self::Remove { old, keys, record: record.clone() })
            }
            _ => Err(DecodeError::new("the table change", "unknown `eventName`")),
        }
    }
}

const NEW: &str = "the new image of the item";
const OLD: &str = "the old image of the item";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeEvent<'a> {
    #[serde(borrow)]
    event_name: Cow<'a, str>,
    #[serde(borrow)]
    dynamodb: Images<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images<'a> {
    #[serde(borrow, default)]
    keys: Option<&'a RawValue>,
    #[serde(borrow, default)]
    new_image: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_image: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream_view_type: Lenient<Text<'a>>,
}

fn image<T>(what: &'static str, image: Option<&RawValue>, view: Option<&str>) -> Result<T, DecodeError>
where
    T: DeserializeOwned + 'static,
{
    if let Some(image) = image {
        return attribute::read(image.get()).map_err(|error| DecodeError::new(what, error));
    }
    // `()` and any `Option` need no image.
    T::deserialize(UnitDeserializer::<value::Error>::new()).map_err(|_| {
        let why = match view {
            Some(view) => format!("missing in this stream, whose view type is {view}"),
            None => "missing in the record".to_owned(),
        };
        DecodeError::new(
            what,
            format!("{why}; take `()` or an `Option` in its place, or set the view type to NEW_AND_OLD_IMAGES"),
        )
    })
}

/// The metadata of a change: its sequence number, its time, its table. Also a separate argument. Cheap to clone; each
/// method reads the record's text.
#[derive(Clone)]
pub struct ChangeRecord(Record);

impl FromRecordParts for ChangeRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::DynamoDb => Ok(Self(record.clone())),
            Source::Kinesis if record.content().is_some() => Ok(Self(record.clone())),
            _ => Err(not_from(record, "DynamoDB Streams, or of Kinesis with a table change")),
        }
    }
}

skimmed! {
    struct Metadata {
        dynamodb: DynamoDbMetadata<'a> = "dynamodb",
        event_id: Lenient<Text<'a>> = "eventID",
        event_name: Lenient<Text<'a>> = "eventName",
        stream_arn: Lenient<Text<'a>> = "eventSourceARN",
        region: Lenient<Text<'a>> = "awsRegion",
        // Only in a Kinesis stream.
        table_name: Lenient<Text<'a>> = "tableName",
        user_identity: Identity<'a> = "userIdentity",
    }
}

skimmed! {
    struct DynamoDbMetadata {
        keys: Option<&'a RawValue> = "Keys",
        created_at: Lenient<f64> = "ApproximateCreationDateTime",
        size: Lenient<u64> = "SizeBytes",
        stream_view_type: Lenient<Text<'a>> = "StreamViewType",
    }
}

skimmed! {
    struct Identity {
        kind: Lenient<Text<'a>> = "type",
        principal_id: Lenient<Text<'a>> = "principalId",
    }
}

impl ChangeRecord {
    /// Returns the sequence number in the stream, as in a partial batch response.
    pub fn sequence_number(&self) -> String {
        self.0.id().to_string()
    }

    /// Returns the event id, which is the same for each delivery of the record.
    pub fn event_id(&self) -> Option<Cow<'_, str>> {
        self.metadata().event_id.text()
    }

    /// Returns the time of the change, to the second, or to the millisecond in a Kinesis stream.
    pub fn created_at(&self) -> Option<SystemTime> {
        let time = self.metadata().dynamodb.created_at.0?;
        // Seconds in DynamoDB Streams; milliseconds or microseconds in Kinesis, depending on the table.
        let seconds = match time {
            ..1e11 => time,
            ..1e14 => time / 1e3,
            _ => time / 1e6,
        };
        UNIX_EPOCH.checked_add(kinesis::seconds(seconds)?)
    }

    /// Returns the size of the images and keys, in bytes.
    pub fn size(&self) -> Option<u64> {
        self.metadata().dynamodb.size.0
    }

    /// Returns the view type of the stream: `KEYS_ONLY`, `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES`.
    pub fn view_type(&self) -> Option<Cow<'_, str>> {
        self.metadata().dynamodb.stream_view_type.text()
    }

    /// Decodes the primary key of the item.
    ///
    /// # Errors
    ///
    /// The key does not match `K`.
    pub fn keys<K: DeserializeOwned + 'static>(&self) -> Result<K, DecodeError> {
        image("the keys of the item", self.metadata().dynamodb.keys, None)
    }

    /// Returns `true` if the item was removed because its time to live expired
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>).
    ///
    /// In a global table, only the region that removed the item reports this.
    pub fn is_expiry(&self) -> bool {
        fn is(text: Lenient<Text<'_>>, expected: &str) -> bool {
            text.text().is_some_and(|text| text == expected)
        }
        let Metadata { event_name, user_identity: by, .. } = self.metadata();
        is(event_name, "REMOVE") && is(by.kind, "Service") && is(by.principal_id, "dynamodb.amazonaws.com")
    }

    /// Returns the name of the table.
    pub fn table_name(&self) -> Option<String> {
        let metadata = self.metadata();
        if let Some(name) = metadata.table_name.text() {
            return Some(name.into_owned());
        }
        let arn = metadata.stream_arn.text()?;
        Some(arn.split_once(":table/")?.1.split('/').next()?.to_owned())
    }

    /// Returns the ARN of the table, which a Kinesis stream lacks.
    pub fn table_arn(&self) -> Option<String> {
        let arn = self.metadata().stream_arn.text()?;
        Some(arn.split_once("/stream/")?.0.to_owned())
    }

    /// Returns the ARN of the table's stream, which a Kinesis stream lacks.
    pub fn stream_arn(&self) -> Option<Cow<'_, str>> {
        self.metadata().stream_arn.text()
    }

    /// Returns the region of the table.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.metadata().region.text()
    }

    /// Returns the content of a Kinesis record, or the record itself.
    fn text(&self) -> &str {
        self.0.content().unwrap_or_else(|| self.0.json())
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

/// Shows only the sequence number and the table: keys and images may contain secrets.
impl fmt::Debug for ChangeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeRecord")
            .field("sequence_number", &self.sequence_number())
            .field("table", &self.table_name())
            .finish_non_exhaustive()
    }
}
