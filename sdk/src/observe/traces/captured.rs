//! [`CapturedSpans`]: keeps spans instead of sending them, for tests.

use opentelemetry::trace::{SpanContext, SpanId, Status};
use opentelemetry::{Array, KeyValue, Value as OtelValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};

use crate::observe::capture::Capture;

/// Stores spans instead of sending them, for tests: [`TracesLayer::captured`](super::TracesLayer::captured). Clones
/// share them. See the [module docs](super) for an example.
#[derive(Clone, Debug, Default)]
pub struct CapturedSpans(Capture<Value>);

impl CapturedSpans {
    /// Returns the spans in the order in which they ended, each an object with `name`, `kind`, `trace_id`, `span_id`,
    /// `parent_span_id` (`null` for the first of a trace), `status` (`ok`, `error` or `null`), `attributes`, `events`
    /// (`name`, `attributes`), `links` (`trace_id`, `span_id`) and `resource`, the attributes of the sender.
    pub fn spans(&self) -> Vec<Value> {
        self.0.items().clone()
    }

    /// Returns the first span of this name.
    pub fn span(&self, name: &str) -> Option<Value> {
        self.spans().into_iter().find(|span| span["name"] == name)
    }

    pub(super) fn keep(&self, spans: &[SpanData], resource: &Resource) {
        let resource = resource.iter().map(|(key, of)| (key.to_string(), value(of))).collect::<Map<_, _>>();
        self.0.items().extend(spans.iter().map(|span| as_json(span, &resource)));
    }
}

fn as_json(span: &SpanData, resource: &Map<String, Value>) -> Value {
    let ids = |context: &SpanContext| json!({"trace_id": context.trace_id().to_string(), "span_id": context.span_id().to_string()});
    json!({
        "name": span.name,
        "kind": format!("{:?}", span.span_kind).to_lowercase(),
        "trace_id": span.span_context.trace_id().to_string(),
        "span_id": span.span_context.span_id().to_string(),
        "parent_span_id": (span.parent_span_id != SpanId::INVALID).then(|| span.parent_span_id.to_string()),
        "status": match span.status {
            Status::Unset => None,
            Status::Ok => Some("ok"),
            Status::Error { .. } => Some("error"),
        },
        "attributes": attributes(&span.attributes),
        "events": span.events.iter()
            .map(|event| json!({"name": event.name, "attributes": attributes(&event.attributes)}))
            .collect::<Vec<_>>(),
        "links": span.links.iter().map(|link| ids(&link.span_context)).collect::<Vec<_>>(),
        "resource": resource,
    })
}

fn attributes(of: &[KeyValue]) -> Map<String, Value> {
    of.iter().map(|attribute| (attribute.key.to_string(), value(&attribute.value))).collect()
}

fn value(of: &OtelValue) -> Value {
    match of {
        OtelValue::Bool(value) => json!(value),
        OtelValue::I64(value) => json!(value),
        OtelValue::F64(value) => json!(value),
        OtelValue::Array(Array::I64(values)) => json!(values),
        OtelValue::Array(Array::String(values)) => {
            json!(values.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        other => json!(other.as_str()),
    }
}
