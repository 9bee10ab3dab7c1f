//! [`EventOrigin`]: the service that called the function, and the trace of its caller, from one look at the event.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::propagate::Carrier;

/// `faas.trigger` (<https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Http,
    PubSub,
    DataSource,
    Timer,
    Other,
}

impl Trigger {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::PubSub => "pubsub",
            Self::DataSource => "datasource",
            Self::Timer => "timer",
            Self::Other => "other",
        }
    }

    /// Returns the kind of the invocation's span.
    pub(super) fn kind(self) -> &'static str {
        if self == Self::PubSub { "consumer" } else { "server" }
    }
}

/// The members of an event that show its origin.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventOrigin<'a> {
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    multi_value_headers: Option<&'a RawValue>,
    #[serde(borrow)]
    request_context: Option<&'a RawValue>,
    /// The path of VPC Lattice, which has no context in its first form.
    #[serde(borrow, rename = "raw_path")]
    lattice_path: Option<&'a RawValue>,
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    /// The source of Kafka and MQ, whose records are grouped by partition or queue.
    #[serde(borrow)]
    event_source: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    /// The data of a subscription of CloudWatch Logs.
    #[serde(borrow)]
    awslogs: Option<&'a RawValue>,
    /// The stream of Firehose.
    #[serde(borrow)]
    delivery_stream_arn: Option<&'a RawValue>,
}

impl<'a> EventOrigin<'a> {
    /// Reads an event. All members are missing if it is not an object.
    pub(super) fn of(event: &'a RawValue) -> Self {
        serde_json::from_str(event.get()).unwrap_or_default()
    }

    pub(super) fn trigger(&self) -> Trigger {
        let has_headers = self.headers.is_some() || self.multi_value_headers.is_some();
        if self.request_context.is_some() || (has_headers && self.lattice_path.is_some()) {
            return Trigger::Http;
        }
        let source = self.event_source.and_then(text).or_else(|| self.records.and_then(first_source));
        if let Some(source) = source {
            return match &*source {
                "aws:s3" | "aws:dynamodb" => Trigger::DataSource,
                "aws:ses" => Trigger::Other,
                _ => Trigger::PubSub,
            };
        }
        if let (Some(source), Some(detail_type)) = (self.source.and_then(text), self.detail_type.and_then(text)) {
            let is_timer = (source == "aws.events" || source == "aws.scheduler") && detail_type == "Scheduled Event";
            return if is_timer { Trigger::Timer } else { Trigger::PubSub };
        }
        let is_stream = self.awslogs.is_some() || self.delivery_stream_arn.is_some();
        if is_stream { Trigger::DataSource } else { Trigger::Other }
    }

    /// Returns the trace headers of a request.
    pub(super) fn carrier(&self) -> Carrier<'a> {
        let mut carrier = Carrier::default();
        for headers in [self.headers, self.multi_value_headers].into_iter().flatten() {
            let headers = serde_json::from_str::<HashMap<String, &'a RawValue>>(headers.get()).unwrap_or_default();
            let find = |wanted: &str| {
                headers.iter().find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| one(value))?)
            };
            carrier.traceparent = carrier.traceparent.or_else(|| find("traceparent"));
            carrier.tracestate = carrier.tracestate.or_else(|| find("tracestate"));
        }
        carrier
    }
}

/// Borrowed unless it has an escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json.get()).ok().map(|Text(text)| text)
}

/// Returns a header's value, which may be the only item of a list.
fn one(json: &RawValue) -> Option<Cow<'_, str>> {
    text(json).or_else(|| serde_json::from_str::<Vec<Text<'_>>>(json.get()).ok()?.pop().map(|Text(only)| only))
}

/// Returns the `eventSource` of the first record, without reading the others.
fn first_source(records: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow, alias = "EventSource", rename = "eventSource")]
        source: Option<Text<'a>>,
    }

    struct First<'f, 'a>(&'f mut Option<Record<'a>>);

    impl<'de: 'a, 'a> Visitor<'de> for First<'_, 'a> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
            *self.0 = records.next_element()?;
            while self.0.is_none() && records.next_element::<IgnoredAny>()?.is_some() {}
            Ok(())
        }
    }

    let mut first = None;
    // serde_json returns an error, since the visitor stops early.
    let _ = serde_json::Deserializer::from_str(records.get()).deserialize_seq(First(&mut first));
    first?.source.map(|Text(source)| source)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origin<R>(event: serde_json::Value, look: impl FnOnce(EventOrigin<'_>) -> R) -> R {
        let event = RawValue::from_string(event.to_string()).unwrap();
        look(EventOrigin::of(&event))
    }

    #[test]
    fn the_trigger_is_found_in_the_event() {
        for (event, trigger) in [
            (json!({"requestContext": {"http": {"method": "GET"}}}), Trigger::Http),
            (json!({"raw_path": "/", "headers": {}, "method": "GET"}), Trigger::Http),
            (json!({"Records": [{"eventSource": "aws:sqs"}, {"eventSource": "aws:s3"}]}), Trigger::PubSub),
            (json!({"Records": [{"EventSource": "aws:sns"}]}), Trigger::PubSub),
            (json!({"Records": [{"eventSource": "aws:dynamodb"}]}), Trigger::DataSource),
            (json!({"Records": [{"eventSource": "aws:s3"}]}), Trigger::DataSource),
            (json!({"eventSource": "aws:kafka", "records": {}}), Trigger::PubSub),
            (json!({"source": "aws.events", "detail-type": "Scheduled Event"}), Trigger::Timer),
            (json!({"source": "shop", "detail-type": "Sold"}), Trigger::PubSub),
            (json!({"awslogs": {"data": ""}}), Trigger::DataSource),
            (json!({"Records": []}), Trigger::Other),
            (json!({"Records": 7, "eventSource": 7, "headers": 7}), Trigger::Other),
            (json!([1]), Trigger::Other),
            (json!("text"), Trigger::Other),
        ] {
            assert_eq!(origin(event.clone(), |origin| origin.trigger()), trigger, "{event}");
        }
    }

    #[test]
    fn the_trace_of_a_request_is_found_however_its_headers_are_written() {
        let traceparent = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
        for event in [
            json!({"headers": {"traceparent": traceparent}}),
            json!({"headers": {"Traceparent": [traceparent]}}),
            json!({"headers": null, "multiValueHeaders": {"TRACEPARENT": [traceparent]}}),
        ] {
            assert!(origin(event.clone(), |origin| origin.carrier().w3c()).is_some(), "{event}");
        }
        for event in [json!({"headers": {"traceparent": 7}}), json!({"headers": ["traceparent"]}), json!(null)] {
            assert_eq!(origin(event, |origin| origin.carrier().w3c()), None);
        }
    }
}
