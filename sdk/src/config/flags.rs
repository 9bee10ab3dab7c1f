//! Feature flags in the schema of Powertools, so that Python and Rust functions share one document.
//!
//! [`Flags`] reads a document from AppConfig (or any other [source of parameters](crate::config::parameters)),
//! validates it, and evaluates its rules for a context; [`Document`] is the engine alone, and its docs describe the
//! schema. The document is cached for 5 seconds, as in Powertools; AppConfig itself is not polled more often than it
//! allows. A document that fails validation is not used: the last good one is kept for an hour, and a warning names the
//! error. The same applies while the source has an outage or does not respond within 1.5 s. A flag must not break a
//! function. Without a document, [`evaluate`](Flags::evaluate) returns the default that the caller passes: after 2
//! seconds at the latest, with a warning when the outage starts and a log line when it ends.
//! [`try_evaluate`](Flags::try_evaluate) returns the error instead.
//!
//! # Example
//!
#![cfg_attr(feature = "appconfig", doc = "```")]
#![cfg_attr(not(feature = "appconfig"), doc = "```ignore")]
//! use pilaster::config::flags::Flags;
//! use pilaster::config::parameters::AppConfig;
//! use pilaster::{BoxError, Client, Clients, FromClients};
//! use serde_json::json;
//!
//! /// The shop's flags, made once per process.
//! #[derive(Clone)]
//! struct Features(Flags);
//!
//! impl FromClients for Features {
//!     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
//!         Ok(Self(Flags::new(AppConfig::new(clients.get().await?, "shop", "prod"), "features")))
//!     }
//! }
//!
//! async fn price(Client(Features(flags)): Client<Features>) -> String {
//!     let context = json!({ "tier": "premium", "username": "ada" });
//!     let discount = flags.evaluate("discount", &context, 0.0_f64).await;
//!     format!("{:.2}", 100.0 * (1.0 - discount))
//! }
//! # let _ = price;
//! ```

mod condition;
mod document;
mod error;
mod ordered;
mod time;

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jmespath::Expression;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::document::{Document, SchemaError};
pub use self::error::FlagsError;
use crate::config::cache::Cache;
use crate::config::parameters::{ParameterId, ParameterSource, ParameterValue};
use crate::core::clock::Moment;
use crate::core::error::{BoxError, chain};
use crate::core::layer_mistakes::reject;

/// The time for which the source is not called again after a failure without a cached document.
const PAUSE: Duration = Duration::from_secs(5);

/// The maximum number of flags that are logged as using their default: names may come from requests.
const MOST_NAMED: usize = 128;

type Fetch = dyn Fn(ParameterId) -> BoxFuture<'static, Result<ParameterValue, BoxError>> + Send + Sync;
type Read = (ParameterValue, Arc<Document>);
type Clock = dyn Fn() -> SystemTime + Send + Sync;

/// Feature flags of one document. Cheap to clone; clones share the document. See the [module docs](self).
#[derive(Clone)]
pub struct Flags {
    fetch: Arc<Fetch>,
    id: ParameterId,
    envelope: Option<Arc<Expression<'static>>>,
    cache: Cache<Key, Arc<Document>>,
    time_to_live: Duration,
    last_good: Duration,
    longest_wait: Duration,
    clock: Arc<Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The reason why there is no document, and the time at which it was last observed.
    outage: Option<(FlagsError, Moment)>,
    /// The hashes of the flags that have been logged as using their default, at most [`MOST_NAMED`].
    named: HashSet<u64>,
}

/// The cache's key, which log lines and errors display by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key(ParameterId);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the feature flags `{}`", self.0.name())
    }
}

