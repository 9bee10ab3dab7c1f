//! The identity of a record: stable when it is redelivered, and unique among all records. Idempotency keys are derived
//! from it.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::core::json::lenient::MaybeText;
use crate::records::record::{BatchEvent, Record, RecordId};
use crate::records::source::Source;

/// The identifying fields of the records of all sources.
#[derive(Default, Deserialize)]
#[serde(default)]
struct IdentityFields<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: MaybeText<'a>,
    #[serde(borrow, rename = "eventSourceARN")]
    stream: MaybeText<'a>,
    #[serde(borrow, rename = "eventSourceArn")]
    origin: MaybeText<'a>,
    #[serde(borrow, rename = "bootstrapServers")]
    servers: MaybeText<'a>,
    #[serde(borrow, rename = "eventName")]
    event_name: MaybeText<'a>,
    #[serde(borrow, rename = "eventTime")]
    event_time: MaybeText<'a>,
    #[serde(borrow)]
    destination: Lenient<Destination<'a>>,
    #[serde(borrow, rename = "basicProperties")]
    properties: Lenient<Properties<'a>>,
    #[serde(borrow)]
    s3: Lenient<S3<'a>>,
}

/// A value, or the default if its type is wrong, so that the other fields are still read.
#[derive(Default)]
struct Lenient<T>(T);

impl<'de, T: Default + Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(json.get()).unwrap_or_default()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination<'a> {
    #[serde(borrow, rename = "physicalName")]
    name: MaybeText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties<'a> {
    #[serde(borrow, rename = "messageId")]
    message_id: MaybeText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct S3<'a> {
    #[serde(borrow)]
    bucket: Lenient<Bucket<'a>>,
    #[serde(borrow)]
    object: Lenient<Object<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bucket<'a> {
    #[serde(borrow)]
    name: MaybeText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    key: MaybeText<'a>,
    #[serde(borrow, rename = "versionId")]
    version: MaybeText<'a>,
    #[serde(borrow)]
    sequencer: MaybeText<'a>,
}

impl Record {
    /// Returns the identity of the record. `None` if the source provides none.
    pub(crate) fn identity(&self) -> Option<Value> {
        // A log event of CloudWatch Logs has its own id; its batch has none.
        if self.source() == Source::Logs {
            return self.content().map(Value::from);
        }
        let outer = self.outer_identity()?;
        Some(match self.content() {
            Some(content) => json!([outer, content]),
            None => outer,
        })
    }

    /// Returns the part that distinguishes the record from others in the same envelope, if there are any.
    pub(crate) fn within(&self) -> Option<Value> {
        self.content().filter(|_| self.has_siblings()).map(Value::from)
    }

    /// Returns the text that an expression selects from: the record in the format of the event, or, for a user record
    /// of an aggregated Kinesis record, the record as if it were alone in the stream.
    pub(crate) fn selectable(&self) -> &str {
        self.deaggregated().unwrap_or_else(|| self.json())
    }

    /// Returns the fields that all records of an aggregated Kinesis record share. `None` for any other record.
    pub(crate) fn shared(&self) -> Option<Value> {
        let mut json = serde_json::from_str::<Value>(self.deaggregated()?).ok()?;
        json.as_object_mut()?.remove("subSequenceNumber");
        let own = json.get_mut("kinesis")?.as_object_mut()?;
        for name in ["partitionKey", "explicitHashKey", "data"] {
            own.remove(name);
        }
        Some(json)
    }

    fn outer_identity(&self) -> Option<Value> {
        let id = match self.record_id() {
            RecordId::Unknown => None,
            id => Some(id.as_text()),
        };
        match self.source() {
            // A sequence number belongs to a shard. With enhanced fan-out the ARN ends in the consumer's name.
            Source::Kinesis => {
                let own = self.identity_fields();
                let stream =
                    present(&own.stream).map(|arn| arn.split("/consumer/").next().unwrap_or_default().to_owned());
                Some(json!([stream, present(&own.event_id)?]))
            }
            Source::DynamoDb => present(&self.identity_fields().event_id).map(Value::from),
            Source::S3 => self.identity_fields().s3_event(),
            Source::Kafka => Some(json!([self.origin(), id?])),
            // A producer may send one message to several queues.
            Source::RabbitMq => {
                let own = self.identity_fields();
                let message = present(&own.properties.0.message_id)?;
                let queue = id.as_deref().and_then(|id| Some(id.rsplit_once('#')?.0));
                Some(json!([self.origin(), queue, message]))
            }
            Source::ActiveMq => Some(json!([self.origin(), present(&self.identity_fields().destination.0.name), id?])),
            Source::Firehose | Source::S3Batch => Some(json!([self.origin(), id?])),
            _ => id.map(Value::from),
        }
    }

    fn identity_fields(&self) -> IdentityFields<'_> {
        serde_json::from_str(self.json()).unwrap_or_default()
    }

    /// Returns the origin of the record: a cluster, a broker, a delivery stream, a job.
    fn origin(&self) -> Value {
        let own = self.identity_fields();
        let Some(origin) = present(&own.origin).or_else(|| present(&own.servers)) else {
            return self.origin_of_event(origin).clone();
        };
        match present(&own.origin) {
            Some(_) => origin.into(),
            None => servers(origin),
        }
    }
}

impl IdentityFields<'_> {
    /// Returns the identity of an S3 event. An object has many events, which the version, the sequencer or the time
    /// distinguishes.
    fn s3_event(&self) -> Option<Value> {
        let Object { key, version, sequencer } = &self.s3.0.object.0;
        let (version, sequencer) = (present(version), present(sequencer));
        let time = present(&self.event_time).filter(|_| sequencer.is_none());
        version.or(sequencer).or(time)?;
        let (bucket, key) = (present(&self.s3.0.bucket.0.name)?, present(key)?);
        Some(json!([bucket, key, version, sequencer, present(&self.event_name), time]))
    }
}

fn present<'t>(text: &'t MaybeText<'_>) -> Option<&'t str> {
    text.0.as_deref().filter(|text| !text.is_empty())
}

/// Returns the brokers of a self-managed Kafka cluster, sorted.
fn servers(text: &str) -> Value {
    let mut servers = text.split(',').map(str::trim).filter(|server| !server.is_empty()).collect::<Vec<_>>();
    servers.sort_unstable();
    servers.into()
}

/// Returns the origin of all records of an event.
pub(crate) fn origin(event: &BatchEvent) -> Value {
    let named = |name: &str| event.beside::<String>(name).filter(|text| !text.is_empty()).map(Value::from);
    let found = match event.source {
        Source::Firehose => named("deliveryStreamArn"),
        Source::S3Batch => event.beside::<Value>("job").and_then(|job| job.get("id").cloned()),
        Source::Kafka => {
            named("eventSourceArn").or_else(|| Some(servers(&event.beside::<String>("bootstrapServers")?)))
        }
        _ => named("eventSourceArn"),
    };
    found.unwrap_or_default()
}
