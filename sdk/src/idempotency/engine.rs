//! [`Idempotency`]: the settings, and the steps before and after a call. The layers and `#[idempotent]` are built on
//! it.

mod begin;
mod running;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use lru::LruCache;
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use self::begin::CallKey;
pub(crate) use self::running::Recording;
pub use self::running::Running;
use super::error::IdempotencyError;
#[cfg(feature = "http")]
use super::key;
use super::key::{HashFunction, KeyFormat};
#[cfg(feature = "dynamodb")]
use super::store::DynamoDbStore;
use super::store::{DynStore, IdempotencyRecord, MemoryStore, Store};
use crate::core::env;
use crate::core::expression::Expression;
#[cfg(feature = "http")]
use crate::core::expression::Selected;

/// The longest time-out of a Lambda function
/// ([quotas](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)).
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60);
/// The number of keys for which the end of the last lock is kept.
const LAST_LOCKS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

type ReplayHook = dyn Fn(Value, &IdempotencyRecord) -> Value + Send + Sync;
type Clock = dyn Fn() -> SystemTime + Send + Sync;

static GLOBAL: OnceLock<Idempotency> = OnceLock::new();

/// The member of a recorded result that contains the hash of its caller.
const CALLER: &str = "pilasterCaller";

/// The engine that makes calls idempotent: a call takes effect once per key. Cheap to clone. See the
/// [module docs](super).
#[derive(Clone)]
#[must_use]
pub struct Idempotency {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    store: Arc<dyn DynStore>,
    key: Option<Expression>,
    payload: Option<Expression>,
    required: bool,
    expires_after: Duration,
    lock_for: Duration,
    format: KeyFormat,
    hash: HashFunction,
    prefix: String,
    cache: Option<Arc<Mutex<LruCache<String, begin::CachedRecord>>>>,
    /// The end of the last lock of each key. The next lock of this process ends later, so that locks are unique.
    last_locks: Arc<Mutex<LruCache<String, u64>>>,
    hook: Option<Arc<ReplayHook>>,
    clock: Arc<Clock>,
    disabled: bool,
    mistake: Option<String>,
}

/// The outcome of [`Idempotency::begin`].
#[derive(Debug)]
#[must_use]
pub enum Begun {
    /// This is the first call: run it, then complete or release the lock.
    Run(Running),
    /// The call was repeated: this is the recorded result, as JSON text.
    Replay(Box<RawValue>),
    /// The call has no key, or idempotency is disabled: run it without a record.
    Unkeyed,
}

impl Idempotency {
    /// Creates an engine with records in this store and keys that start with `prefix` (see [`prefix`](Self::prefix)).
    /// By default, the key is the whole document, a result is replayed for an hour, and the lock ends with the
    /// invocation.
    pub fn new(store: impl Store, prefix: impl Into<String>) -> Self {
        Self {
            settings: Arc::new(Settings {
                store: Arc::new(store),
                key: None,
                payload: None,
                required: false,
                expires_after: Duration::from_secs(3600),
                lock_for: LONGEST_INVOCATION,
                format: KeyFormat::Python,
                hash: HashFunction::Md5,
                prefix: prefix.into(),
                cache: None,
                last_locks: Arc::new(Mutex::new(LruCache::new(LAST_LOCKS))),
                hook: None,
                clock: Arc::new(SystemTime::now),
                disabled: false,
                mistake: None,
            }),
        }
    }

