//! [`Change`]: what became of an item of a table, as the table's stream tells it; [`ChangeRecord`]: what the record says of itself.
//!
//! Changes of one item are handled one after the other, those of different items side by side. From the first that failed on,
//! all are returned, and those not yet begun are not begun, unless
//! [`Batch::continue_on_failure`](crate::records::Batch::continue_on_failure) is set. The [`records`](super) docs have the settings of the
//! event source mapping. The stream may be one of DynamoDB Streams, or one of Kinesis that the table writes to.
//!
//! An item is its whole key, partition and sort key: so does Lambda itself keep order where `ParallelizationFactor` is more than 1
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>). Where changes of *different* items of one partition key depend on
//! each other, as the numbered events of an account do, say so by
//! [`Batch::ordered_by("account")`](crate::records::Batch::ordered_by) or run one at a time by `concurrency = 1`, and leave
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
//!         Change::Insert { new, .. } => tracing::info!(id = new.id, name = new.name, "a user"),
//!         Change::Modify { old, new, .. } if old.name != new.name => tracing::info!(id = new.id, name = new.name, "another name"),
//!         Change::Modify { .. } => {}
//!         Change::Remove { old, .. } => tracing::info!(id = old.id, "gone"),
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(project);
//! ```
//!
//! # Which images there are
//!
//! A stream has what its view type says
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>). The type says what the function needs; where
//! it needs an image that the stream has not, each record fails, and its error names the view type.
//!
//! | view type | the function takes |
//! |---|---|
//! | `NEW_AND_OLD_IMAGES` | `Change<User>`; with its key as well: `Change<User, User, UserKey>` |
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
//! // The view type is NEW_IMAGE: of a user who is gone the key is left.
//! async fn project(change: Change<User, (), UserKey>) -> Result<(), BoxError> {
//!     match change {
//!         Change::Insert { new, .. } | Change::Modify { new, .. } => tracing::info!(id = new.id, name = new.name, "a user"),
//!         Change::Remove { keys, .. } => tracing::info!(id = keys.id, "gone"),
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(project);
//! ```
//!
//! # Numbers
//!
//! DynamoDB keeps 38 digits, an `f64` about 16. All of them are kept in a field of type `String`, `i128` or `u128`, or of any type
//! that reads itself from text, such as a decimal: a number that no `f64` has the digits of comes as text.
//!
//! Within a `#[serde(flatten)]` and in a tagged or untagged enum serde asks for no type before it has the value. There a number comes as a
//! number too, or as text if no `f64` has its digits. If the type cannot be read so, all numbers there are floats where they are not
//! whole, so that an `f64` gets the nearest; and if that fails, all of them are text, for fields of type `String`.
//!
//! # Binary attributes
//!
//! A field of bytes (`Vec<u8>`, `serde_bytes`) gets the bytes of a `B` attribute. A type for any JSON, such as `serde_json::Value` or
//! a `#[serde(flatten)]` map of it, gets them as base64 text, which is how the stream's record has them. A `Vec<u8>` in a tagged or
//! untagged enum gets the bytes as well.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, value};
use serde_json::value::RawValue;

use super::kinesis;
use super::payload::{DecodeError, Text};
use crate::core::error::BoxError;
use crate::records::adapter::lenient::{Lenient, skimmed};
use crate::records::handler::{FromRecord, FromRecordParts, Opened};
use crate::records::record::Record;
use crate::records::source::Source;

mod attribute;

/// What became of an item: `New` and `Old` are what its images are read as, `Keys` what its primary key is.
///
/// `()` reads nothing, `Option<T>` is `None` where the stream has no such image, and `serde_dynamo::Item` takes the attributes as
/// they are. The form is that of <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub enum Change<New, Old = New, Keys = ()> {
    /// The item is new.
    Insert {
        /// The item.
        new: New,
        /// Its primary key.
        keys: Keys,
        /// What the record says of itself.
        record: ChangeRecord,
    },
    /// The item is another than before.
    Modify {
        /// The item before.
        old: Old,
        /// The item now.
        new: New,
        /// Its primary key.
        keys: Keys,
        /// What the record says of itself.
        record: ChangeRecord,
    },
    /// The item is gone.
    Remove {
        /// The item as it was at last.
        old: Old,
        /// Its primary key.
        keys: Keys,
        /// What the record says of itself.
        record: ChangeRecord,
    },
}

