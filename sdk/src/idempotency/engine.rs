//! [`Idempotency`]: what a call goes through before and after it runs. The layers and `#[idempotent]` are made of it.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use lru::LruCache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::IdempotencyError;
use super::jmespath::{Document, Expression};
use super::key::{self, Format, Hash};
use super::store::{AnyStore, Completion, Lock, Locked, Record, Status, Store, milliseconds, seconds};
use super::text;

/// How often a record is looked at that changes while it is read, as in Powertools.
const ATTEMPTS: u32 = 3;
/// How long after a failed attempt an answer is recorded again: the call has had its effect, so it is worth a wait.
const COMPLETE_AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];
/// How long a failed call waits at most for its lock to be released; after that the lock ends by itself.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);
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
    cache: Option<Arc<Mutex<LruCache<String, Record>>>>,
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
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (disabled, mistake) = match truth(variable("POWERTOOLS_IDEMPOTENCY_DISABLED").as_deref()) {
            Ok(disabled) => (disabled, None),
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
                prefix: variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "test-func".to_owned()),
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
    /// well-formed is told when a layer is built, or by the first call.
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

    /// How long an answer is replayed: 1 hour unless set, in whole seconds.
    pub fn expires_after(self, time: Duration) -> Self {
        self.set(|settings| settings.expires_after = time)
    }

    /// How long a lock lasts where no deadline is known: 15 minutes unless set, the longest that Lambda lets a function run.
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
    pub(super) fn mistake(&self) -> Option<&str> {
        self.settings.mistake.as_deref()
    }

    /// The same for one function: its name is added to the prefix, so that two functions never share a key.
    #[cfg(feature = "macros")]
    pub(super) fn of_function(&self, function: &str) -> Self {
        let prefix = format!("{}.{function}", self.settings.prefix);
        self.clone().set(|settings| settings.prefix = prefix)
    }

    /// Whether the key is selected by an expression.
    #[cfg(any(feature = "http", feature = "records"))]
    pub(super) fn has_key(&self) -> bool {
        self.settings.key.is_some()
    }

    /// Whether a payload is compared.
    #[cfg(any(feature = "http", feature = "records"))]
    pub(super) fn has_payload(&self) -> bool {
        self.settings.payload.is_some()
    }

    /// Runs `work` unless its answer is recorded: then that is the result. An error or a panic leaves no record, nor does
    /// giving up on the future.
    ///
    /// `deadline` is when the invocation ends, and with it the lock ([`Invocation::deadline`](crate::Invocation::deadline)).
    ///
    /// # Errors
    ///
    /// What `work` fails with; [`IdempotencyError`] if it did not run.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::idempotency::{Document, Idempotency, IdempotencyError, MemoryStore};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let idempotency = Idempotency::new(MemoryStore::new()).key("order_id");
    /// let order = Document::of(&serde_json::json!({ "order_id": 7, "amount": 100 }))?;
    /// for _ in 0..2 {
    ///     let charge = || async { Ok::<_, IdempotencyError>("charged".to_owned()) };
    ///     assert_eq!(idempotency.run(&order, None, charge).await?, "charged"); // it runs once
    /// }
    /// # Ok::<(), pilaster::BoxError>(()) })?;
    /// # Ok::<(), pilaster::BoxError>(())
    /// ```
    pub async fn run<T, E, W, F>(&self, document: &Document, deadline: Option<SystemTime>, work: W) -> Result<T, E>
    where
        W: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
        T: Serialize + DeserializeOwned,
        E: From<IdempotencyError>,
    {
        finish(self.begin(document, deadline).await?, work).await
    }

    /// Takes the lock of the document's key, or finds its answer.
    ///
    /// # Errors
    ///
    /// The call must not run: its key is in progress, or was used with another payload, or cannot be read, or the store fails.
    pub async fn begin(&self, document: &Document, deadline: Option<SystemTime>) -> Result<Begun, IdempotencyError> {
        let settings = &*self.settings;
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        let whole = || document.value().map_err(|error| error.reason.to_string());
        let key = settings.key.as_ref().map_or_else(whole, |key| key.select(document));
        let key = key.map_err(IdempotencyError::bad_key)?;
        self.begin_with(key, self.payload_of(document)?, deadline).await
    }

    /// What the payload is compared by, if it is.
    pub(super) fn payload_of(&self, document: &Document) -> Result<Option<Value>, IdempotencyError> {
        let payload = self.settings.payload.as_ref().map(|payload| payload.select(document)).transpose();
        payload.map_err(IdempotencyError::bad_key)
    }

    /// Whether nothing is recorded at all.
    fn is_off(&self) -> Result<bool, IdempotencyError> {
        static WARNED: Once = Once::new();
        if let Some(mistake) = &self.settings.mistake {
            return Err(IdempotencyError::setup(mistake));
        }
        if self.settings.disabled {
            WARNED.call_once(|| tracing::warn!("POWERTOOLS_IDEMPOTENCY_DISABLED is set: repeated calls run again"));
        }
        Ok(self.settings.disabled)
    }

    /// The same with what was selected elsewhere.
    pub(super) async fn begin_with(
        &self,
        key: Value,
        payload: Option<Value>,
        deadline: Option<SystemTime>,
    ) -> Result<Begun, IdempotencyError> {
        let settings = &*self.settings;
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        if key::is_missing(&key, settings.format) {
            if settings.required {
                return Err(IdempotencyError::no_key());
            }
            tracing::warn!(key = ?settings.key, "there is no idempotency key: the call runs and is not recorded");
            return Ok(Begun::Unkeyed);
        }
        let hash = |value: &Value| key::hash(value, settings.hash, settings.format);
        let id = format!("{}#{}", settings.prefix, hash(&key)?);
        let validation = payload.as_ref().map(hash).transpose()?;
        for _ in 0..ATTEMPTS {
            let now = (settings.clock)();
            if let Some(record) = self.cached(&id, now) {
                return self.replay(record, validation.as_deref());
            }
            let lock = self.lock(&id, validation.clone(), deadline, now);
            let locked = settings.store.lock(&lock, now).await;
            let record = match locked.map_err(|error| IdempotencyError::store("written", error))? {
                Locked::Ours => return Ok(Begun::Run(Running { idempotency: self.clone(), lock: Some(lock) })),
                Locked::Refused(Some(record)) => Some(record),
                Locked::Refused(None) => {
                    settings.store.get(&lock).await.map_err(|error| IdempotencyError::store("read", error))?
                }
            };
            // What has come to its end since it refused us is free now.
            let now = (settings.clock)();
            let Some(record) = record.filter(|record| !record.is_free(now)) else { continue };
            return self.replay(record, validation.as_deref());
        }
        Err(IdempotencyError::inconsistent())
    }

    fn lock(&self, id: &str, validation: Option<String>, deadline: Option<SystemTime>, now: SystemTime) -> Lock {
        let settings = &*self.settings;
        let end = deadline.map_or_else(|| now + settings.lock_for, |deadline| deadline.max(now));
        let mut issued = settings.issued.lock().unwrap_or_else(PoisonError::into_inner);
        // Two calls in one invocation have one deadline, and yet must not be taken for one another.
        let last = issued.get(id).copied().unwrap_or_default();
        let in_progress_expiration = milliseconds(end).max(last.saturating_add(1));
        issued.put(id.to_owned(), in_progress_expiration);
        Lock {
            id: id.to_owned(),
            expiration: self.expiration(now),
            in_progress_expiration,
            validation,
            format: settings.format,
        }
    }

    fn expiration(&self, now: SystemTime) -> u64 {
        let end = now + self.settings.expires_after;
        match self.settings.format {
            Format::Python => seconds(end),
            // `Math.round`.
            Format::TypeScript => milliseconds(end).saturating_add(500) / 1000,
        }
    }

    fn cached(&self, id: &str, now: SystemTime) -> Option<Record> {
        let mut cache = self.settings.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let record = cache.get(id)?;
        if record.is_expired(now) {
            cache.pop(id);
            return None;
        }
        Some(record.clone())
    }

    fn keep(&self, record: &Record) {
        if let Some(cache) = &self.settings.cache {
            cache.lock().unwrap_or_else(PoisonError::into_inner).put(record.id.clone(), record.clone());
        }
    }

    fn replay(&self, record: Record, validation: Option<&str>) -> Result<Begun, IdempotencyError> {
        if validation.is_some() && record.validation.as_deref() != validation {
            return Err(IdempotencyError::mismatch());
        }
        if record.status == Status::InProgress {
            return Err(IdempotencyError::in_progress());
        }
        self.keep(&record);
        tracing::debug!(key = record.id, "answered from the idempotency record");
        // TypeScript's `undefined` is no attribute at all.
        let data = record.data.clone().unwrap_or_else(|| "null".to_owned());
        let unreadable = |error| IdempotencyError::answer("read from its record", error);
        let answer = match &self.settings.hook {
            None => RawValue::from_string(data),
            Some(hook) => {
                let value = serde_json::from_str(&data).map_err(unreadable)?;
                serde_json::value::to_raw_value(&hook(value, &record))
            }
        };
        answer.map(Begun::Replay).map_err(unreadable)
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

/// Runs `work` where that is what was found, and decodes the answer where it is not.
pub(super) async fn finish<T, E, W, F>(begun: Begun, work: W) -> Result<T, E>
where
    W: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
    T: Serialize + DeserializeOwned,
    E: From<IdempotencyError>,
{
    let running = match begun {
        Begun::Run(running) => running,
        Begun::Unkeyed => return work().await,
        Begun::Replay(answer) => {
            let answer = serde_json::from_str(answer.get());
            return answer.map_err(|error| IdempotencyError::answer("read from its record", error).into());
        }
    };
    let (running, result) = running.watch(async move { work().await }).await;
    match result {
        Ok(answer) => {
            // The effect is there: an answer that has no JSON form leaves the lock to end by itself.
            match serde_json::value::to_raw_value(&answer) {
                Ok(text) => running.complete(&text).await?,
                Err(error) => running.keep(&error),
            }
            Ok(answer)
        }
        Err(error) => {
            running.release().await;
            Err(error)
        }
    }
}

/// A call that holds the lock of its key. Dropped before it said how it ended, as in a time-out, it releases the lock in the
/// background, as far as the sandbox lives on.
#[must_use = "a running call says how it ended"]
pub struct Running {
    idempotency: Idempotency,
    /// Taken once the call must not be repeated before the lock ends.
    lock: Option<Lock>,
}

impl Running {
    /// Records the answer. If that fails, an ERROR line says so, and the call counts as done: it has had its effect, so its
    /// caller gets the answer, and others are refused until the lock ends.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::is_lost`]: the call took longer than its lock lasted, and another one has run or is running. Its
    /// answer is the one that counts; ask again for it.
    pub async fn complete(mut self, answer: &RawValue) -> Result<(), IdempotencyError> {
        // From here on the lock is not released, even if nobody waits any longer: the effect is there.
        let Some(lock) = self.lock.take() else { return Ok(()) };
        let settings = &*self.idempotency.settings;
        let value = serde_json::from_str::<Value>(answer.get());
        let data = value.ok().filter(text::is_exact).map(|value| text::python(&value));
        let completion = Completion {
            expiration: self.idempotency.expiration((settings.clock)()),
            data: data.unwrap_or_else(|| answer.get().to_owned()),
        };
        let mut again = COMPLETE_AGAIN_AFTER.into_iter();
        loop {
            let error = match settings.store.complete(&lock, &completion).await {
                Ok(true) => break,
                Ok(false) => return Err(IdempotencyError::lost()),
                Err(error) => error,
            };
            let Some(wait) = again.next() else {
                let error: &(dyn std::error::Error + 'static) = &*error;
                tracing::error!(
                    key = lock.id,
                    error,
                    "the answer could not be recorded: a repeated call will run again"
                );
                return Ok(());
            };
            tokio::time::sleep(wait).await;
        }
        self.idempotency.keep(&Record {
            id: lock.id,
            status: Status::Completed,
            expiration: completion.expiration,
            in_progress_expiration: Some(lock.in_progress_expiration),
            data: Some(completion.data),
            validation: lock.validation,
        });
        Ok(())
    }

    /// Releases the lock after a failed call, so that the next one runs. Where that fails, the lock ends by itself.
    pub async fn release(mut self) {
        if let Some(lock) = &self.lock {
            release(&self.idempotency, lock).await;
            self.lock = None;
        }
    }

    /// Leaves the lock to end by itself: the call has had its effect, and what it answers cannot be recorded.
    pub(super) fn keep(mut self, error: &(dyn std::error::Error + 'static)) {
        if let Some(lock) = self.lock.take() {
            tracing::error!(key = lock.id, error, "the answer could not be recorded: a repeated call will run again");
        }
    }

    /// Waits for the call; a panic of it releases the lock before it goes on its way.
    pub(super) async fn watch<F: Future>(self, work: F) -> (Self, F::Output) {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(output) => (self, output),
            Err(panic) => {
                self.release().await;
                resume_unwind(panic)
            }
        }
    }
}

async fn release(idempotency: &Idempotency, lock: &Lock) {
    let released = tokio::time::timeout(RELEASE_WITHIN, idempotency.settings.store.release(lock)).await;
    let error: Option<Box<dyn std::error::Error>> = match released {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error),
        Err(late) => Some(late.into()),
    };
    if let Some(error) = error {
        let error: &(dyn std::error::Error + 'static) = &*error;
        tracing::warn!(key = lock.id, error, "the lock of a failed call could not be released: it ends by itself");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let idempotency = self.idempotency.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(async move { release(&idempotency, &lock).await }));
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("lock", &self.lock).finish_non_exhaustive()
    }
}

/// Powertools' reading of a switch.
fn truth(value: Option<&str>) -> Result<bool, String> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "n" | "no" | "f" | "false" | "off") => Ok(false),
        Some("1" | "y" | "yes" | "t" | "true" | "on") => Ok(true),
        Some(other) => Err(format!("POWERTOOLS_IDEMPOTENCY_DISABLED is `{other}`: write `true` or `false`")),
    }
}

#[cfg(test)]
mod tests;
