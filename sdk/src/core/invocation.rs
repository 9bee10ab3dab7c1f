//! [`Invocation`]: the ids, the deadline and the function of one invocation; [`FromInvocation`]: arguments that are made of it.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "cloudformation")]
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

use crate::core::error::BoxError;

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
/// assert_eq!(invocation.remaining(), None, "a deadline in the past, as `cargo lambda watch` sends it, is none");
/// ```
#[derive(Clone)]
pub struct Invocation {
    shared: Arc<Shared>,
    cold_start: bool,
    /// What a test puts in place of the process's registry; a function for Lambda is built without this.
    #[cfg(all(feature = "testing", feature = "clients"))]
    pub(crate) clients: Option<crate::Clients>,
    /// The deadline of a test, by tokio's clock, which can be paused.
    #[cfg(feature = "testing")]
    pub(crate) ends: Option<tokio::time::Instant>,
    /// Where the calls of the function are counted, if its outcome depends on it.
    #[cfg(feature = "cloudformation")]
    calls: Option<Arc<Calls>>,
}

/// What the clones of an invocation have in common.
struct Shared {
    context: Context,
    /// Values that layers share with the layers around them, by type.
    #[cfg(feature = "http")]
    extensions: std::sync::Mutex<http::Extensions>,
}

/// The calls of the function that an invocation made: how many began, and how many of them returned an error.
#[cfg(feature = "cloudformation")]
#[derive(Debug, Default)]
struct Calls {
    begun: AtomicUsize,
    refused: AtomicUsize,
}

/// What the caller sent with the invocation, a client context and an identity of Cognito, may be secret or personal: it is not
/// shown.
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

/// Whether the runtime has called the function, and what runs is no longer its start.
#[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "metrics ask"))]
pub(crate) fn has_begun() -> bool {
    WARM.load(Ordering::Relaxed)
}

impl Invocation {
    /// An invocation with this context, not a cold start.
    pub fn new(context: Context) -> Self {
        Self {
            shared: Arc::new(Shared {
                context,
                #[cfg(feature = "http")]
                extensions: std::sync::Mutex::default(),
            }),
            cold_start: false,
            #[cfg(all(feature = "testing", feature = "clients"))]
            clients: None,
            #[cfg(feature = "testing")]
            ends: None,
            #[cfg(feature = "cloudformation")]
            calls: None,
        }
    }

    /// The same invocation, which counts the calls of the function from here on.
    #[cfg(feature = "cloudformation")]
    pub(crate) fn counting_calls(mut self) -> Self {
        self.calls = Some(Arc::default());
        self
    }

    /// The arguments of the function are made, and it is called.
    #[cfg(feature = "cloudformation")]
    pub(crate) fn call_began(&self) {
        if let Some(calls) = &self.calls {
            calls.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The function returned an error, or was not called since an argument could not be made.
    #[cfg(feature = "cloudformation")]
    pub(crate) fn call_refused(&self) {
        if let Some(calls) = &self.calls {
            calls.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the function was called and each of its calls returned an error. A call that panicked or was cancelled did not return
    /// one, and without a call it was a layer that failed, which may know more.
    #[cfg(feature = "cloudformation")]
    pub(crate) fn all_calls_refused(&self) -> bool {
        let Some(calls) = &self.calls else { return false };
        let begun = calls.begun.load(Ordering::Relaxed);
        begun > 0 && begun == calls.refused.load(Ordering::Relaxed)
    }

    /// The process's first call gets `cold_start() == true`, unless Lambda initialised the sandbox ahead of time
    /// (`AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency`), as Powertools counts it.
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

    /// The request id of this invocation, as in Lambda's own log lines.
    pub fn request_id(&self) -> &str {
        &self.shared.context.request_id
    }

    /// When Lambda ends this invocation; `None` where the runtime sent no deadline (0) or one of 1970, as
    /// `cargo lambda watch` does.
    pub fn deadline(&self) -> Option<SystemTime> {
        // One day after the epoch: no real deadline lies there.
        const DAY_MS: u64 = 86_400_000;
        (self.shared.context.deadline > DAY_MS)
            .then(|| UNIX_EPOCH + Duration::from_millis(self.shared.context.deadline))
    }

    /// The time left until [`deadline`](Self::deadline): zero once it has passed, `None` without one.
    pub fn remaining(&self) -> Option<Duration> {
        #[cfg(feature = "testing")]
        if let Some(ends) = self.ends {
            return Some(ends.saturating_duration_since(tokio::time::Instant::now()));
        }
        self.deadline().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// The ARN that the caller invoked: with the alias or version, if it named one.
    pub fn function_arn(&self) -> &str {
        &self.shared.context.invoked_function_arn
    }

    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub fn function_name(&self) -> &str {
        &self.shared.context.env_config.function_name
    }

    /// `AWS_LAMBDA_FUNCTION_VERSION`.
    pub fn function_version(&self) -> &str {
        &self.shared.context.env_config.version
    }

    /// The configured memory, in MB.
    pub fn memory_mb(&self) -> i32 {
        self.shared.context.env_config.memory
    }

    /// The tenant, in a function with tenant isolation.
    pub fn tenant_id(&self) -> Option<&str> {
        self.shared.context.tenant_id.as_deref()
    }

    /// The whole X-Ray header: `Root=…;Parent=…;Sampled=…`.
    pub fn trace_header(&self) -> Option<&str> {
        self.shared.context.xray_trace_id.as_deref().filter(|header| !header.is_empty())
    }

    /// The trace id alone: the `Root` of the X-Ray header.
    pub fn trace_id(&self) -> Option<&str> {
        let header = self.trace_header()?;
        header.split(';').find_map(|part| part.trim().strip_prefix("Root="))
    }

    /// Whether this is the first invocation of the process.
    pub fn is_cold_start(&self) -> bool {
        self.cold_start
    }

    /// Shares a value with the layers around this one, by its type. It outlives a layer that is cancelled.
    #[cfg(feature = "http")]
    pub(crate) fn share<T: Clone + Send + Sync + 'static>(&self, value: T) {
        self.shared.extensions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(value);
    }

    /// Returns the value of this type that an inner layer has [shared](Self::share).
    #[cfg(feature = "http")]
    pub(crate) fn shared<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.shared.extensions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get().cloned()
    }

    /// The registry of this invocation, where it is not the process's.
    #[cfg(feature = "clients")]
    pub(crate) fn clients(&self) -> Option<&crate::Clients> {
        #[cfg(feature = "testing")]
        return self.clients.as_ref();
        #[cfg(not(feature = "testing"))]
        None
    }

    /// The runtime's own context, for what has no accessor here.
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
/// /// Until when the function may work.
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
    note = "beside a record or an event a function takes `pilaster::Client<T>`, `pilaster::Secret<T>`, `pilaster::Invocation`, or what implements `pilaster::FromInvocation`; the record or the event comes last"
)]
pub trait FromInvocation: Sized + Send {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Why it could not be made; the record fails, or the invocation.
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
