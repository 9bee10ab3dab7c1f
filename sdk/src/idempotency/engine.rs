//! [`Idempotency`]: what a call goes through before and after it runs. The layers and `#[idempotent]` are made of it.

mod running;
mod steps;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use lru::LruCache;
use serde_json::Value;
use serde_json::value::RawValue;

pub use self::running::Running;
#[cfg(feature = "macros")]
pub(crate) use self::running::finish;
#[cfg(any(feature = "http", feature = "records", feature = "macros"))]
pub(crate) use self::steps::Call;
#[cfg(feature = "http")]
pub(crate) use self::steps::{CALLER, caller_hash};
use super::error::IdempotencyError;
use super::jmespath::Expression;
use super::key::{Format, Hash};
use super::store::{AnyStore, Record, Store};
use crate::core::env;

/// The longest that Lambda lets a function run
/// ([quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)).
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60);
/// Of how many keys it is remembered when their last lock ends.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// What a replay goes through.
type Hook = dyn Fn(Value, &Record) -> Value + Send + Sync;
type Clock = dyn Fn() -> SystemTime + Send + Sync;

static GLOBAL: OnceLock<Idempotency> = OnceLock::new();

/// Calls that have their effect once: the settings and the steps. Cheap to clone. See the [module docs](super).
#[derive(Clone)]
#[must_use]
pub struct Idempotency {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    store: Arc<dyn AnyStore>,
    key: Option<Expression>,
    payload: Option<Expression>,
    required: bool,
    expires_after: Duration,
    lock_for: Duration,
    format: Format,
    hash: Hash,
    prefix: String,
    cache: Option<Arc<Mutex<LruCache<String, steps::Kept>>>>,
    /// When the last lock of a key ends: the next one of this process ends later, so that no two are the same.
    issued: Arc<Mutex<LruCache<String, u64>>>,
    hook: Option<Arc<Hook>>,
    clock: Arc<Clock>,
    disabled: bool,
    mistake: Option<String>,
}

/// What [`Idempotency::begin`] found.
#[derive(Debug)]
#[must_use]
pub enum Begun {
    /// The first call: run it, then say how it ended.
    Run(Running),
    /// A repeated one: its answer, as JSON text.
    Replay(Box<RawValue>),
    /// There is no key, or idempotency is turned off: run it and record nothing.
    Unkeyed,
}

