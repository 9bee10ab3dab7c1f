//! [`LogRecord`]: one log event of a subscription of CloudWatch Logs.
//!
//! CloudWatch Logs sends gzipped batches of log events; the function is called for each event by itself. The message by which it
//! looks whether its destination can be reached (`CONTROL_MESSAGE`) is acknowledged without a call. Batches that go through a
//! stream of Kinesis are unpacked alike.
//!
//! A few kilobytes of gzip can stand for gigabytes. A batch that unpacks to more than 16 MiB fails, and so does one whose events would
//! take more than 32 MiB when each has its own copy of what they share, or half of the function's memory (and 64 MiB in a small
//! function) when 768 bytes are counted for each event besides.
//! Of a stream of Kinesis a batch is unpacked when its turn comes, and waits while those that are handled take more than 32 MiB: some
//! 80 MiB are the most that an event takes, however many records it has. In a [`Window`](crate::records::Window), which has all of them at
//! once, half of the memory is for all together.
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
//!         tracing::warn!(group = log.log_group(), message = log.message(), "an error in a log");
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
use super::payload::{DecodeError, Text};
use crate::core::json::{self, JsonError};
use crate::records::handler::{FromRecord, Opened};
use crate::records::record::Record;
use crate::records::source::Source;

/// What a batch unpacks to at most, in bytes.
const UNPACKED_LIMIT: usize = 16 * 1024 * 1024;

const WHAT: &str = "the batch of log events";

/// A log event that a subscription sent, with what is said of its batch. See the [module docs](self).
///
/// The form is that of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.
#[derive(Clone, PartialEq, Eq)]
pub struct LogRecord {
    batch: Batch,
    event: LogEvent,
}

/// What all events of a batch share.
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
    /// The log group.
    pub fn log_group(&self) -> &str {
        &self.batch.log_group
    }

    /// The log stream.
    pub fn log_stream(&self) -> &str {
        &self.batch.log_stream
    }

    /// The account that the log group belongs to.
    pub fn owner(&self) -> &str {
        &self.batch.owner
    }

    /// The names of the subscription filters that sent it.
    pub fn subscription_filters(&self) -> &[String] {
        &self.batch.subscription_filters
    }

    /// Where the subscription is set: `ACCOUNT_LEVEL_POLICY`, or `LOG_GROUP_LEVEL`.
    pub fn policy_level(&self) -> Option<&str> {
        self.batch.policy_level.as_deref()
    }

    /// The event's id, which is always the same for the same event.
    pub fn id(&self) -> &str {
        &self.event.id
    }

    /// When it happened, as its writer says.
    pub fn timestamp(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.event.timestamp)).unwrap_or(UNIX_EPOCH)
    }

    /// The line.
    pub fn message(&self) -> &str {
        &self.event.message
    }

    /// The line as JSON.
    ///
    /// # Errors
    ///
    /// It is no `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        json::decode(self.event.message.as_bytes())
    }

    /// What the pattern of the filter found in the line: one field, where the pattern names its fields.
    pub fn extracted_field(&self, name: &str) -> Option<&str> {
        self.event.extracted_fields.as_ref()?.get(name)?.as_deref()
    }

    /// All that the pattern found; a field without a value is left out.
    pub fn extracted_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.event.extracted_fields.iter().flatten();
        fields.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }
}

/// The line may hold what should stay in its own log.
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
    type Answer = ();

    fn open(record: &Record) -> Result<Opened, DecodeError> {
        let packed = packed(record)?;
        let mut opened = Vec::new();
        for packed in packed {
            opened.extend(contents(record, &unpack(&packed)?)?);
        }
        Ok(Opened::Contents(opened))
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let text = record.content().ok_or_else(|| DecodeError::new(WHAT, "it was not unpacked"))?;
        let (batch, event) = json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the log event", error))?;
        Ok(Self { batch, event })
    }
}

/// The gzip; several where a producer has aggregated them.
fn packed(record: &Record) -> Result<Vec<Vec<u8>>, DecodeError> {
    #[derive(Deserialize)]
    struct Wire<'a> {
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
    let wire = serde_json::from_str::<Wire<'_>>(record.json()).map_err(|error| DecodeError::new(WHAT, error))?;
    STANDARD.decode(&*wire.awslogs.data.0).map(|packed| vec![packed]).map_err(|error| DecodeError::new(WHAT, error))
}

fn unpack(packed: &[u8]) -> Result<String, DecodeError> {
    // Gzip ends with the length, modulo 2^32. It is the sender's word, so it only saves growing, which takes twice the memory.
    let length = packed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let mut unpacked = Vec::with_capacity(length.min(UNPACKED_LIMIT) + 1);
    // One byte more than is allowed tells that there is more.
    let most = UNPACKED_LIMIT as u64 + 1;
    let read = match packed.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(packed).take(most).read_to_end(&mut unpacked),
        // Subscriptions of whole accounts were seen to send zlib's own form.
        false => ZlibDecoder::new(packed).take(most).read_to_end(&mut unpacked),
    };
    match read {
        Ok(read) if read > UNPACKED_LIMIT => Err(too_much()),
        Ok(_) => String::from_utf8(unpacked).map_err(|error| DecodeError::new(WHAT, error)),
        Err(error) => Err(DecodeError::new(WHAT, error)),
    }
}

/// `[batch, event]` of each event.
fn contents(record: &Record, text: &str) -> Result<Vec<String>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a> {
        message_type: String,
        #[serde(borrow)]
        log_events: Vec<&'a RawValue>,
    }
    let unread = |error| DecodeError::new(WHAT, error);
    let wire = serde_json::from_str::<Wire<'_>>(text).map_err(unread)?;
    if wire.message_type == "CONTROL_MESSAGE" {
        return Ok(Vec::new());
    }
    let batch = serde_json::from_str::<Batch>(text).map_err(unread)?;
    let batch = serde_json::to_string(&batch).map_err(unread)?;
    // The brackets and the comma, too.
    let length = |event: &&RawValue| batch.len() + event.get().len() + 3;
    let size = wire.log_events.iter().map(length).sum::<usize>();
    if size > 2 * UNPACKED_LIMIT {
        return Err(too_much());
    }
    record.reserve(wire.log_events.len(), size)?;
    Ok(wire.log_events.iter().map(|event| format!("[{batch},{event}]")).collect())
}

fn too_much() -> DecodeError {
    DecodeError::new(WHAT, format!("it unpacks to more than {UNPACKED_LIMIT} bytes"))
}
