//! [`Invocation`]: the ids, the deadline and the function of one invocation; [`FromInvocation`]: arguments that are
//! made from it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "http")]
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

use crate::core::error::BoxError;
use crate::core::extensions::Extensions;

/// This invocation: its ids, its deadline, its function. Cheap to clone; an extractor in every kind of function.
///
/// # Example
///
/// ```
/// use pilaster::Invocation;
///
/// let mut context = lambda_runtime::Context::default();
/// context.request_id = "52fdfc07".into();
/// let invocation = Invocation::new(context);
/// assert_eq!(invocation.request_id(), "52fdfc07");
/// assert_eq!(invocation.remaining(), None, "a deadline of 1970, as `cargo lambda watch` sends it, is none");
/// ```
#[derive(Clone)]
pub struct Invocation {
    shared: Arc<Shared>,
    cold_start: bool,
    #[cfg(feature = "mcp")]
    response_limit: Option<usize>,
}

/// The part that all clones of an invocation share.
struct Shared {
    context: Context,
    extensions: Extensions,
}

/// The deadline of a test, by tokio's clock, which can be paused.
#[cfg_attr(
    not(any(test, feature = "testing")),
    allow(dead_code, reason = "the layout is the same without the feature")
)]
struct TestDeadline(tokio::time::Instant);

/// The client context and the Cognito identity of the caller may be secret or personal, and are not shown.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("request_id", &self.request_id())
            .field("function_arn", &self.function_arn())
            .field("deadline", &self.deadline())
            .field("cold_start", &self.cold_start)
            .finish_non_exhaustive()
    }
}

/// One mark per process: taken by the first invocation.
static WARM: AtomicBool = AtomicBool::new(false);

/// Returns `true` once the runtime has called the function.
#[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "for metrics"))]
pub(crate) fn has_begun() -> bool {
    WARM.load(Ordering::Relaxed)
}

impl Invocation {
    /// Creates an invocation with this context, not a cold start.
    pub fn new(context: Context) -> Self {
        Self {
            shared: Arc::new(Shared { context, extensions: Extensions::default() }),
            cold_start: false,
            #[cfg(feature = "mcp")]
            response_limit: None,
        }
    }

    /// Creates an invocation whose deadline is in this time; none without it. [`remaining`](Self::remaining) follows
    /// tokio's clock, which a test can pause.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn with_time_left(mut context: Context, left: Option<Duration>) -> Self {
        // About 100 years. Later times overflow the clocks of some systems.
        const MOST: Duration = Duration::from_secs(100 * 365 * 86_400);
        let Some(left) = left.map(|left| left.min(MOST)) else { return Self::new(context) };
        let since = (SystemTime::now() + left).duration_since(UNIX_EPOCH).unwrap_or_default();
        context.deadline = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let invocation = Self::new(context);
        invocation.extensions().insert(TestDeadline(tokio::time::Instant::now() + left));
        invocation
    }

    /// Returns the values that modules share; all clones of an invocation share them.
    pub(crate) fn extensions(&self) -> &Extensions {
        &self.shared.extensions
    }

    /// Shares a value with the layers around this one, by its type; a later one replaces it. It outlives a layer that
    /// is cancelled.
    #[cfg(feature = "http")]
    pub(crate) fn share<T: Clone + Send + Sync + 'static>(&self, value: T) {
        let extensions = self.extensions();
        match extensions.get::<Mutex<T>>() {
            Some(slot) => *slot.lock().unwrap_or_else(PoisonError::into_inner) = value,
            None => extensions.insert(Mutex::new(value)),
        }
    }

    /// Returns the value of this type that an inner layer has [shared](Self::share).
    #[cfg(feature = "http")]
    pub(crate) fn shared<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let slot = self.extensions().get::<Mutex<T>>()?;
        Some(slot.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Creates an invocation; the first one of the process gets `cold_start() == true`, unless Lambda initialised the
    /// sandbox ahead of time (`AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency`), as Powertools counts it.
    pub(crate) fn first_is_cold(context: Context) -> Self {
        // A load first: the line is shared between the workers of a managed instance.
        let cold = !WARM.load(Ordering::Relaxed)
            && !WARM.swap(true, Ordering::Relaxed)
            && crate::core::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() != Some("provisioned-concurrency");
        Self::new(context).with_cold_start(cold)
    }

    /// Marks this invocation as a cold start or not. For tests.
    pub fn with_cold_start(mut self, cold_start: bool) -> Self {
        self.cold_start = cold_start;
        self
    }

    /// Sets the largest body of a response that the sender of the request takes, in bytes as JSON. The HTTP adapter does so
    /// unless the response is streamed.
    #[cfg(feature = "mcp")]
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP adapter sets it"))]
    pub(crate) fn limit_response(&mut self, bytes: usize) {
        self.response_limit = Some(bytes);
    }

    /// Returns the largest body of a response, if there is a limit.
    #[cfg(feature = "mcp")]
    pub(crate) fn response_limit(&self) -> Option<usize> {
        self.response_limit
    }

    /// Returns the request id of this invocation, as in the log lines of Lambda.
    pub fn request_id(&self) -> &str {
        &self.shared.context.request_id
    }

    /// Returns the time at which Lambda ends this invocation; `None` where the runtime sent no deadline (0) or one of
    /// 1970, as `cargo lambda watch` does.
    pub fn deadline(&self) -> Option<SystemTime> {
        // One day after the epoch: no real deadline lies there.
        const DAY_MS: u64 = 86_400_000;
        (self.shared.context.deadline > DAY_MS)
            .then(|| UNIX_EPOCH + Duration::from_millis(self.shared.context.deadline))
    }

    /// Returns the time left until [`deadline`](Self::deadline): zero once it has passed, `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        if let Some(TestDeadline(ends)) = self.extensions().get() {
            return Some(ends.saturating_duration_since(tokio::time::Instant::now()));
        }
        self.deadline().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// Returns the ARN that the caller invoked: with the alias or version, if it named one.
    pub fn function_arn(&self) -> &str {
        &self.shared.context.invoked_function_arn
    }

    /// Returns `AWS_LAMBDA_FUNCTION_NAME`.
    pub fn function_name(&self) -> &str {
        &self.shared.context.env_config.function_name
    }

    /// Returns `AWS_LAMBDA_FUNCTION_VERSION`.
    pub fn function_version(&self) -> &str {
        &self.shared.context.env_config.version
    }

    /// Returns the configured memory, in MB.
    pub fn memory_mb(&self) -> i32 {
        self.shared.context.env_config.memory
    }

    /// Returns the tenant, in a function with tenant isolation.
    pub fn tenant_id(&self) -> Option<&str> {
        self.shared.context.tenant_id.as_deref()
    }

    /// Returns the whole X-Ray header: `Root=…;Parent=…;Sampled=…`.
    pub fn trace_header(&self) -> Option<&str> {
        self.shared.context.xray_trace_id.as_deref().filter(|header| !header.is_empty())
    }

    /// Returns the trace id alone: the `Root` of the X-Ray header.
    pub fn trace_id(&self) -> Option<&str> {
        let header = self.trace_header()?;
        header.split(';').find_map(|part| part.trim().strip_prefix("Root="))
    }

    /// Returns `true` for the first invocation of the process.
    pub fn is_cold_start(&self) -> bool {
        self.cold_start
    }

    /// Returns the context of the runtime, for values that have no accessor here.
    pub fn context(&self) -> &Context {
        &self.shared.context
    }
}

