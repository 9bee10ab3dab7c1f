//! [`EventBridge`]: an event of EventBridge, with its detail as a type.
//!
//! One function takes it from a rule, and from the queue or the topic that is a rule's target, also from a queue behind that
//! topic. EventBridge Scheduler writes the detail as a text (`"{}"`): it is read as the JSON in that text.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, EventBridge};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Paid { order: u64 }
//!
//! async fn thank(paid: EventBridge<Paid>) -> Result<(), BoxError> {
//!     tracing::info!(order = paid.detail.order, source = paid.source, "{}", paid.detail_type);
//!     Ok(())
//! }
//! # let _ = pilaster::handler(thank);
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::envelope::{message_of_sns, unwrap_sqs};
use super::payload::DecodeError;
use crate::core::json;
use crate::records::adapter::lenient::{List, Text};
use crate::records::handler::{FromRecord, Opened};
use crate::records::record::Record;
use crate::records::source::Source;

/// An event of EventBridge: its detail, and what the event says of itself.
///
/// The form is that of <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>. See the
/// [module docs](self).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct EventBridge<D> {
    /// What the event is about.
    pub detail: D,
    /// What kind of event it is, such as `EC2 Instance State-change Notification`.
    pub detail_type: String,
    /// Who sent it: `aws.…`, or the name that an application gave itself.
    pub source: String,
    /// Its id.
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    /// The account of the sender.
    #[serde(default, deserialize_with = "text")]
    pub account: String,
    /// When it happened, as its sender says: RFC 3339.
    #[serde(default, deserialize_with = "text")]
    pub time: String,
    /// The region.
    #[serde(default, deserialize_with = "text")]
    pub region: String,
    /// The ARNs of what it concerns.
    #[serde(default, deserialize_with = "texts")]
    pub resources: Vec<String>,
    /// The replay of an archive that sent it once more.
    #[serde(default, deserialize_with = "optional_text")]
    pub replay_name: Option<String>,
}

/// A field of another form is not there, and all else is.
fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    Ok(text.map(Cow::into_owned))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer).map(Option::unwrap_or_default)
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let List(list) = List::<Text<'_>>::deserialize(deserializer)?;
    Ok(list.unwrap_or_default().into_iter().filter_map(|Text(text)| text.map(Cow::into_owned)).collect())
}

impl<D: DeserializeOwned + Send> FromRecord for EventBridge<D> {
    const SOURCES: &'static [Source] = &[Source::EventBridge, Source::Sqs, Source::Sns];
    type Answer = ();

    fn open(record: &Record) -> Result<Opened, DecodeError> {
        match record.source() {
            Source::EventBridge => Ok(Opened::Itself),
            Source::Sns => Ok(Opened::Contents(vec![message_of_sns(record.json())?.into_owned()])),
            _ => Ok(Opened::Contents(vec![unwrap_sqs(record)?.into_owned()])),
        }
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let text = record.content().unwrap_or_else(|| record.json());
        if let Some(event) = of_scheduler(text).and_then(|text| serde_json::from_str(&text).ok()) {
            return Ok(event);
        }
        json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the event of EventBridge", error))
    }
}

/// The event of EventBridge Scheduler with its detail as JSON: Scheduler writes the text of it. `None` for any other event.
fn of_scheduler(text: &str) -> Option<String> {
    const SOURCE: &str = "aws.scheduler";
    if !text.contains(SOURCE) {
        return None;
    }
    let mut fields = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(text).ok()?;
    let read = |name: &str| serde_json::from_str::<String>(fields.get(name)?.get()).ok();
    if read("source")? != SOURCE {
        return None;
    }
    let detail = RawValue::from_string(read("detail")?).ok()?;
    fields.insert("detail".into(), &detail);
    serde_json::to_string(&fields).ok()
}

/// What kind of event it is, and its id; the detail may hold what nobody should read in a log.
impl<D> fmt::Debug for EventBridge<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBridge")
            .field("source", &self.source)
            .field("detail_type", &self.detail_type)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