impl Flags {
    /// Creates flags from a document of this source: for AppConfig, from the profile with this name.
    pub fn new(source: impl ParameterSource, name: impl Into<ParameterId>) -> Self {
        let source = Arc::new(source);
        let fetch = move |id: ParameterId| {
            let source = Arc::clone(&source);
            async move { source.fetch(&id).await }.boxed()
        };
        let fetch: Arc<Fetch> = Arc::new(fetch);
        Self {
            cache: documents(Arc::clone(&fetch), None),
            fetch,
            id: name.into(),
            envelope: None,
            time_to_live: Duration::from_secs(5),
            last_good: Duration::from_secs(3600),
            longest_wait: Duration::from_secs(2),
            clock: Arc::new(SystemTime::now),
            state: Arc::default(),
        }
        .with_policy()
    }

    /// Sets the location of the features in a larger document: a JMESPath expression, which may call Powertools'
    /// functions `powertools_json`, `powertools_base64` and `powertools_base64_gzip`.
    ///
    /// # Panics
    ///
    /// If the expression cannot be parsed, is longer than 4,096 bytes, or has more than 64 chained or nested
    /// steps.
    #[must_use]
    pub fn envelope(mut self, expression: &str) -> Self {
        let compiled = crate::core::expression::check(expression)
            .and_then(|()| ordered::RUNTIME.compile(expression).map_err(|error| error.to_string()));
        let envelope = match compiled {
            Ok(envelope) => Arc::new(envelope),
            Err(error) => {
                reject(format_args!(
                    "the envelope `{expression}` of the feature flags is not a JMESPath expression: {error}"
                ));
                return self;
            }
        };
        self.cache = documents(Arc::clone(&self.fetch), Some(Arc::clone(&envelope)));
        self.envelope = Some(envelope);
        self.with_policy()
    }

