//! [`EventOrigin`]: the service that called the function, and the trace of its caller, from one look at the event.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::propagate::Carrier;
use crate::core::json::text::Text;
use crate::core::source::{EventSource, Markers, first_source};

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
#[derive(Debug, Default)]
pub(super) struct EventOrigin<'a> {
    source: Option<EventSource>,
    /// A custom input of EventBridge Scheduler, as [`Schedule`](crate::Schedule) reads it.
    scheduled: bool,
    headers: Option<&'a RawValue>,
    multi_value_headers: Option<&'a RawValue>,
}

impl<'a> EventOrigin<'a> {
    /// Reads an event. All members are missing if it is not an object; the records of a pipe are an array.
    pub(super) fn of(event: &'a str) -> Self {
        let mut origin = Self::default();
        let markers = Markers::read(event, |name, value| match name {
            "headers" => origin.headers = Some(value),
            "multiValueHeaders" => origin.multi_value_headers = Some(value),
            "scheduled-time" => origin.scheduled = true,
            _ => {}
        });
        Self { source: markers.detect().or_else(|| first_source(event)), ..origin }
    }

    pub(super) fn trigger(&self) -> Trigger {
        use EventSource as Source;

        match self.source {
            Some(
                Source::RestApi
                | Source::HttpApiV1
                | Source::HttpApi
                | Source::FunctionUrl
                | Source::Alb { .. }
                | Source::VpcLatticeV1
                | Source::VpcLattice
                | Source::WebSocketApi
                | Source::Authorizer,
            ) => Trigger::Http,
            Some(
                Source::Sqs
                | Source::Sns
                | Source::Kinesis
                | Source::Kafka
                | Source::ActiveMq
                | Source::RabbitMq
                | Source::EventBridge,
            ) => Trigger::PubSub,
            Some(Source::S3 | Source::DynamoDb | Source::Firehose | Source::Logs) => Trigger::DataSource,
            Some(Source::Schedule) => Trigger::Timer,
            None if self.scheduled => Trigger::Timer,
            Some(Source::Ses | Source::S3Batch) | None => Trigger::Other,
        }
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

fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json.get()).ok().map(|Text(text)| text)
}

/// Returns a header's value, which may be the only item of a list.
fn one(json: &RawValue) -> Option<Cow<'_, str>> {
    text(json).or_else(|| serde_json::from_str::<Vec<Text<'_>>>(json.get()).ok()?.pop().map(|Text(only)| only))
}

/// Returns the `faas.trigger` of an event.
#[cfg(test)]
pub(crate) fn trigger_of(event: &str) -> &'static str {
    EventOrigin::of(event).trigger().as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origin<R>(event: serde_json::Value, look: impl FnOnce(EventOrigin<'_>) -> R) -> R {
        look(EventOrigin::of(&event.to_string()))
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
            (json!([{"eventSource": "aws:sqs"}, {"eventSource": "aws:sqs"}]), Trigger::PubSub),
            (json!([{"eventSource": "aws:dynamodb"}]), Trigger::DataSource),
            (json!({"scheduled-time": "2026-01-02T03:04:00Z", "schedule-arn": "arn"}), Trigger::Timer),
            (json!({"scheduled-time": null}), Trigger::Other),
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
