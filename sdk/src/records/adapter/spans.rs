//! The span attributes of a batch and its records, by
//! <https://opentelemetry.io/docs/specs/semconv/messaging/sqs/> and the pages beside it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::core::error::FunctionError;
use crate::core::json::text::Text;
use crate::observe::traces::{Carrier, span};
use crate::records::record::Record;
use crate::records::source::Source;

/// Returns `messaging.system`; `None` for a source without messages.
fn system(source: Source) -> Option<&'static str> {
    Some(match source {
        Source::Sqs => "aws_sqs",
        Source::Sns => "aws.sns",
        Source::Kinesis => "aws_kinesis",
        Source::Kafka => "kafka",
        Source::ActiveMq => "activemq",
        Source::RabbitMq => "rabbitmq",
        _ => return None,
    })
}

/// Sets the attributes of a batch on the span of the invocation.
pub(super) fn batch<'r>(mut records: impl ExactSizeIterator<Item = &'r Record>) {
    let count = records.len();
    let Some(first) = records.next().filter(|_| span::is_sampled()) else { return };
    let Some(system) = system(first.source()) else { return };
    span::set_attribute("messaging.batch.message_count", i64::try_from(count).unwrap_or(i64::MAX));
    process(system, Origin::of(first).destination());
}

/// Sets the attributes of a record on its span.
pub(super) fn began(record: &Record) {
    if !span::is_sampled() {
        return;
    }
    let Some(system) = system(record.source()) else { return };
    let origin = Origin::of(record);
    process(system, origin.destination());
    span::set_attribute("messaging.message.id", record.record_id().as_text().into_owned());
    span::add_link(&origin.carrier());
}

/// Marks the span of a record that failed.
pub(super) fn ended<T>(tried: &Result<T, FunctionError>) {
    if let Err(error) = tried {
        span::set_failed(error.error_type());
    }
}

fn process(system: &'static str, destination: Option<String>) {
    span::set_attribute("messaging.system", system.to_owned());
    span::set_attribute("messaging.operation.type", "process".to_owned());
    if let Some(destination) = destination {
        span::set_name(format!("process {destination}"));
        span::set_attribute("messaging.destination.name", destination);
    }
}

/// The members of a message that describe its origin. Each is decoded separately, so that a malformed one hides no
/// other.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Origin<'a> {
    #[serde(borrow, rename = "eventSourceARN")]
    arn: Option<&'a RawValue>,
    /// The attributes of SQS.
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    message_attributes: Option<&'a RawValue>,
    #[serde(borrow, rename = "Sns")]
    sns: Option<&'a RawValue>,
    /// The topic of Kafka.
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    /// The destination of MQ.
    #[serde(borrow)]
    destination: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Notification<'a> {
    #[serde(borrow, rename = "TopicArn")]
    topic: Option<&'a RawValue>,
    #[serde(borrow, rename = "MessageAttributes")]
    attributes: Option<&'a RawValue>,
}

/// An attribute of SQS (`stringValue`) or SNS (`Value`).
#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow, alias = "Value", rename = "stringValue")]
    value: Option<Text<'a>>,
}

fn read<'a, T: Deserialize<'a>>(json: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(json?.get()).ok()
}

/// Decodes one member of an object.
fn of<'a, T: Deserialize<'a>>(object: Option<&'a RawValue>, key: &str) -> Option<T> {
    read(read::<HashMap<String, &'a RawValue>>(object)?.remove(key))
}

impl<'a> Origin<'a> {
    fn of(record: &'a Record) -> Self {
        serde_json::from_str(record.json()).unwrap_or_default()
    }

    /// Returns the name of the queue, the topic or the stream.
    fn destination(&self) -> Option<String> {
        let topic = read::<Notification<'a>>(self.sns).unwrap_or_default().topic;
        // arn:aws:sqs:eu-west-1:123456789012:orders, arn:aws:kinesis:…:stream/orders
        let arn = read::<Text<'a>>(self.arn.or(topic));
        let of_arn = arn.and_then(|Text(arn)| Some(arn.rsplit([':', '/']).next()?.to_owned()));
        let of_broker = || of::<Text<'a>>(self.destination, "physicalName");
        of_arn.or_else(|| Some(read::<Text<'a>>(self.topic).or_else(of_broker)?.0.into_owned()))
    }

    fn carrier(&self) -> Carrier<'a> {
        let notification = read::<Notification<'a>>(self.sns).unwrap_or_default();
        let attributes = self.message_attributes.or(notification.attributes);
        let attribute = |name: &str| {
            let of_message = of::<Attribute<'a>>(attributes, name).and_then(|attribute| attribute.value);
            of_message.map(|Text(value)| value).or_else(|| self.header(name).map(Cow::Owned))
        };
        Carrier {
            xray: of::<Text<'a>>(self.attributes, "AWSTraceHeader").map(|Text(header)| header),
            traceparent: attribute("traceparent"),
            tracestate: attribute("tracestate"),
        }
    }

    /// Returns a header of Kafka, whose bytes are numbers and may be signed.
    fn header(&self, name: &str) -> Option<String> {
        let headers = read::<Vec<HashMap<String, &'a RawValue>>>(self.headers)?;
        let bytes = headers.into_iter().find_map(|mut header| read::<Vec<i16>>(header.remove(name)))?;
        String::from_utf8(bytes.into_iter().map(|byte| byte as u8).collect()).ok()
    }
}