    /// Sets the time for which a document is used without a call of the source: 5 seconds by default.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.time_to_live = ttl;
        self.with_policy()
    }

    /// Sets the additional time for which the last good document is used while the source fails or returns an invalid
    /// one: 1 hour by default.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        self.last_good = time;
        self.with_policy()
    }

    /// Sets the time that a call waits for a document before it uses its default: 2 seconds by default. With a cached
    /// document, a call waits at most 1.5 seconds and then uses the cached one.
    #[must_use]
    pub fn longest_wait(mut self, time: Duration) -> Self {
        self.longest_wait = time;
        self
    }

    /// Sets the clock for conditions on the time, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn with_policy(mut self) -> Self {
        self.cache = self.cache.time_to_live(self.time_to_live).last_good(self.last_good);
        self
    }

    /// Evaluates this flag for a context: an object, such as a struct or map. Returns the default if the flag does not
    /// exist, the document is unavailable, or the value does not deserialize as `T`.
    pub fn evaluate<T: DeserializeOwned + Send>(
        &self,
        name: &str,
        context: &impl Serialize,
        default: T,
    ) -> impl Future<Output = T> + Send {
        let context = to_context(context);
        async move {
            match self.value(name, context).await {
                Ok(Some(value)) => serde_json::from_value(value).unwrap_or_else(|_| {
                    self.tell_once(name, &FlagsError::wrong_type(name));
                    default
                }),
                Ok(None) => default,
                Err(error) => {
                    // The missing document was logged when the outage started.
                    if !error.is_unavailable() {
                        self.tell_once(name, &error);
                    }
                    default
                }
            }
        }
    }

    /// Evaluates this flag for a context; returns `None` if the flag does not exist.
    ///
    /// # Errors
    ///
    /// The document is unavailable, the value does not deserialize as `T`, or the context is not an object.
    pub fn try_evaluate<T: DeserializeOwned>(
        &self,
        name: &str,
        context: &impl Serialize,
    ) -> impl Future<Output = Result<Option<T>, FlagsError>> + Send {
        let context = to_context(context);
        async move {
            let Some(value) = self.value(name, context).await? else { return Ok(None) };
            serde_json::from_value(value).map(Some).map_err(|_| FlagsError::wrong_type(name))
        }
    }

    /// Returns the flags that are on for this context, in the order of the document; an empty list without a document.
    /// See [`Document::enabled`].
    pub fn enabled_features(&self, context: &impl Serialize) -> impl Future<Output = Vec<String>> + Send {
        let context = to_context(context);
        async move {
            let document = match context {
                Ok(context) => self.document().await.map(|document| (document, context)),
                Err(error) => {
                    self.tell_once("", &error);
                    Err(error)
                }
            };
            let Ok((document, context)) = document else { return Vec::new() };
            document.enabled(&context, (self.clock)()).map(str::to_owned).collect()
        }
    }

    /// Returns the document in use.
    ///
    /// # Errors
    ///
    /// The document could not be loaded in time or failed validation, and there is no last good document.
    pub async fn document(&self) -> Result<Arc<Document>, FlagsError> {
        let key = Key(self.id.clone());
        // A document may have arrived after a call stopped waiting for it.
        if let Some((error, since)) = &self.state().outage
            && since.age() < PAUSE
            && self.cache.at_hand(&key).is_none()
        {
            return Err(error.clone());
        }
        let fetched = match tokio::time::timeout(self.longest_wait, self.cache.get(&key)).await {
            Err(elapsed) => self.cache.at_hand(&key).map(Ok).ok_or(elapsed),
            fetched => fetched,
        };
        let error = match fetched {
            Ok(Ok(document)) => {
                if self.state().outage.take().is_some() {
                    tracing::info!("{key} are available again");
                }
                return Ok((*document).clone());
            }
            Ok(Err(error)) => FlagsError::unavailable(self.id.name(), error.into_reason()),
            Err(_) => {
                let reason = format!("no response within {:?}", self.longest_wait);
                FlagsError::unavailable(self.id.name(), Arc::from(BoxError::from(reason)))
            }
        };
        if self.state().outage.replace((error.clone(), Moment::now())).is_none() {
            let reason = chain(&error).join(": ");
            tracing::warn!(reason, "could not load {key}; using defaults");
        }
        Err(error)
    }

    async fn value(&self, name: &str, context: Result<Value, FlagsError>) -> Result<Option<Value>, FlagsError> {
        let context = context?;
        Ok(self.document().await?.evaluate(name, &context, (self.clock)()).cloned())
    }

    fn tell_once(&self, name: &str, error: &FlagsError) {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let count = {
            let named = &mut self.state().named;
            if named.len() >= MOST_NAMED || !named.insert(hasher.finish()) {
                return;
            }
            named.len()
        };
        let reason = chain(error).join(": ");
        tracing::warn!(flag = name, reason, "a feature flag uses its default");
        if count == MOST_NAMED {
            tracing::warn!("{MOST_NAMED} feature flags used their defaults; others are not logged");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches and parses documents; an unchanged document is not parsed again.
fn documents(fetch: Arc<Fetch>, envelope: Option<Arc<Expression<'static>>>) -> Cache<Key, Arc<Document>> {
    let last: Arc<Mutex<Option<Read>>> = Arc::default();
    Cache::new(move |Key(id)| {
        let (fetched, envelope, last) = (fetch(id), envelope.clone(), Arc::clone(&last));
        async move {
            let value = fetched.await?;
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((read, document)) = &*last
                && read.bytes() == value.bytes()
            {
                return Ok(Arc::clone(document));
            }
            let document = Arc::new(Document::read(value.bytes(), envelope.as_deref())?);
            *last = Some((value, Arc::clone(&document)));
            Ok(document)
        }
    })
}

fn to_context(context: &impl Serialize) -> Result<Value, FlagsError> {
    match serde_json::to_value(context) {
        Ok(context @ Value::Object(_)) => Ok(context),
        Ok(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        _ => Err(FlagsError::no_context()),
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let envelope = self.envelope.as_ref().map(|envelope| envelope.as_str());
        f.debug_struct("Flags").field("id", &self.id).field("envelope", &envelope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
