//! [`Call`]: a call of a tool, and [`CallContext`]: its invocation, its caller and its session; [`contained`], which keeps a
//! panic, the deadline and the errors of a call inside.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::caller::Caller;
use super::definition::is_name;
use super::error::{INVALID, Opaque, OpaqueKind, ToolError, UNKNOWN};
use super::input::Arguments;
use super::outcome::Outcome;
use super::session::Session;
use crate::core::deadline::{DeadlineExceeded, MARGIN, until};
use crate::core::error::{BoxError, NamedErrors, Stated, log};
use crate::core::invocation::Invocation;
use crate::core::panic::{Cancellable, contained as contained_drop};

/// A call of a tool: the request of a layer around the tools, as of
/// [`Function::layer`](crate::Function::layer) on a function of tools.
///
/// # Example
///
/// ```
/// use pilaster::Invocation;
/// use pilaster::tools::{Call, CallContext};
/// use serde_json::json;
///
/// let context = CallContext::new(Invocation::new(Default::default()));
/// let call = Call::new("weather", json!({ "city": "Paris" }), context);
/// assert_eq!(call.name(), "weather");
/// assert_eq!(call.arguments().to_value().unwrap()["city"], "Paris");
/// ```
#[derive(Clone)]
pub struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Arguments,
    pub(crate) context: CallContext,
}

impl Call {
    /// Creates a call.
    pub fn new(name: impl Into<String>, arguments: impl Into<Arguments>, context: CallContext) -> Self {
        Self { name: name.into(), arguments: arguments.into(), context }
    }

    /// Returns the name under which the tool was called. It is the caller's text until a tool of this name is found.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the arguments.
    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    /// Returns the invocation, the caller and the session.
    pub fn context(&self) -> &CallContext {
        &self.context
    }
}

/// Arguments and the session may be personal, and are not shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("context", &self.context).finish_non_exhaustive()
    }
}

/// The invocation, the caller and the session of a call.
///
/// # Example
///
/// ```
/// use pilaster::Invocation;
/// use pilaster::tools::{CallContext, Caller};
///
/// let context = CallContext::new(Invocation::new(Default::default()));
/// assert_eq!(context.caller(), &Caller::Direct);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CallContext {
    invocation: Invocation,
    caller: Caller,
    session: Session,
    margin: Option<Duration>,
}

impl CallContext {
    /// Creates the context of a call by [`Caller::Direct`], with an empty session.
    pub fn new(invocation: Invocation) -> Self {
        Self { invocation, caller: Caller::Direct, session: Session::default(), margin: Some(MARGIN) }
    }

    /// Sets the caller.
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Sets the session.
    pub fn with_session(mut self, session: Session) -> Self {
        self.session = session;
        self
    }

    /// Sets the time between the cancellation of the work and the deadline: 250 ms by default, and at most half of the
    /// available time. With `None`, nothing is cancelled.
    pub fn with_margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.margin = margin.into();
        self
    }

    /// Returns the invocation.
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Returns the caller.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the session.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

/// The name of the tool of a call, and the error types that may reach the model from it.
pub(crate) type Called<'t> = Option<(&'static str, &'t NamedErrors)>;

/// Runs a call to its end or to the deadline. An error that is not written for the model, a panic and a time-out are
/// logged here, once, and are opaque.
pub(crate) async fn contained<E: Into<BoxError>>(
    call: impl Future<Output = Result<Outcome, E>>,
    context: &CallContext,
    tool: Called<'_>,
    errors: &NamedErrors,
) -> Outcome {
    #[cfg(feature = "otel")]
    super::spans::began(tool.map(|(name, _)| name), &context.caller);
    let outcome = ended(call, context, tool, errors).await;
    #[cfg(feature = "otel")]
    super::spans::ended(&outcome, &context.caller);
    outcome
}

async fn ended<E: Into<BoxError>>(
    call: impl Future<Output = Result<Outcome, E>>,
    context: &CallContext,
    called: Called<'_>,
    errors: &NamedErrors,
) -> Outcome {
    let tool = called.map(|(name, _)| name);
    let invocation = &context.invocation;
    let opaque = |kind| Outcome::Opaque(Opaque { kind, request_id: invocation.request_id().to_owned() });
    let until = context.margin.and_then(|margin| until(invocation, margin));
    // The conversion and the texts of an error are user code, too.
    let call = async {
        call.await.or_else(|error| {
            let error: BoxError = error.into();
            let result = match stated(&error, called, errors) {
                Some(stated) => {
                    let error_type = stated.error_type.as_str();
                    log(&*error, |error| tracing::info!(tool, error_type, error, "the tool answered with an error"));
                    Ok(Outcome::Failed(stated.into()))
                }
                None => {
                    log(&*error, |error| tracing::error!(tool, error, "the tool failed"));
                    Err(())
                }
            };
            // The `Drop` of an error is the user's code.
            contained_drop(|| drop(error));
            result
        })
    };
    let called = Cancellable::new(AssertUnwindSafe(call).catch_unwind());
    let called = match until {
        None => called.await,
        Some((at, time)) => match tokio::time::timeout_at(at, called).await {
            Ok(called) => called,
            Err(_) => return log_late(tool, &DeadlineExceeded::after(time), invocation),
        },
    };
    match called {
        Ok(Ok(outcome)) => {
            if let Outcome::Invalid(_) = &outcome {
                log_invalid(tool);
            }
            outcome
        }
        Ok(Err(())) => opaque(OpaqueKind::Error),
        Err(payload) => {
            // The payload of a panic may panic again when it is dropped.
            contained_drop(|| drop(payload));
            tracing::error!(tool, error_type = "Panic", error = "the tool panicked", "the tool failed");
            opaque(OpaqueKind::Panic)
        }
    }
}

/// Logs a call whose arguments do not fit. The place and the description may repeat what was sent.
pub(crate) fn log_invalid(tool: Option<&str>) {
    tracing::info!(tool, error_type = INVALID, "the arguments do not fit the tool");
}

/// Logs a call of a tool that does not exist, and marks the span of the invocation. The name is the caller's text, and is
/// shown if it is one that a tool can have.
#[cfg_attr(not(any(feature = "bedrock", feature = "agentcore", feature = "mcp")), allow(dead_code))]
pub(crate) fn log_unknown(name: &str) {
    let tool = Some(name).filter(|name| is_name(name));
    tracing::info!(tool, error_type = UNKNOWN, "the caller names a tool that does not exist");
    #[cfg(feature = "otel")]
    crate::observe::traces::span::set_failed(UNKNOWN);
}

/// Logs a call that is late, and returns its outcome.
pub(crate) fn log_late(tool: Option<&str>, exceeded: &DeadlineExceeded, invocation: &Invocation) -> Outcome {
    tracing::error!(tool, error_type = "Timeout", error = %exceeded, "the tool failed");
    Outcome::Opaque(Opaque { kind: OpaqueKind::Timeout, request_id: invocation.request_id().to_owned() })
}

/// Returns the first error in the chain of causes that was written for the model.
fn stated(error: &BoxError, called: Called<'_>, errors: &NamedErrors) -> Option<Stated> {
    let mut errors = errors.clone();
    called.iter().for_each(|(_, of_tool)| errors.append(of_tool));
    errors.stated_with(&**error, ToolError::stated)
}