/// An argument of a record or event function that is made from its invocation: [`Invocation`] itself, `Client<T>`,
/// `Secret<T>`. In an HTTP function the same types are extractors of requests.
///
/// # Example
///
/// ```
/// use pilaster::{BoxError, FromInvocation, Invocation};
///
/// /// The time until which the function may work.
/// struct Deadline(Option<std::time::SystemTime>);
///
/// impl FromInvocation for Deadline {
///     async fn from_invocation(invocation: &Invocation) -> Result<Self, BoxError> {
///         Ok(Deadline(invocation.deadline()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument beside a record or an event",
    label = "not made from an invocation",
    note = "beside a record or an event a function takes `pilaster::Client<T>`, `pilaster::Secret<T>`, `pilaster::Parameter<T>`, `pilaster::Metrics`, `pilaster::Invocation`, or any type that implements `pilaster::FromInvocation`; the record or the event comes last",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromInvocation: Sized + Send {
    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// The argument could not be made: the record fails, or the invocation.
    fn from_invocation(invocation: &Invocation) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl FromInvocation for Invocation {
    async fn from_invocation(invocation: &Invocation) -> Result<Self, BoxError> {
        Ok(invocation.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_1970_is_no_deadline() {
        let mut context = Context::default();
        context.deadline = 600_000;
        assert_eq!(Invocation::new(context).deadline(), None);
    }

    #[test]
    fn debug_shows_nothing_that_the_caller_sent() {
        let mut context = Context::default();
        context.request_id = "52fdfc07".into();
        context.tenant_id = Some("hunter2".into());
        context.client_context = serde_json::from_str(r#"{"custom":{"token":"hunter2"},"environment":{}}"#).ok();
        context.identity = serde_json::from_str(r#"{"identityId":"hunter2","identityPoolId":"hunter2"}"#).ok();
        assert!(context.client_context.is_some() && context.identity.is_some());
        let shown = format!("{:?}", Invocation::new(context));
        assert!(shown.contains("52fdfc07") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_passed_deadline_leaves_no_time() {
        let mut context = Context::default();
        context.deadline = 1_700_000_000_000;
        assert_eq!(Invocation::new(context).remaining(), Some(Duration::ZERO));
    }

    #[test]
    fn the_trace_id_is_the_root_of_the_header() {
        let mut context = Context::default();
        context.xray_trace_id =
            Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into());
        assert_eq!(Invocation::new(context).trace_id(), Some("1-5759e988-bd862e3fe1be46a994272793"));
    }
}
