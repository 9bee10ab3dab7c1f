//! [`EventBridge`]: an EventBridge event with a typed detail.
//!
//! The same function handles events from a rule and from the queue or topic that is the target of a rule, and from a
//! queue that subscribes to that topic. EventBridge Scheduler sends the detail as text (`"{}"`), which is decoded as
//! JSON.
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
use crate::core::json;
use crate::core::json::lenient::{List, MaybeText};
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord};
use crate::records::record::Record;
use crate::records::source::Source;

/// An EventBridge event: its detail and its metadata.
///
/// The format is that of <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>. See the
/// [module docs](self).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct EventBridge<D> {
    /// The detail.
    pub detail: D,
    /// The type of the detail, such as `EC2 Instance State-change Notification`.
    pub detail_type: String,
    /// The source: `aws.…`, or the name of an application.
    pub source: String,
    /// The id of the event.
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    /// The account of the sender.
    #[serde(default, deserialize_with = "text")]
    pub account: String,
    /// The time of the event according to its source, as RFC 3339.
    #[serde(default, deserialize_with = "text")]
    pub time: String,
    /// The region.
    #[serde(default, deserialize_with = "text")]
    pub region: String,
    /// The ARNs of the resources that the event concerns.
    #[serde(default, deserialize_with = "texts")]
    pub resources: Vec<String>,
    /// The name of the archive replay that resent the event.
    #[serde(default, deserialize_with = "optional_text")]
    pub replay_name: Option<String>,
}

/// Decodes a text; any other value is `None`.
fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let MaybeText(text) = MaybeText::deserialize(deserializer)?;
    Ok(text.map(Cow::into_owned))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer).map(Option::unwrap_or_default)
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let List(list) = List::<MaybeText<'_>>::deserialize(deserializer)?;
    Ok(list.unwrap_or_default().into_iter().filter_map(|MaybeText(text)| text.map(Cow::into_owned)).collect())
}

impl<D: DeserializeOwned + Send> FromRecord for EventBridge<D> {
    const SOURCES: &'static [Source] = &[Source::EventBridge, Source::Sqs, Source::Sns];
    type Response = ();

    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        match record.source() {
            Source::EventBridge => Ok(Contents::Itself),
            Source::Sns => Ok(Contents::Texts(vec![message_of_sns(record.json())?.into_owned()])),
            _ => Ok(Contents::Texts(vec![unwrap_sqs(record)?.into_owned()])),
        }
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let text = record.content().unwrap_or_else(|| record.json());
        if let Some(event) = of_scheduler(text).and_then(|text| serde_json::from_str(&text).ok()) {
            return Ok(event);
        }
        json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the EventBridge event", error))
    }
}

/// Returns an EventBridge Scheduler event with its detail as JSON instead of text; `None` for any other event.
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

/// Shows only the type and the id: the detail may contain secrets.
impl<D> fmt::Debug for EventBridge<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBridge")
            .field("source", &self.source)
            .field("detail_type", &self.detail_type)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