impl<New, Old, Keys> Change<New, Old, Keys> {
    /// The item now; `None` if it is gone.
    pub fn new_image(&self) -> Option<&New> {
        match self {
            Self::Insert { new, .. } | Self::Modify { new, .. } => Some(new),
            Self::Remove { .. } => None,
        }
    }

    /// The item before; `None` if it is new.
    pub fn old_image(&self) -> Option<&Old> {
        match self {
            Self::Modify { old, .. } | Self::Remove { old, .. } => Some(old),
            Self::Insert { .. } => None,
        }
    }

    /// Its primary key.
    pub fn keys(&self) -> &Keys {
        match self {
            Self::Insert { keys, .. } | Self::Modify { keys, .. } | Self::Remove { keys, .. } => keys,
        }
    }

    /// What the record says of itself.
    pub fn record(&self) -> &ChangeRecord {
        match self {
            Self::Insert { record, .. } | Self::Modify { record, .. } | Self::Remove { record, .. } => record,
        }
    }

    /// Whether the item was removed because its time to live was over. See [`ChangeRecord::is_expiry`].
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
    type Answer = ();

    fn open(record: &Record) -> Result<Opened, DecodeError> {
        match record.source() {
            Source::Kinesis => Ok(Opened::Contents(kinesis::all_data(record)?)),
            _ => Ok(Opened::Itself),
        }
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let record = ChangeRecord(record.clone());
        let wire = serde_json::from_str::<Wire<'_>>(record.text());
        let wire = wire.map_err(|error| DecodeError::new("the change of the table", error))?;
        let of = &wire.dynamodb;
        let view = of.stream_view_type.0.as_ref().map(|Text(view)| &**view);
        // A type per image, so no closure.
        let keys = image("the keys of the item", of.keys, view)?;
        match &*wire.event_name {
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
            other => Err(DecodeError::new("the change of the table", format!("`{other}` is no kind of change"))),
        }
    }
}

const NEW: &str = "the new image of the item";
const OLD: &str = "the old image of the item";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
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
    // What can be made of nothing, is: `()` and any `Option`.
    T::deserialize(UnitDeserializer::<value::Error>::new()).map_err(|_| {
        let why = match view {
            Some(view) => format!("the stream has none: its view type is {view}"),
            None => "the record has none".to_owned(),
        };
        DecodeError::new(
            what,
            format!("{why}; take `()` or an `Option` in its place, or set the view type to NEW_AND_OLD_IMAGES"),
        )
    })
}

/// The item that keys name: the same for any order of the attributes and any spelling of their texts.
pub(crate) fn item(keys: &str) -> String {
    // The text of one attribute without an escape has one spelling.
    let has_one_spelling = !keys.contains(|char: char| char == '\\' || char.is_ascii_whitespace());
    if has_one_spelling && keys.matches(":{").count() == 1 {
        return keys.to_owned();
    }
    let sorted = serde_json::from_str::<BTreeMap<Cow<'_, str>, BTreeMap<Cow<'_, str>, Cow<'_, str>>>>(keys);
    sorted.ok().and_then(|keys| serde_json::to_string(&keys).ok()).unwrap_or_else(|| keys.to_owned())
}

/// One attribute of a key, as its text is in the record; empty if the key has none of this name.
pub(crate) fn key(keys: &str, attribute: &str) -> String {
    let keys = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(keys).unwrap_or_default();
    keys.get(attribute).map_or_else(String::new, |value| value.get().to_owned())
}

/// What a record of a change says of itself: its sequence number, its time, its table. Also an argument of its own. Cheap to
/// clone; each question reads the record's text.
#[derive(Clone)]
pub struct ChangeRecord(Record);

