//! Reads and writes trace headers: X-Ray's header and W3C's `traceparent`.

use std::borrow::Cow;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// The trace headers of a request or a message. An invalid header counts as missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carrier<'a> {
    /// `Root=…;Parent=…;Sampled=…`
    pub(crate) xray: Option<Cow<'a, str>>,
    pub(crate) traceparent: Option<Cow<'a, str>>,
    pub(crate) tracestate: Option<Cow<'a, str>>,
}

impl Carrier<'_> {
    pub(crate) fn xray(&self) -> Option<SpanContext> {
        from_xray(self.xray.as_deref()?)
    }

    pub(crate) fn w3c(&self) -> Option<SpanContext> {
        self.traceparent.as_ref()?;
        // The context is empty, so that the current span is not mistaken for the sender's.
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), self);
        let context = context.span().span_context().clone();
        context.is_valid().then_some(context)
    }
}

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Parses X-Ray's header
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>). A header
/// without a parent has no span to continue; but the decision not to sample a trace always counts.
fn from_xray(header: &str) -> Option<SpanContext> {
    let (mut trace, mut parent, mut flags, mut is_dropped) = (None, None, TraceFlags::NOT_SAMPLED, false);
    for part in header.split(';') {
        let Some((name, value)) = part.trim().split_once('=') else { continue };
        match name {
            "Root" => trace = trace_id(value),
            "Parent" => parent = hex(value, 16).and_then(|hex| SpanId::from_hex(hex).ok()),
            "Sampled" if value == "1" => flags = TraceFlags::SAMPLED,
            "Sampled" if value == "0" => is_dropped = true,
            _ => {}
        }
    }
    if is_dropped {
        let ids = RandomIdGenerator::default();
        trace = trace.filter(|trace| *trace != TraceId::INVALID).or_else(|| Some(ids.new_trace_id()));
        parent = parent.filter(|parent| *parent != SpanId::INVALID).or_else(|| Some(ids.new_span_id()));
    }
    let context = SpanContext::new(trace?, parent?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

/// Parses `1-<8 digits of time>-<24 digits>`, which together are the 32 digits of OpenTelemetry.
fn trace_id(root: &str) -> Option<TraceId> {
    let (time, rest) = root.strip_prefix("1-")?.split_once('-')?;
    TraceId::from_hex(&format!("{}{}", hex(time, 8)?, hex(rest, 24)?)).ok()
}

fn hex(text: &str, digits: usize) -> Option<&str> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(text)
}

/// The lineage in Lambda's header, by which Lambda detects functions that call themselves
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>). It is passed on unchanged.
#[derive(Debug, PartialEq)]
struct Lineage(String);

/// Returns the context with the lineage of a header, if it has one.
pub(super) fn with_lineage(context: Context, header: Option<&str>) -> Context {
    let lineage = header.and_then(|header| header.split(';').find(|part| part.trim().starts_with("Lineage=")));
    match lineage.filter(|part| part.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')) {
        Some(part) => context.with_value(Lineage(part.trim().to_owned())),
        None => context,
    }
}

fn current() -> Option<SpanContext> {
    Context::map_current(|context| {
        let span = context.span();
        span.span_context().is_valid().then(|| span.span_context().clone())
    })
}

/// Returns the current span's id, for a log line.
pub(crate) fn span_id() -> Option<String> {
    Some(current()?.span_id().to_string())
}

/// Returns the current span as X-Ray's header, for the system attribute `AWSTraceHeader` of a message that is sent;
/// `None` outside of spans. Requests of AWS clients have it as a header.
///
/// # Example
///
/// ```
/// use pilaster::observe::traces;
///
/// // .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, …)
/// let header = traces::trace_header(); // Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
/// assert_eq!(header, None, "outside of an invocation");
/// ```
pub fn trace_header() -> Option<String> {
    let span = current()?;
    let trace = span.trace_id().to_string();
    let (time, rest) = trace.split_at(8);
    let mut header = format!("Root=1-{time}-{rest};Parent={};Sampled={}", span.span_id(), u8::from(span.is_sampled()));
    Context::map_current(|context| {
        if let Some(Lineage(lineage)) = context.get::<Lineage>() {
            header.push(';');
            header.push_str(lineage);
        }
    });
    Some(header)
}

/// Returns the current span as [`traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header), for the header
/// of a request or for an attribute of a message that is sent; `None` outside of spans.
pub fn traceparent() -> Option<String> {
    let span = current()?;
    Some(format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_x_ray_is_read_and_an_invalid_one_is_ignored() {
        let read = |header: &str| from_xray(header).map(|c| (c.trace_id().to_string(), c.is_sampled()));
        let trace = "5759e988bd862e3fe1be46a994272793".to_owned();
        let good = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8";
        assert_eq!(read(&format!("{good};Sampled=1")), Some((trace.clone(), true)));
        assert_eq!(read(&format!("{good};Sampled=0;Lineage=1:a87bd80c:0")), Some((trace.clone(), false)));
        assert_eq!(read(&format!("Self=1-2-3; {good} ;Sampled=?")), Some((trace.clone(), false)));
        assert_eq!(read(good), Some((trace.clone(), false)));
        assert_eq!(read("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"), Some((trace, false)));
        for dropped in ["Sampled=0", "Root=1-2-3;Sampled=0", "Root=1-00000000-000000000000000000000000;Sampled=0"] {
            assert_eq!(read(dropped).map(|(_, is_sampled)| is_sampled), Some(false), "{dropped}");
        }
        for bad in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e98é-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=+3995c3f42cd8ad8;Sampled=1",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_sent_on_is_read_again() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let carrier = Carrier { xray: Some(header.into()), ..Carrier::default() };
        let context = Context::new().with_remote_span_context(carrier.xray().unwrap());
        let _guard = context.attach();
        assert_eq!(trace_header().as_deref(), Some(header));
        let traceparent = traceparent().unwrap();
        assert_eq!(traceparent, "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
        let w3c = Carrier { traceparent: Some(traceparent.into()), ..Carrier::default() };
        assert_eq!(w3c.w3c(), carrier.xray());
        let none = Carrier { traceparent: Some("00-zz".into()), ..Carrier::default() };
        assert_eq!(none.w3c(), None, "and not the current span");
    }
}
