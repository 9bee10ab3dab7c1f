//! [`Sampling`]: the parent of an invocation's span, by which the invocation's trace is sampled or not.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};

use super::propagate::{Carrier, with_lineage};
use super::trigger::EventOrigin;
use crate::core::invocation::Invocation;

/// The trace headers that are read, and which of them decides whether a trace is sampled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    pub(super) xray: bool,
    pub(super) w3c: bool,
    pub(super) trusts_callers: bool,
}

impl Sampling {
    /// Returns the parent of the invocation's span, and the span that it links to.
    pub(super) fn parents(self, invocation: &Invocation, origin: &EventOrigin<'_>) -> (Context, Option<SpanContext>) {
        let of_lambda = Carrier { xray: invocation.trace_header().map(Into::into), ..Carrier::default() };
        let xray = of_lambda.xray().filter(|_| self.xray);
        let request = self.w3c.then(|| origin.carrier().w3c()).flatten();
        let (parent, link) = match (xray, request) {
            // Lambda's decision overrides the caller's.
            (Some(xray), request) if xray.is_sampled() || !self.trusts_callers => (Some(xray), request),
            (_, Some(request)) if request.is_sampled() || self.trusts_callers => (Some(request), None),
            // A caller cannot turn off the traces of a function that is traced.
            (xray, request) => (xray, request),
        };
        let parent = parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        (with_lineage(parent, invocation.trace_header()), link)
    }
}
