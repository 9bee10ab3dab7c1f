//! [`Pipeline`]: keeps spans that have ended, and sends them within a time limit.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::time::timeout;

use super::export::Export;
use crate::core::clock::Moment;
use crate::core::error::BoxError;

/// The default of the maximum time by which sending delays an invocation.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_millis(500);

/// Nothing is sent within this time before the deadline, so that the response arrives in time.
const BEFORE_DEADLINE: Duration = Duration::from_millis(100);

/// The maximum number of waiting spans, as in OpenTelemetry's batch processor.
const WAITING: usize = 2_048;

/// The pause after the first failure, and the maximum pause.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

pub(super) struct Pipeline {
    export: Export,
    export_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Spans that have ended and are not yet sent.
    waiting: Vec<SpanData>,
    lost: usize,
    outage: Option<Outage>,
    /// Whether the last call did not have enough time before the deadline.
    postponed: bool,
}

struct Outage {
    pause: Duration,
    since: Moment,
}

impl Outage {
    /// Returns `true` while nothing is sent. The time in which the sandbox is frozen counts.
    fn is_on(&self) -> bool {
        self.since.age() < self.pause
    }
}

impl Pipeline {
    pub(super) fn new(export: Export, export_timeout: Duration) -> Self {
        Self { export, export_timeout, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mut span: SpanData) {
        if let Some(kind) = kind_of(&span.attributes) {
            span.span_kind = kind;
        }
        let mut state = self.lock();
        if state.waiting.len() < WAITING { state.waiting.push(span) } else { state.lost += 1 }
    }

    /// Sends the spans that have ended, within the time limit, and not in the last moments before the deadline.
    pub(super) async fn flush(&self, left: Option<Duration>) {
        let until_deadline = left.map_or(Duration::MAX, |left| left.saturating_sub(BEFORE_DEADLINE));
        if until_deadline.is_zero() {
            return;
        }
        let spans = {
            let mut state = self.lock();
            if state.waiting.is_empty() || state.outage.as_ref().is_some_and(Outage::is_on) {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        let count = spans.len();
        let limit = self.export_timeout.min(until_deadline);
        // Only what the deadline may cut off is kept.
        let kept = (until_deadline < self.export_timeout).then(|| spans.clone());
        match timeout(limit, self.export.send(spans)).await {
            Ok(Ok(())) => self.sent(),
            Ok(Err(error)) => self.failed(count, &error),
            Err(_) if kept.is_some_and(|spans| self.postpone(spans)) => {}
            Err(_) => self.failed(count, &format!("no response within {limit:.0?}").into()),
        }
    }

    /// Keeps spans for the next call, unless the last call did so, too: one deadline is not an outage, and the spans may be those of other
    /// invocations. A collector that received them nevertheless receives them twice.
    fn postpone(&self, mut spans: Vec<SpanData>) -> bool {
        {
            let mut state = self.lock();
            if std::mem::replace(&mut state.postponed, true) {
                return false;
            }
            let room = WAITING.saturating_sub(state.waiting.len());
            state.lost += spans.len().saturating_sub(room);
            spans.truncate(room);
            state.waiting.append(&mut spans);
        }
        tracing::warn!("spans could not be sent before the deadline; the next invocation sends them");
        true
    }

    fn sent(&self) {
        let (outage, lost) = {
            let mut state = self.lock();
            state.postponed = false;
            (state.outage.take(), std::mem::take(&mut state.lost))
        };
        match (outage, lost) {
            (Some(_), lost) => tracing::warn!(lost, "spans can be sent again"),
            (None, 0) => {}
            (None, lost) => tracing::warn!(lost, "more spans ended than can be kept; some are lost"),
        }
    }

    fn failed(&self, count: usize, error: &BoxError) {
        let first = {
            let mut state = self.lock();
            state.lost += count;
            let first = state.outage.is_none();
            match &mut state.outage {
                // Another invocation failed at the same time.
                Some(outage) if outage.is_on() => {}
                Some(outage) => {
                    outage.pause = (outage.pause * 2).min(LONGEST_PAUSE);
                    outage.since = Moment::now();
                }
                none => *none = Some(Outage { pause: FIRST_PAUSE, since: Moment::now() }),
            }
            first
        };
        if first {
            let error: &(dyn std::error::Error + 'static) = &**error;
            let to = &self.export;
            tracing::warn!(%to, error, "spans could not be sent and are lost; the next are sent after a pause");
        }
    }
}

/// Returns the kind of a span that was opened without one, from its attributes.
fn kind_of(attributes: &[KeyValue]) -> Option<SpanKind> {
    attributes.iter().find_map(|attribute| match (attribute.key.as_str(), &*attribute.value.as_str()) {
        ("rpc.system", "aws-api") => Some(SpanKind::Client),
        ("messaging.operation.type", "process") => Some(SpanKind::Consumer),
        _ => None,
    })
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({})", self.export)
    }
}

/// The processor of OpenTelemetry's SDK, which passes sampled spans to the pipeline when they end.
#[derive(Debug)]
pub(super) struct PipelineProcessor(pub(super) Arc<Pipeline>);

impl SpanProcessor for PipelineProcessor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The layer flushes at the end of an invocation, where it can await.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