impl Idempotency {
    /// Calls with records in this store: the key is the whole document, an answer is kept for an hour, the lock ends with the
    /// invocation. `POWERTOOLS_IDEMPOTENCY_DISABLED=true` turns it off, with a warning.
    pub fn new(store: impl Store) -> Self {
        let (disabled, mistake) = match env::boolean(&env::var, "POWERTOOLS_IDEMPOTENCY_DISABLED") {
            Ok(disabled) => (disabled.unwrap_or_default(), None),
            Err(mistake) => (false, Some(mistake)),
        };
        Self {
            settings: Arc::new(Settings {
                store: Arc::new(store),
                key: None,
                payload: None,
                required: false,
                expires_after: Duration::from_secs(3600),
                lock_for: LONGEST_INVOCATION,
                format: Format::Python,
                hash: Hash::Md5,
                prefix: env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "test-func".to_owned()),
                cache: None,
                issued: Arc::new(Mutex::new(LruCache::new(REMEMBERED))),
                hook: None,
                clock: Arc::new(SystemTime::now),
                disabled,
                mistake,
            }),
        }
    }

    /// The process's own, for `#[idempotent]` without `with = ..`.
    ///
    /// # Errors
    ///
    /// [`set_global`](Self::set_global) was not called.
    pub fn global() -> Result<&'static Self, IdempotencyError> {
        let mistake =
            "no `Idempotency` is set: name one by `#[idempotent(with = ..)]`, or call `Idempotency::set_global` first";
        GLOBAL.get().ok_or_else(|| IdempotencyError::setup(mistake))
    }

    /// Makes this the process's own, if there is none yet; whether there was none.
    pub fn set_global(self) -> bool {
        GLOBAL.set(self).is_ok()
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    fn expression(mut self, text: &str, place: fn(&mut Settings) -> &mut Option<Expression>) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        match Expression::parse(text) {
            Ok(expression) => *place(settings) = Some(expression),
            Err(mistake) => settings.mistake = Some(mistake),
        }
        self
    }

    /// The JMESPath expression of the key, such as `powertools_json(body).order_id` or `[user, order.id]`. One that is not
    /// well-formed, has more than 4,096 bytes, or more than 64 steps that follow or contain each other, is told when a layer is
    /// built, or by the first call.
    pub fn key(self, jmespath: &str) -> Self {
        self.expression(jmespath, |settings| &mut settings.key)
    }

    /// The JMESPath expression of the payload that belongs to the key: the same key with another payload is an error, instead
    /// of the other's answer.
    pub fn payload(self, jmespath: &str) -> Self {
        self.expression(jmespath, |settings| &mut settings.payload)
    }

    /// A call without a key is an error. Otherwise it runs, with a warning, and nothing is recorded.
    pub fn require_key(self) -> Self {
        self.set(|settings| settings.required = true)
    }

    /// How long an answer is replayed: 1 hour unless set, in whole seconds; `Duration::MAX` is until the year 9999. A call that takes
    /// longer keeps its lock to the end.
    pub fn expires_after(self, time: Duration) -> Self {
        self.set(|settings| settings.expires_after = time)
    }

    /// How long a lock lasts where no deadline is known, or the deadline is past: 15 minutes unless set, the longest that Lambda lets
    /// a function run. With `Duration::MAX` the lock of a call whose process ended is never free again.
    pub fn lock_for(self, time: Duration) -> Self {
        self.set(|settings| settings.lock_for = time)
    }

    /// Keeps the answers of this many keys in this process as well, so that their replays ask the store nothing. None unless
    /// set; zero is none.
    pub fn cache(self, keys: usize) -> Self {
        let cache = NonZeroUsize::new(keys).map(|keys| Arc::new(Mutex::new(LruCache::new(keys))));
        self.set(|settings| settings.cache = cache)
    }

    /// Shares its table with functions in another language than Python.
    pub fn format(self, format: Format) -> Self {
        self.set(|settings| settings.format = format)
    }

    /// Hashes keys and payloads by another function than MD5.
    pub fn hash(self, hash: Hash) -> Self {
        self.set(|settings| settings.hash = hash)
    }

    /// What stands before the `#` of a key: `AWS_LAMBDA_FUNCTION_NAME` unless set. It is the `key_prefix` of Powertools; without one,
    /// Python's keys begin with the function's name, its module and its qualified name: `checkout.app.handler`.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.set(|settings| settings.prefix = prefix.into())
    }

    /// What a replayed answer goes through, with its record, before it is sent: `response_hook` in Powertools. Of an HTTP function the
    /// answer is `{"statusCode": …, "headers": {…}, "body": "…"}`.
    pub fn on_replay(self, hook: impl Fn(Value, &Record) -> Value + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hook = Some(Arc::new(hook)))
    }

    /// The time of day, for tests.
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// What is wrong with the settings, if anything is.
    pub(crate) fn mistake(&self) -> Option<&str> {
        self.settings.mistake.as_deref()
    }

    /// The same for one function: its name is added to the prefix, so that two functions never share a key.
    #[cfg(feature = "macros")]
    pub(crate) fn of_function(&self, function: &str) -> Self {
        let prefix = format!("{}.{function}", self.settings.prefix);
        self.clone().set(|settings| settings.prefix = prefix)
    }

    /// Whether the key is selected by an expression.
    #[cfg(any(feature = "http", feature = "records"))]
    pub(crate) fn has_key(&self) -> bool {
        self.settings.key.is_some()
    }

    /// Whether a payload is compared.
    #[cfg(any(feature = "http", feature = "records"))]
    pub(crate) fn has_payload(&self) -> bool {
        self.settings.payload.is_some()
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("key", &self.settings.key)
            .field("payload", &self.settings.payload)
            .field("prefix", &self.settings.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