impl FromRecordParts for ChangeRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::DynamoDb => Ok(Self(record.clone())),
            Source::Kinesis if record.content().is_some() => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no change of a table").into()),
        }
    }
}

skimmed! {
    struct Head {
        dynamodb: Own<'a> = "dynamodb",
        event_id: Lenient<Text<'a>> = "eventID",
        event_name: Lenient<Text<'a>> = "eventName",
        stream_arn: Lenient<Text<'a>> = "eventSourceARN",
        region: Lenient<Text<'a>> = "awsRegion",
        // Only in a stream of Kinesis.
        table_name: Lenient<Text<'a>> = "tableName",
        user_identity: Identity<'a> = "userIdentity",
    }
}

skimmed! {
    struct Own {
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
    /// The sequence number in the stream, as in a batch's answer.
    pub fn sequence_number(&self) -> String {
        self.0.id().to_string()
    }

    /// The event's id, the same each time that the record is sent.
    pub fn event_id(&self) -> Option<Cow<'_, str>> {
        self.head().event_id.0.map(|Text(text)| text)
    }

    /// When the item changed: to the second, in a stream of Kinesis to the millisecond.
    pub fn created_at(&self) -> Option<SystemTime> {
        let time = self.head().dynamodb.created_at.0?;
        // Seconds in DynamoDB Streams; in Kinesis milliseconds or, if the table is set so, microseconds.
        let seconds = match time {
            ..1e11 => time,
            ..1e14 => time / 1e3,
            _ => time / 1e6,
        };
        UNIX_EPOCH.checked_add(kinesis::seconds(seconds)?)
    }

    /// The size of the images and keys, in bytes.
    pub fn size(&self) -> Option<u64> {
        self.head().dynamodb.size.0
    }

    /// Which images the stream has: `KEYS_ONLY`, `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES`.
    pub fn view_type(&self) -> Option<Cow<'_, str>> {
        self.head().dynamodb.stream_view_type.0.map(|Text(text)| text)
    }

    /// The primary key of the item.
    ///
    /// # Errors
    ///
    /// It is no `K`.
    pub fn keys<K: DeserializeOwned + 'static>(&self) -> Result<K, DecodeError> {
        image("the keys of the item", self.head().dynamodb.keys, None)
    }

    /// Whether the item was removed because its time to live was over
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>).
    ///
    /// In a global table only the region that removed it says so; in the others it is a removal as any.
    pub fn is_expiry(&self) -> bool {
        fn is(text: Lenient<Text<'_>>, expected: &str) -> bool {
            text.0.is_some_and(|Text(text)| text == expected)
        }
        let Head { event_name, user_identity: by, .. } = self.head();
        is(event_name, "REMOVE") && is(by.kind, "Service") && is(by.principal_id, "dynamodb.amazonaws.com")
    }

    /// The name of the table.
    pub fn table_name(&self) -> Option<String> {
        let head = self.head();
        if let Some(Text(name)) = head.table_name.0 {
            return Some(name.into_owned());
        }
        let Text(arn) = head.stream_arn.0?;
        Some(arn.split_once(":table/")?.1.split('/').next()?.to_owned())
    }

    /// The ARN of the table; a stream of Kinesis does not tell it.
    pub fn table_arn(&self) -> Option<String> {
        let Text(arn) = self.head().stream_arn.0?;
        Some(arn.split_once("/stream/")?.0.to_owned())
    }

    /// The ARN of the table's stream; a stream of Kinesis does not tell it.
    pub fn stream_arn(&self) -> Option<Cow<'_, str>> {
        self.head().stream_arn.0.map(|Text(text)| text)
    }

    /// The table's region.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.head().region.0.map(|Text(text)| text)
    }

    /// What was within a record of Kinesis, or the record itself.
    fn text(&self) -> &str {
        self.0.content().unwrap_or_else(|| self.0.json())
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

/// Its sequence number and its table; keys and images may hold what nobody should read in a log.
impl fmt::Debug for ChangeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeRecord")
            .field("sequence_number", &self.sequence_number())
            .field("table", &self.table_name())
            .finish_non_exhaustive()
    }
}
