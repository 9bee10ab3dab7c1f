//! [`Remote`]: the keys of an issuer that are fetched: one fetch at a time, refreshed ahead, the last good ones for an
//! hour, and once more for a key that is not there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::Location;
use crate::config::cache::{Cache, CacheError};
use crate::core::clock::Moment;
use crate::core::error::BoxError;
use crate::core::json::object;
use crate::jwt::error::JwtError;
use crate::jwt::fetch::{Document, checked};
use crate::jwt::key_set::{KeySet, NoKey};
use crate::jwt::token::Token;

/// The time for which keys are fresh: without `max-age`, and its bounds.
const FRESH: Duration = Duration::from_secs(600);
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(86_400);
/// The additional time for which known keys are used while the issuer is unreachable.
const LAST_GOOD: Duration = Duration::from_secs(3600);
/// The time-out of a fetch, which may have two requests, and of a caller.
const PATIENCE: Duration = Duration::from_secs(3);
/// The time after a fetch for an unknown key in which no other one is made.
const COOLDOWN: Duration = Duration::from_secs(30);
/// The longest pause after a failed fetch without known keys; the first one is a second.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(in crate::jwt) struct Remote {
    name: String,
    cache: Cache<String, Fetched>,
    state: Arc<State>,
    pause: Mutex<Pause>,
    /// The last fetch for an unknown key. Locked during that fetch, so that others wait for its result.
    search: tokio::sync::Mutex<Option<Search>>,
}

struct Fetched {
    keys: KeySet,
    at: Moment,
}

/// Fetches the document of a URL.
pub(in crate::jwt) type Fetcher = Box<dyn Fn(String) -> BoxFuture<'static, Result<Document, BoxError>> + Send + Sync>;

/// What the fetches of an issuer share.
struct State {
    location: Location,
    fetcher: Fetcher,
    /// The seconds for which the keys are fresh.
    fresh: AtomicU64,
    /// The URL of the key set, and when it was discovered.
    discovered: Mutex<Option<(String, Moment)>>,
}

#[derive(Clone, Copy)]
struct Search {
    ended: Moment,
    failed: bool,
}

/// The pause after failed fetches.
#[derive(Default)]
struct Pause {
    failures: u32,
    since: Option<Moment>,
}

impl Pause {
    fn left(&self) -> Option<Duration> {
        let all = Duration::from_secs(1 << self.failures.saturating_sub(1).min(5)).min(LONGEST_PAUSE);
        all.checked_sub(self.since?.age()).filter(|left| !left.is_zero())
    }

    /// Counts a failure, unless the pause after the last one has not ended; returns the time that is left.
    fn fail(&mut self) -> Duration {
        if self.left().is_none() {
            (self.failures, self.since) = (self.failures.saturating_add(1), Some(Moment::now()));
        }
        self.left().unwrap_or_default()
    }
}

impl Remote {
    pub(super) fn new(location: Location, fetcher: Fetcher) -> Self {
        let name = match &location {
            Location::Jwks(url) => url.clone(),
            Location::Discovery(issuer) => discovery(issuer),
        };
        // Until the first response, keys are fresh for as long as possible: the cache keeps a value for the time with
        // which its first fetch began.
        let fresh = AtomicU64::new(LONGEST.as_secs());
        let state = Arc::new(State { location, fetcher, fresh, discovered: Mutex::default() });
        let fetching = Arc::clone(&state);
        let cache = Cache::new(move |_| {
            let state = Arc::clone(&fetching);
            async move { timeout(PATIENCE, state.fetch()).await.map_err(|_| no_response())? }
        });
        let cache = cache.time_to_live(LONGEST).last_good(LAST_GOOD).capacity(1);
        Self { name, cache, state, pause: Mutex::default(), search: tokio::sync::Mutex::new(None) }
    }

    pub(super) async fn warm(&self) -> Result<(), JwtError> {
        self.current(Instant::now() + PATIENCE).await.map(|_| ())
    }

