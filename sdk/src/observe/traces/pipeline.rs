//! [`Pipeline`]: from a span that ended to one that was sent, within a bound.

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

/// What sending costs an invocation at most.
pub(super) const LONGEST: Duration = Duration::from_millis(500);

/// The last part of an invocation's time, in which nothing is sent: its answer has to arrive before the deadline.
const BEFORE_DEADLINE: Duration = Duration::from_millis(100);

/// How many spans wait, as in OpenTelemetry's own batch processor.
const WAITING: usize = 2_048;

/// After the first failure and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

pub(super) struct Pipeline {
    export: Export,
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// They have ended and are to be sent.
    waiting: Vec<SpanData>,
    lost: usize,
    outage: Option<Outage>,
}

struct Outage {
    pause: Duration,
    since: Moment,
}

impl Outage {
    /// Whether nothing is sent yet, also by the clock that goes on while the sandbox is frozen.
    fn is_on(&self) -> bool {
        self.since.age() < self.pause
    }
}

impl Pipeline {
    pub(super) fn new(export: Export, longest: Duration) -> Self {
        Self { export, longest, state: Mutex::default() }
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

    /// Sends what has ended. It takes no longer than its bound, and none of the last moments of the time that is left.
    pub(super) async fn flush(&self, left: Option<Duration>) {
        let bound = left.map_or(self.longest, |left| self.longest.min(left.saturating_sub(BEFORE_DEADLINE)));
        if bound.is_zero() {
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
        match timeout(bound, self.export.send(spans)).await {
            Ok(Ok(())) => self.sent(),
            Ok(Err(error)) => self.failed(count, &error),
            Err(_) => self.failed(count, &format!("no answer within {bound:.0?}").into()),
        }
    }

    fn sent(&self) {
        let (outage, lost) = {
            let mut state = self.lock();
            (state.outage.take(), std::mem::take(&mut state.lost))
        };
        match (outage, lost) {
            (Some(_), lost) => tracing::warn!(lost, "spans are sent again"),
            (None, 0) => {}
            (None, lost) => tracing::warn!(lost, "there were more spans than can wait"),
        }
    }

    fn failed(&self, count: usize, error: &BoxError) {
        let first = {
            let mut state = self.lock();
            state.lost += count;
            let first = state.outage.is_none();
            match &mut state.outage {
                // Another invocation that failed at the same time.
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
            tracing::warn!(%to, error, "spans cannot be sent; it is tried again from time to time");
        }
    }
}

/// What its attributes tell of a span that was opened without a kind.
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

/// The end of OpenTelemetry's SDK: spans that are kept come here when they end.
#[derive(Debug)]
pub(super) struct Collect(pub(super) Arc<Pipeline>);

impl SpanProcessor for Collect {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        // An invocation does it, where it can be awaited.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