    /// Creates an engine like [`new`](Self::new), configured by Powertools' variables: the prefix is
    /// `AWS_LAMBDA_FUNCTION_NAME`, or `test-func` if that is not set. With `POWERTOOLS_IDEMPOTENCY_DISABLED=true` calls
    /// run without records, and a warning is logged.
    pub fn from_env(store: impl Store) -> Self {
        let prefix = env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "test-func".to_owned());
        let disabled = env::boolean(&env::var, "POWERTOOLS_IDEMPOTENCY_DISABLED");
        Self::new(store, prefix).set(|settings| match disabled {
            Ok(disabled) => settings.disabled = disabled.unwrap_or_default(),
            Err(mistake) => settings.mistake = Some(mistake),
        })
    }

    /// Creates an engine like [`from_env`](Self::from_env), with the records in the DynamoDB table that an environment
    /// variable names. In a local run without that variable they are in memory.
    ///
    /// If the variable is not set on Lambda, or Pilaster was built without the feature `dynamodb`, the function does not
    /// start.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::idempotency::{Idempotency, IdempotencyLayer};
    ///
    /// let layer = IdempotencyLayer::new(Idempotency::from_table_variable("IDEMPOTENCY_TABLE").require_key());
    /// # let _ = layer;
    /// ```
    pub fn from_table_variable(variable: &str) -> Self {
        Self::of_table(variable, env::var(variable), env::is_local_run(&env::var))
    }

    fn of_table(variable: &str, table: Option<String>, is_local_run: bool) -> Self {
        match env::table(variable, table, is_local_run) {
            #[cfg(feature = "dynamodb")]
            Ok(Some(table)) => Self::from_env(DynamoDbStore::table(table)),
            Ok(_) => Self::from_env(MemoryStore::new()),
            Err(mistake) => Self::from_env(MemoryStore::new()).set(|settings| settings.mistake = Some(mistake)),
        }
    }

    /// Returns the instance of [`set_global`](Self::set_global), which `#[idempotent]` uses unless `with = ..` names
    /// another one.
    ///
    /// # Errors
    ///
    /// [`set_global`](Self::set_global) was not called.
    pub fn global() -> Result<&'static Self, IdempotencyError> {
        let mistake =
            "no global `Idempotency` is set: call `Idempotency::set_global` first, or pass `#[idempotent(with = ..)]`";
        GLOBAL.get().ok_or_else(|| IdempotencyError::setup(mistake))
    }

    /// Makes this the global instance. Returns `false` if there is already one, which is kept.
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

    /// Sets the JMESPath expression of the key, such as `powertools_json(body).order_id` or `[user, order.id]`. An
    /// expression that is malformed, longer than 4,096 bytes, or has more than 64 chained or nested steps is reported
    /// when a layer is built, or by the first call.
    pub fn key(self, jmespath: &str) -> Self {
        self.expression(jmespath, |settings| &mut settings.key)
    }

    /// Sets the JMESPath expression of the payload that belongs to the key: the same key with a different payload is an
    /// error instead of a replay.
    pub fn payload(self, jmespath: &str) -> Self {
        self.expression(jmespath, |settings| &mut settings.payload)
    }

    /// Rejects a call without a key. By default it runs with a warning, and nothing is recorded.
    pub fn require_key(self) -> Self {
        self.set(|settings| settings.required = true)
    }

    /// Sets the time for which a result is replayed, in whole seconds: 1 hour by default, up to the year 9999 with
    /// `Duration::MAX`. A call that takes longer keeps its lock until it ends.
    pub fn expires_after(self, time: Duration) -> Self {
        self.set(|settings| settings.expires_after = time)
    }

    /// Sets the duration of a lock without a deadline, or with a deadline in the past: 15 minutes by default, the
    /// maximum time-out of Lambda. With `Duration::MAX` the lock of a call whose process ended never expires.
    pub fn lock_for(self, time: Duration) -> Self {
        self.set(|settings| settings.lock_for = time)
    }

    /// Caches the results of up to this many keys in the process, so that their replays do not call the store. 0, the
    /// default, caches nothing.
    pub fn cache(self, keys: usize) -> Self {
        let cache = NonZeroUsize::new(keys).map(|keys| Arc::new(Mutex::new(LruCache::new(keys))));
        self.set(|settings| settings.cache = cache)
    }

    /// Sets the format of keys and results: that of Powertools for Python by default.
    pub fn format(self, format: KeyFormat) -> Self {
        self.set(|settings| settings.format = format)
    }

    /// Sets the hash function of keys and payloads: MD5 by default.
    pub fn hash(self, hash: HashFunction) -> Self {
        self.set(|settings| settings.hash = hash)
    }

    /// Sets the text before the `#` of a key. It is Powertools' `key_prefix`; without one,
    /// Python's keys start with the function's name, its module and its qualified name: `checkout.app.handler`.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.set(|settings| settings.prefix = prefix.into())
    }

    /// Sets a function that changes each result before it is replayed, like Powertools' `response_hook`. The result of
    /// an HTTP function is `{"statusCode": …, "headers": {…}, "body": "…"}`.
    pub fn on_replay(self, hook: impl Fn(Value, &IdempotencyRecord) -> Value + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.hook = Some(Arc::new(hook)))
    }

    /// Sets the clock, for tests.
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// Disables the engine, as `POWERTOOLS_IDEMPOTENCY_DISABLED=true` does.
    #[cfg(test)]
    #[cfg(feature = "http")]
    pub(crate) fn off(self) -> Self {
        self.set(|settings| settings.disabled = true)
    }

    /// Returns the first error in the settings.
    pub(crate) fn mistake(&self) -> Option<&str> {
        self.settings.mistake.as_deref()
    }

    /// Adds a function's name to the prefix, so that two functions never share a key.
    #[cfg(feature = "macros")]
    pub(crate) fn of_function(&self, function: &str) -> Self {
        let prefix = format!("{}.{function}", self.settings.prefix);
        self.clone().set(|settings| settings.prefix = prefix)
    }

    /// Returns `true` if a call without a key is an error.
    #[cfg(all(feature = "http", feature = "openapi"))]
    pub(crate) fn requires_key(&self) -> bool {
        self.settings.required
    }

    /// Returns `true` if an expression selects the key.
    #[cfg(any(feature = "http", feature = "records"))]
    pub(crate) fn has_key(&self) -> bool {
        self.settings.key.is_some()
    }

    /// Returns what identifies the record of this key, whatever the hash function of the records: a caller can construct
    /// two keys with one MD5 hash.
    #[cfg(feature = "http")]
    pub(crate) fn identity(&self, key: &Selected) -> Result<String, IdempotencyError> {
        let hash = key::hash(key, HashFunction::Sha256, self.settings.format)?;
        Ok(format!("{}#{hash}", self.settings.prefix))
    }

    /// Returns `true` if an expression selects a payload.
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
