//! [`Encoder`]: encodes spans as OTLP's protobuf messages, with the crate of OpenTelemetry.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;

/// Encodes spans with their resource.
pub(super) struct Encoder(ResourceAttributesWithSchema);

pub(super) fn encoder(resource: &Resource) -> Encoder {
    Encoder(resource.into())
}

impl Encoder {
    pub(super) fn encode(&self, spans: Vec<SpanData>) -> Vec<u8> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.0);
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }
}
