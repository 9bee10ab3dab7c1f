//! [`EventOrigin`]: the service that called the function, and the trace of its caller, from one look at the event.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::propagate::Carrier;
use crate::core::invocation::Invocation;
use crate::core::json::members::member;
use crate::core::json::text::Text;
use crate::core::source::{EventSource, Markers, first_item, first_source};

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

/// The members of the client context with the name of a tool, and with the headers that a gateway propagates as JSON text
/// (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>).
const GATEWAY_TOOL: &str = "bedrockAgentCoreToolName";
const GATEWAY_HEADERS: &str = "bedrockAgentCorePropagatedHeaders";

impl<'a> EventOrigin<'a> {
    /// Reads the event of an invocation. That of an AgentCore Gateway is the arguments of a tool, which may have any
    /// members: the client context shows its origin.
    pub(super) fn of(event: &'a str, invocation: &'a Invocation) -> Self {
        let client = invocation.context().client_context.as_ref();
        match client.filter(|client| client.custom.contains_key(GATEWAY_TOOL)) {
            Some(client) => {
                let headers = client.custom.get(GATEWAY_HEADERS);
                Self { headers: headers.and_then(|json| serde_json::from_str(json).ok()), ..Self::default() }
            }
            None => Self::of_event(event),
        }
    }

    /// Reads an event. A list has the records of a pipe, or the items of a batch of AppSync, which are one request.
    fn of_event(event: &'a str) -> Self {
        if !event.trim_ascii_start().starts_with('[') {
            return Self::of_object(event);
        }
        let item = first_item(event).map(Self::of_object).unwrap_or_default();
        match item.source {
            Some(EventSource::AppSync) => item,
            _ => Self { source: first_source(event), ..Self::default() },
        }
    }

    /// Reads an object. All members are missing if it is not one.
    fn of_object(event: &'a str) -> Self {
        let mut origin = Self::default();
        let mut request = None;
        let markers = Markers::read(event, |name, value| match name {
            // Of the authorizers of AppSync it is `requestHeaders`.
            "headers" | "requestHeaders" => origin.headers = Some(value),
            "multiValueHeaders" => origin.multi_value_headers = Some(value),
            "request" => request = Some(value),
            "scheduled-time" => origin.scheduled = true,
            _ => {}
        });
        let source = markers.detect();
        if let Some(EventSource::AppSync | EventSource::Channels { .. }) = source {
            origin.headers = request.and_then(|request| member(request.get(), "headers"));
        }
        Self { source, ..origin }
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
                | Source::Authorizer
                | Source::AppSync
                // A subscription is a request that is admitted or refused.
                | Source::Channels { publishes: false },
            ) => Trigger::Http,
            Some(
                Source::Sqs
                | Source::Sns
                | Source::Kinesis
                | Source::Kafka
                | Source::ActiveMq
                | Source::RabbitMq
                | Source::EventBridge
                | Source::Channels { publishes: true },
            ) => Trigger::PubSub,
            Some(Source::S3 | Source::DynamoDb | Source::Firehose | Source::Logs) => Trigger::DataSource,
            Some(Source::Schedule) => Trigger::Timer,
            None if self.scheduled => Trigger::Timer,
            Some(Source::Ses | Source::S3Batch | Source::Bedrock) | None => Trigger::Other,
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
    EventOrigin::of_event(event).trigger().as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origin<R>(event: serde_json::Value, look: impl FnOnce(EventOrigin<'_>) -> R) -> R {
        look(EventOrigin::of_event(&event.to_string()))
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
            (json!({"info": {"fieldName": "post", "parentTypeName": "Query"}}), Trigger::Http),
            (json!([{"info": {"fieldName": "post", "parentTypeName": "Query"}}, {}]), Trigger::Http),
            // Only AppSync sends such a list.
            (json!([{"requestContext": {"http": {}}}]), Trigger::Other),
            (json!([[{"info": {"fieldName": "post", "parentTypeName": "Query"}}]]), Trigger::Other),
            (json!({"authorizationToken": "t", "requestContext": {"apiId": "a"}}), Trigger::Http),
            (json!({"info": {"channel": {}, "channelNamespace": {}, "operation": "PUBLISH"}}), Trigger::PubSub),
            (json!({"info": {"channel": {}, "channelNamespace": {}, "operation": "SUBSCRIBE"}}), Trigger::Http),
            (json!({"actionGroup": "a", "agent": {}, "function": "f"}), Trigger::Other),
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
            json!({"info": {"fieldName": "f", "parentTypeName": "Query"}, "request": {"headers": {"traceparent": traceparent}}}),
            json!([{"info": {"fieldName": "f", "parentTypeName": "Query"}, "request": {"headers": {"traceparent": traceparent}}}]),
            json!({
                "info": {"channel": {}, "channelNamespace": {}, "operation": "PUBLISH"},
                "request": {"headers": {"traceparent": traceparent}},
            }),
            json!({
                "authorizationToken": "t", "requestContext": {"apiId": "a"}, "requestHeaders": {"traceparent": traceparent},
            }),
        ] {
            assert!(origin(event.clone(), |origin| origin.carrier().w3c()).is_some(), "{event}");
        }
        for event in [
            json!({"headers": {"traceparent": 7}}),
            json!({"headers": ["traceparent"]}),
            json!(null),
            // A member of another event.
            json!({"request": {"headers": {"traceparent": traceparent}}}),
        ] {
            assert_eq!(origin(event, |origin| origin.carrier().w3c()), None);
        }
    }

    #[test]
    fn the_client_context_shows_a_gateway_whatever_the_arguments_are() {
        let traceparent = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
        let mut context = lambda_runtime::Context::default();
        let headers = json!({"Traceparent": traceparent}).to_string();
        let custom = json!({GATEWAY_TOOL: "target___tool", GATEWAY_HEADERS: headers});
        context.client_context = serde_json::from_value(json!({"custom": custom})).ok();
        let invocation = Invocation::new(context);
        let event = json!({"Records": [{"eventSource": "aws:sqs"}], "headers": {}}).to_string();
        let origin = EventOrigin::of(&event, &invocation);
        assert_eq!(origin.trigger(), Trigger::Other);
        assert!(origin.carrier().w3c().is_some());
        let other = Invocation::new(lambda_runtime::Context::default());
        assert_eq!(EventOrigin::of(&event, &other).trigger(), Trigger::PubSub);
    }
}
