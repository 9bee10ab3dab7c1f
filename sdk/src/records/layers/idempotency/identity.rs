//! What makes a record the same one when it is delivered again, and no other record the same: what an idempotency key is made of.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::records::lenient::Text;
use crate::records::record::{Event, Record, RecordId};
use crate::records::source::Source;

/// The fields of a record that tell it from others, whatever its source.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Own<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: Text<'a>,
    #[serde(borrow, rename = "eventSourceARN")]
    stream: Text<'a>,
    #[serde(borrow, rename = "eventSourceArn")]
    origin: Text<'a>,
    #[serde(borrow, rename = "bootstrapServers")]
    servers: Text<'a>,
    #[serde(borrow, rename = "eventName")]
    event_name: Text<'a>,
    #[serde(borrow, rename = "eventTime")]
    event_time: Text<'a>,
    #[serde(borrow)]
    destination: Lenient<Destination<'a>>,
    #[serde(borrow, rename = "basicProperties")]
    properties: Lenient<Properties<'a>>,
    #[serde(borrow)]
    s3: Lenient<S3<'a>>,
}

/// The default where something else stands in its place, so that no other field is lost with it.
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
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties<'a> {
    #[serde(borrow, rename = "messageId")]
    message_id: Text<'a>,
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
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow, rename = "versionId")]
    version: Text<'a>,
    #[serde(borrow)]
    sequencer: Text<'a>,
}

impl Record {
    /// What makes it the same record when it is delivered again. `None` where the source does not say it: then nothing tells it from
    /// others.
    pub(crate) fn identity(&self) -> Option<Value> {
        // A line of CloudWatch Logs has its own id; what it came in has none.
        if self.source() == Source::Logs {
            return self.content().map(Value::from);
        }
        let outer = self.outer_identity()?;
        Some(match self.content() {
            Some(content) => json!([outer, content]),
            None => outer,
        })
    }

    /// What tells it from others that came in the same envelope, if it did not come alone.
    pub(crate) fn within(&self) -> Option<Value> {
        self.content().filter(|_| self.has_siblings()).map(Value::from)
    }

    /// The text that an expression selects from: the record as the event has it, or, of one that was in an aggregated record of
    /// Kinesis, as the stream would have it.
    pub(crate) fn selectable(&self) -> &str {
        self.deaggregated().unwrap_or_else(|| self.json())
    }

    /// Of a record that was in an aggregated one, what the aggregated record says of all of them. `None` for any other record.
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
            // A sequence number is one of its shard. An ARN of enhanced fan-out has the consumer's name behind the stream's.
            Source::Kinesis => {
                let own = self.own();
                let stream =
                    present(&own.stream).map(|arn| arn.split("/consumer/").next().unwrap_or_default().to_owned());
                Some(json!([stream, present(&own.event_id)?]))
            }
            Source::DynamoDb => present(&self.own().event_id).map(Value::from),
            Source::S3 => self.own().s3_event(),
            Source::Kafka => Some(json!([self.origin(), id?])),
            // A producer may send one message to several queues.
            Source::RabbitMq => {
                let own = self.own();
                let message = present(&own.properties.0.message_id)?;
                let queue = id.as_deref().and_then(|id| Some(id.rsplit_once('#')?.0));
                Some(json!([self.origin(), queue, message]))
            }
            Source::ActiveMq => Some(json!([self.origin(), present(&self.own().destination.0.name), id?])),
            Source::Firehose | Source::S3Batch => Some(json!([self.origin(), id?])),
            _ => id.map(Value::from),
        }
    }

    fn own(&self) -> Own<'_> {
        serde_json::from_str(self.json()).unwrap_or_default()
    }

    /// Where it comes from: a cluster, a broker, a delivery stream, a job.
    fn origin(&self) -> Value {
        let own = self.own();
        let Some(origin) = present(&own.origin).or_else(|| present(&own.servers)) else {
            return self.origin_of_event(origin).clone();
        };
        match present(&own.origin) {
            Some(_) => origin.into(),
            None => servers(origin),
        }
    }
}

impl Own<'_> {
    /// Of one object much may happen within an hour: a version or a sequencer tells one event from another, where S3 has written it,
    /// or else the time.
    fn s3_event(&self) -> Option<Value> {
        let Object { key, version, sequencer } = &self.s3.0.object.0;
        let (version, sequencer) = (present(version), present(sequencer));
        let time = present(&self.event_time).filter(|_| sequencer.is_none());
        version.or(sequencer).or(time)?;
        let (bucket, key) = (present(&self.s3.0.bucket.0.name)?, present(key)?);
        Some(json!([bucket, key, version, sequencer, present(&self.event_name), time]))
    }
}

fn present<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    text.0.as_deref().filter(|text| !text.is_empty())
}

/// The brokers of a Kafka of one's own, in one order.
fn servers(text: &str) -> Value {
    let mut servers = text.split(',').map(str::trim).filter(|server| !server.is_empty()).collect::<Vec<_>>();
    servers.sort_unstable();
    servers.into()
}

/// What an event says of where its records come from.
pub(crate) fn origin(event: &Event) -> Value {
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
