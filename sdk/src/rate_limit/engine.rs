//! [`RateLimit`]: a quota, the store that counts, and what happens if that fails.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::decision::Decision;
use super::error::{RateLimitError, cause};
use super::quota::Quota;
#[cfg(feature = "dynamodb")]
use super::store::DynamoDbStore;
use super::store::{DynStore, MemoryStore, Store};
use crate::core::env;
use crate::core::error::BoxError;
use crate::core::hexadecimal::hexadecimal;

/// The name of a limit that is not named.
const NAME: &str = "caller";
/// The longest name.
const LONGEST_NAME: usize = 64;
/// The time that the store has to respond.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The time between two warnings.
const QUIET: Duration = Duration::from_secs(60);

type Clock = dyn Fn() -> SystemTime + Send + Sync;

/// A limit of requests per key and time. Cheap to clone. See the [module docs](super).
#[derive(Clone)]
#[must_use]
pub struct RateLimit {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    store: Arc<dyn DynStore>,
    quota: Quota,
    name: String,
    fails_closed: bool,
    timeout: Duration,
    clock: Arc<Clock>,
    /// The time of the last warning, for all clones.
    warned: Arc<Mutex<Option<SystemTime>>>,
    mistake: Option<String>,
}

impl RateLimit {
    /// Creates a limit with the name `caller` that counts in this store.
    pub fn new(store: impl Store, quota: Quota) -> Self {
        Self {
            settings: Arc::new(Settings {
                store: Arc::new(store),
                quota,
                name: NAME.to_owned(),
                fails_closed: false,
                timeout: TIMEOUT,
                clock: Arc::new(SystemTime::now),
                warned: Arc::default(),
                mistake: quota.mistake().map(str::to_owned),
            }),
        }
    }

    /// Creates a limit that counts in the DynamoDB table that an environment variable names. In a local run without that
    /// variable it counts in memory.
    ///
    /// If the variable is not set on Lambda, or Pilaster was built without the feature `dynamodb`, the function does not
    /// start.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{self, RateLimitLayer};
    /// use pilaster::rate_limit::{Quota, RateLimit};
    ///
    /// fn api() -> http::Stack {
    ///     let limit = RateLimit::from_table_variable("LIMITS_TABLE", Quota::per_minute(120).burst(20));
    ///     http::Stack::new().rate_limit(RateLimitLayer::new(limit))
    /// }
    /// # let _ = api;
    /// ```
    pub fn from_table_variable(variable: &str, quota: Quota) -> Self {
        Self::of_table(variable, env::var(variable), env::is_local_run(&env::var), quota)
    }

    fn of_table(variable: &str, table: Option<String>, is_local_run: bool, quota: Quota) -> Self {
        match env::table(variable, table, is_local_run) {
            #[cfg(feature = "dynamodb")]
            Ok(Some(table)) => Self::new(DynamoDbStore::table(table), quota),
            Ok(_) => Self::new(MemoryStore::new(), quota),
            Err(mistake) => Self::new(MemoryStore::new(), quota).set(|settings| settings.mistake = Some(mistake)),
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Sets the name of the limit, `caller` by default: of 1 to 64 letters, digits, `-`, `_` and `.`. Callers read it in
    /// the response, and it is a part of the key: limits with another name, or another quota, count apart, and functions
    /// whose limits have the same name, quota and table count together.
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let is_valid = !name.is_empty() && name.len() <= LONGEST_NAME && is_plain(&name);
        self.set(|settings| match is_valid {
            true => settings.name = name,
            false => {
                let mistake = || format!("a name has 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`");
                settings.mistake.get_or_insert_with(mistake);
            }
        })
    }

    /// Refuses requests while the store fails. By default they pass. An HTTP function responds with a 503.
    pub fn fail_closed(self) -> Self {
        self.set(|settings| settings.fails_closed = true)
    }

    /// Sets the time that the store has to respond, before it counts as failed: 1 second by default.
    pub fn timeout(self, time: Duration) -> Self {
        self.set(|settings| settings.timeout = time)
    }

    /// Sets the clock, for tests.
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }

    /// Takes one request from the quota of this key, such as the id of a tenant. The store gets a hash of it.
    ///
    /// # Errors
    ///
    /// The store failed and the limit [fails closed](Self::fail_closed), or the limit is misconfigured.
    pub async fn take(&self, key: &str) -> Result<Decision, RateLimitError> {
        let settings = &*self.settings;
        if let Some(mistake) = &settings.mistake {
            return Err(RateLimitError::setup(format!("rate limit: {mistake}")));
        }
        let now = (settings.clock)();
        let id = self.id(key);
        let taken = tokio::time::timeout(settings.timeout, settings.store.take(&id, &settings.quota, now)).await;
        match taken.unwrap_or_else(|_| Err(late(settings.timeout))) {
            Ok(taken) => {
                let decision = Decision::of(taken, &settings.quota, now);
                #[cfg(feature = "metrics")]
                if !decision.is_allowed() {
                    crate::observe::metrics::BuiltIn::RateLimitRefusals.record(1.0);
                }
                Ok(decision)
            }
            Err(error) => self.failed(error, now),
        }
    }

    fn failed(&self, error: BoxError, now: SystemTime) -> Result<Decision, RateLimitError> {
        let settings = &*self.settings;
        #[cfg(feature = "metrics")]
        crate::observe::metrics::BuiltIn::RateLimitFailures.record(1.0);
        if settings.fails_closed {
            return Err(RateLimitError::store(error));
        }
        let mut warned = settings.warned.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back warns too.
        if warned.is_none_or(|last| now.duration_since(last).unwrap_or(QUIET) >= QUIET) {
            *warned = Some(now);
            drop(warned);
            let limit = &*settings.name;
            tracing::warn!(limit, reason = cause(&*error), "the rate limit could not be checked: requests pass");
        }
        Ok(Decision::unchecked())
    }

    /// Returns the key of the store. A limit whose quota was changed counts anew, since its states would mean other
    /// times.
    fn id(&self, key: &str) -> String {
        let Settings { quota, name, .. } = &*self.settings;
        let hash = Sha256::new()
            .chain_update(quota.limit().to_be_bytes())
            .chain_update(quota.period().as_nanos().to_be_bytes())
            .chain_update(quota.tolerance().as_nanos().to_be_bytes())
            .chain_update(key)
            .finalize();
        format!("rate-limit#{name}#{}", hexadecimal(&hash))
    }

    /// Returns the first error in the settings.
    pub(crate) fn mistake(&self) -> Option<&str> {
        self.settings.mistake.as_deref()
    }

    pub(crate) fn policy(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn quota(&self) -> &Quota {
        &self.settings.quota
    }
}

fn late(time: Duration) -> BoxError {
    format!("the store has not responded within {time:?}").into()
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("name", &self.settings.name)
            .field("quota", &self.settings.quota)
            .field("fails_closed", &self.settings.fails_closed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
