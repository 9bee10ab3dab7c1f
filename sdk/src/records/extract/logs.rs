//! [`LogRecord`]: one log event of a CloudWatch Logs subscription.
//!
//! CloudWatch Logs sends gzipped batches of log events; the function is called for each event. The message with which
//! it checks that the destination is reachable (`CONTROL_MESSAGE`) is acknowledged without a call. Batches that come
//! through a Kinesis stream are decompressed as well.
//!
//! A few kilobytes of gzip can expand to gigabytes. A batch fails if it decompresses to more than 16 MiB, if its events
//! with a copy of the batch's metadata each take more than 32 MiB, or if they exceed half of the function's memory (64
//! MiB in a small function), where 768 bytes count for each event. In a Kinesis stream, a batch is decompressed in its
//! turn, and waits while the batches in progress take more than 32 MiB: an event takes about 80 MiB at most, regardless
//! of its number of records. In a [`Window`](crate::records::Window), which holds all records in memory, they may take
//! half of the memory in total.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, LogRecord};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Line { level: String }
//!
//! async fn alert(log: LogRecord) -> Result<(), BoxError> {
//!     if log.json::<Line>().is_ok_and(|line| line.level == "ERROR") {
//!         tracing::warn!(group = log.log_group(), message = log.message(), "error in a log");
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(alert);
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::kinesis;
use crate::core::json::text::Text;
use crate::core::json::{self, JsonError};
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord};
use crate::records::record::Record;
use crate::records::source::Source;

/// The limit of a decompressed batch, in bytes.
const DECOMPRESSED_LIMIT: usize = 16 * 1024 * 1024;

const WHAT: &str = "the batch of log events";

/// A log event of a subscription, with the metadata of its batch. See the [module docs](self).
///
/// The format is that of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.
#[derive(Clone, PartialEq, Eq)]
pub struct LogRecord {
    batch: Batch,
    event: LogEvent,
}

/// The metadata that all events of a batch share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Batch {
    owner: String,
    log_group: String,
    log_stream: String,
    subscription_filters: Vec<String>,
    policy_level: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEvent {
    id: String,
    timestamp: u64,
    message: String,
    #[serde(default)]
    extracted_fields: Option<BTreeMap<String, Option<String>>>,
}

impl LogRecord {
    /// Returns the log group.
    pub fn log_group(&self) -> &str {
        &self.batch.log_group
    }

    /// Returns the log stream.
    pub fn log_stream(&self) -> &str {
        &self.batch.log_stream
    }

    /// Returns the account that owns the log group.
    pub fn owner(&self) -> &str {
        &self.batch.owner
    }

    /// Returns the names of the subscription filters that matched.
    pub fn subscription_filters(&self) -> &[String] {
        &self.batch.subscription_filters
    }

    /// Returns the level of the subscription: `ACCOUNT_LEVEL_POLICY` or `LOG_GROUP_LEVEL`.
    pub fn policy_level(&self) -> Option<&str> {
        self.batch.policy_level.as_deref()
    }

    /// Returns the id of the event, which is the same for each delivery.
    pub fn id(&self) -> &str {
        &self.event.id
    }

    /// Returns the time of the event, as set by its writer.
    pub fn timestamp(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.event.timestamp)).unwrap_or(UNIX_EPOCH)
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.event.message
    }

    /// Decodes the message from JSON.
    ///
    /// # Errors
    ///
    /// The message does not match `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        json::decode(self.event.message.as_bytes())
    }

    /// Returns a field that the filter pattern has extracted from the message, if the pattern names its fields.
    pub fn extracted_field(&self, name: &str) -> Option<&str> {
        self.event.extracted_fields.as_ref()?.get(name)?.as_deref()
    }

    /// Returns all extracted fields. A field without a value is omitted.
    pub fn extracted_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.event.extracted_fields.iter().flatten();
        fields.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }
}

/// Omits the message, which may contain secrets.
impl fmt::Debug for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRecord")
            .field("log_group", &self.log_group())
            .field("log_stream", &self.log_stream())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl FromRecord for LogRecord {
    const SOURCES: &'static [Source] = &[Source::Logs, Source::Kinesis];
    type Response = ();

    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        let batches = compressed(record)?;
        let mut texts = Vec::new();
        for compressed in batches {
            texts.extend(texts_of(record, &decompress(&compressed)?)?);
        }
        Ok(Contents::Texts(texts))
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let text = record.content().ok_or_else(|| DecodeError::new(WHAT, "not decompressed"))?;
        let (batch, event) = json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the log event", error))?;
        Ok(Self { batch, event })
    }
}

/// Returns the compressed batch, or several if a producer has aggregated them.
fn compressed(record: &Record) -> Result<Vec<Vec<u8>>, DecodeError> {
    #[derive(Deserialize)]
    struct Subscription<'a> {
        #[serde(borrow)]
        awslogs: Data<'a>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: Text<'a>,
    }
    if record.source() == Source::Kinesis {
        return kinesis::all_data(record);
    }
    let subscription =
        serde_json::from_str::<Subscription<'_>>(record.json()).map_err(|error| DecodeError::new(WHAT, error))?;
    STANDARD
        .decode(&*subscription.awslogs.data.0)
        .map(|compressed| vec![compressed])
        .map_err(|error| DecodeError::new(WHAT, error))
}

fn decompress(compressed: &[u8]) -> Result<String, DecodeError> {
    // Gzip ends with the length modulo 2^32. It may be wrong, and is only used to avoid reallocations.
    let length = compressed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let mut decompressed = Vec::with_capacity(length.min(DECOMPRESSED_LIMIT) + 1);
    // Reads one byte beyond the limit to detect an excess.
    let most = DECOMPRESSED_LIMIT as u64 + 1;
    let read = match compressed.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(compressed).take(most).read_to_end(&mut decompressed),
        // Account-level subscriptions have been observed to send zlib's format.
        false => ZlibDecoder::new(compressed).take(most).read_to_end(&mut decompressed),
    };
    match read {
        Ok(read) if read > DECOMPRESSED_LIMIT => Err(too_much()),
        Ok(_) => String::from_utf8(decompressed).map_err(|error| DecodeError::new(WHAT, error)),
        Err(error) => Err(DecodeError::new(WHAT, error)),
    }
}

/// Returns `[batch, event]` for each event.
fn texts_of(record: &Record, text: &str) -> Result<Vec<String>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct LogBatch<'a> {
        message_type: String,
        #[serde(borrow)]
        log_events: Vec<&'a RawValue>,
    }
    let unread = |error| DecodeError::new(WHAT, error);
    let log_batch = serde_json::from_str::<LogBatch<'_>>(text).map_err(unread)?;
    if log_batch.message_type == "CONTROL_MESSAGE" {
        return Ok(Vec::new());
    }
    let batch = serde_json::from_str::<Batch>(text).map_err(unread)?;
    let batch = serde_json::to_string(&batch).map_err(unread)?;
    // Includes the brackets and the comma.
    let length = |event: &&RawValue| batch.len() + event.get().len() + 3;
    let size = log_batch.log_events.iter().map(length).sum::<usize>();
    if size > 2 * DECOMPRESSED_LIMIT {
        return Err(too_much());
    }
    record.reserve(log_batch.log_events.len(), size)?;
    Ok(log_batch.log_events.iter().map(|event| format!("[{batch},{event}]")).collect())
}

fn too_much() -> DecodeError {
    DecodeError::new(WHAT, format!("it decompresses to more than {DECOMPRESSED_LIMIT} bytes"))
}
