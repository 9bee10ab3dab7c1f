//! Whole functions without a Runtime API, by Pilaster and hand-written, which `benches/` and `hot` measure.

pub mod mcp;
pub mod orders;
pub mod users;

use lambda_runtime::Context;
use pilaster::{Incoming, Invocation, Outgoing, RawEvent, RawService};
use tower::ServiceExt;

/// A runtime as Pilaster makes it.
///
/// # Panics
///
/// If it cannot be made.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The context that the runtime makes of an invocation's headers.
pub fn context() -> Context {
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    context.invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:users".to_owned();
    context.xray_trace_id = Some("Root=1-66f0a1b2-0123456789abcdef01234567".to_owned());
    context
}

/// One invocation from text to text.
///
/// # Panics
///
/// If the event is no JSON or the function fails.
pub async fn invoke(function: &mut impl RawService, event: &str) -> Outgoing {
    let event = RawEvent::unchecked(event);
    let incoming = Incoming { event, invocation: Invocation::new(context()) };
    function.ready().await.expect("ready").call(incoming).await.expect("an answer")
}