    /// Returns whether the key that the token names has signed it.
    pub(super) async fn has_signed(&self, token: &Token<'_>) -> Result<Result<bool, NoKey>, JwtError> {
        let (began, until) = (Moment::now(), Instant::now() + PATIENCE);
        let current = self.current(until).await?;
        let outcome = current.keys.has_signed(token);
        if outcome != Err(NoKey::Unknown) || !current.at.is_before(began) {
            return Ok(outcome);
        }
        let search = self.search(until).await?;
        if search.failed {
            // Whether the key exists is not known.
            return Err(JwtError::keys_unavailable(COOLDOWN.saturating_sub(search.ended.age()), None));
        }
        Ok(self.current(until).await?.keys.has_signed(token))
    }

    /// Returns the keys of the cache, or fetches them.
    async fn current(&self, until: Instant) -> Result<Arc<Fetched>, JwtError> {
        if let Some(left) = self.pause().left() {
            return Err(JwtError::keys_unavailable(left, None));
        }
        let fresh = Duration::from_secs(self.state.fresh.load(Ordering::Relaxed));
        let fetched = timeout_at(until, self.cache.get_within(&self.name, fresh)).await;
        match fetched.map_err(|_| no_response()).and_then(|fetched| fetched.map_err(CacheError::into)) {
            Ok(fetched) => {
                *self.pause() = Pause::default();
                Ok(fetched)
            }
            // There are no keys at hand: until the pause ends, a further fetch would only wait for the same failure.
            Err(cause) => Err(JwtError::keys_unavailable(self.pause().fail(), Some(cause))),
        }
    }

    /// Fetches the keys for one that is not among them, unless that was done recently.
    async fn search(&self, until: Instant) -> Result<Search, JwtError> {
        let unavailable = |_| JwtError::keys_unavailable(Duration::from_secs(1), None);
        let mut last = timeout_at(until, self.search.lock()).await.map_err(unavailable)?;
        if let Some(recent) = last.filter(|search| search.ended.age() < COOLDOWN) {
            return Ok(recent);
        }
        let fetched = timeout_at(until, self.cache.fetch(&self.name)).await;
        let search = Search { ended: Moment::now(), failed: !matches!(fetched, Ok(Ok(_))) };
        *last = Some(search);
        Ok(search)
    }

    fn pause(&self) -> std::sync::MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    async fn fetch(&self) -> Result<Fetched, BoxError> {
        let url = match &self.location {
            Location::Jwks(url) => url.clone(),
            Location::Discovery(issuer) => self.discover(issuer).await?,
        };
        let fetched = self.fetch_keys(url).await;
        if fetched.is_err() {
            // The issuer may have moved its keys.
            self.discovered.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        fetched
    }

    async fn fetch_keys(&self, url: String) -> Result<Fetched, BoxError> {
        let document = (self.fetcher)(url).await?;
        let keys = KeySet::read(&document.body)?;
        if keys.is_secret() {
            return Err("the key set of the issuer has shared secrets, which must not be public".into());
        }
        let fresh = document.max_age.unwrap_or(FRESH).clamp(SHORTEST, LONGEST);
        self.fresh.store(fresh.as_secs(), Ordering::Relaxed);
        Ok(Fetched { keys, at: Moment::now() })
    }

    /// Returns the URL of the key set
    /// ([OpenID Connect Discovery 1.0, 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
    async fn discover(&self, issuer: &str) -> Result<String, BoxError> {
        #[derive(Deserialize)]
        struct Configuration {
            issuer: String,
            jwks_uri: String,
        }
        let known = self.discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((url, _)) = known.filter(|(_, since)| since.age() < LONGEST) {
            return Ok(url);
        }
        let document = (self.fetcher)(discovery(issuer)).await?;
        let configuration: Configuration =
            object(&document.body).ok_or("the discovery document has no `issuer` or no `jwks_uri`")?;
        if configuration.issuer != issuer {
            return Err("the `issuer` of the discovery document is not the configured one".into());
        }
        checked(&configuration.jwks_uri).map_err(|why| format!("the `jwks_uri` of the discovery document {why}"))?;
        let known = Some((configuration.jwks_uri.clone(), Moment::now()));
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(configuration.jwks_uri)
    }
}

fn discovery(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

fn no_response() -> BoxError {
    format!("no response within {PATIENCE:?}").into()
}
