//! Secrets from AWS Secrets Manager: typed, cached, kept fresh, never printed.
//!
//! A type says by [`FromSecret`] (mostly derived) which secret it is made from; [`Secret<T>`] is an argument of a handler. Behind it
//! stands [`Secrets`], one per registry, with a [cache](crate::config::cache): 5 minutes to live, one call however many ask,
//! refreshed ahead of expiry, and the last good value for an hour while the service has an outage: it throttles, answers with a 5xx
//! status or not at all. A refusal (the secret was deleted, may not be read, or its KMS key is disabled) is reported at once. A value
//! is decoded once, not once per request.
//!
//! [`SecretsLayer`] fetches the declared secrets together before the handler; `#[lambda_handler(warm(Secret<Db>))]` does so during
//! init. Neither is needed.
//!
//! # Example
//!
//! ```
//! use pilaster::config::secrets::{ExposeSecret, SecretString};
//! use pilaster::{FromSecret, Secret};
//! use serde::Deserialize;
//!
//! /// The secret's JSON: `{"username": "…", "password": "…"}`.
//! #[derive(Deserialize, FromSecret)]
//! #[secret(id = "prod/database")]
//! struct Database {
//!     username: String,
//!     password: SecretString,
//! }
//!
//! async fn report(Secret(database): Secret<Database>) -> String {
//!     let password = database.password.expose_secret();
//!     format!("logged in as {} with {} characters", database.username, password.len())
//! }
//! # let _ = report;
//! ```
//!
//! By hand, over a source of one's own, as a test does it:
//!
//! ```
//! use pilaster::config::secrets::{ExposeSecret, SecretId, SecretSource, SecretValue, Secrets};
//! use pilaster::BoxError;
//!
//! struct Stub;
//!
//! impl SecretSource for Stub {
//!     async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
//!         Ok(SecretValue::from_text(id, r#"{"retries": 3}"#))
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let secrets = Secrets::from_source(Stub);
//! let settings: std::collections::HashMap<String, u8> = secrets.get("settings").json().await?;
//! assert_eq!(settings["retries"], 3);
//! assert_eq!(secrets.get("settings").text().await?.expose_secret(), r#"{"retries": 3}"#);
//! # Ok::<(), BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```
//!
//! # Rotation
//!
//! A secret can be replaced before its time to live is over. Who is refused with it asks for a newer one, once:
//!
//! ```
//! use pilaster::{BoxError, Secret};
//! # use pilaster::FromSecret;
//! # #[derive(serde::Deserialize, FromSecret)]
//! # #[secret(id = "prod/database")]
//! # struct Database { url: String }
//! # struct Connection;
//! # async fn connect(_: &Database) -> Result<Connection, BoxError> { Ok(Connection) }
//! # fn is_refused(_: &BoxError) -> bool { true }
//!
//! async fn connected(Secret(database): Secret<Database>) -> Result<Connection, BoxError> {
//!     match connect(&database).await {
//!         Err(error) if is_refused(&error) => connect(&*database.fresh().await?).await,
//!         other => other,
//!     }
//! }
//! # let _ = connected;
//! ```

#[cfg(feature = "macros")]
mod check;
mod error;
mod extract;
mod id;
mod layer;
mod refused;
mod source;
mod value;

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};

pub use self::error::SecretError;
pub use self::extract::{Current, FromSecret, Secret};
pub use self::id::SecretId;
#[doc(hidden)]
pub use self::id::SecretVariable;
pub use self::layer::{SecretsLayer, WithSecrets};
use self::refused::Marks;
pub use self::source::SecretSource;
use self::source::Writable;
pub use self::value::SecretValue;
use crate::clients::{Clients, FromClients};
use crate::config::after::After;
use crate::config::cache::{Cache, CacheError};
use crate::core::error::BoxError;

/// After a fetch that brought the refused version again, how long [`Secrets::fresh`] does not ask for another.
const UNCHANGED_PAUSE: Duration = Duration::from_secs(5);

/// Secrets by name, behind a cache. Cheap to clone; clones share their values. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Secrets {
    cache: Cache<SecretId, SecretValue>,
    source: Arc<dyn Writable>,
    marks: Marks,
}

impl Secrets {
    /// The secrets that this client reads.
    pub fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self::from_source(client)
    }

    /// The secrets of any source: a stub, a file, another service.
    pub fn from_source(source: impl SecretSource) -> Self {
        let source = Arc::new(source);
        let fetched = Arc::clone(&source);
        let cache = Cache::new(move |id: SecretId| {
            let source = Arc::clone(&fetched);
            async move { source.fetch(&id).await }
        });
        Self { cache, source, marks: Marks::default() }
    }

    /// How long a value is handed out without asking the service again: 5 minutes unless set. Zero keeps nothing,
    /// [`Duration::MAX`] keeps it for ever.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.cache = self.cache.time_to_live(ttl);
        self
    }

    /// How much longer the last good value is handed out while the service has an outage: 1 hour unless set. Zero turns that off.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        self.cache = self.cache.last_good(time);
        self
    }

    /// The secret of this name or ARN: `secrets.get("id").text().await`, `.json()`, `.binary()`.
    pub fn get(&self, id: impl Into<SecretId>) -> SecretRequest<'_> {
        SecretRequest { secrets: self, id: id.into(), read: Read::Default }
    }

    /// The secret that `T` is made from.
    ///
    /// # Errors
    ///
    /// [`SecretError`] names the secret: it could not be fetched, is not of `T`'s shape, or its variable is not set.
    pub async fn typed<T: FromSecret>(&self) -> Result<Secret<T>, SecretError> {
        let value = self.get(T::secret_id()?).value().await?;
        Ok(Secret(Current::new(self.clone(), value)?))
    }

    /// A newer value than one that was refused: what is kept, if that is another already, else what the service has now. A fetch that
    /// departed before the value was refused does not count.
    ///
    /// A source that keeps values itself, as the Parameters and Secrets extension does, may give the refused one again: then the
    /// error is that there is no newer one.
    ///
    /// # Errors
    ///
    /// The service fails, or still has the refused value ([`SecretError::is_unchanged`]); then it is not asked again for 5 s.
    pub async fn fresh(&self, refused: &SecretValue) -> Result<SecretValue, SecretError> {
        let id = refused.id();
        if self.cache.at_hand(id).is_some_and(|kept| !kept.is_same(refused)) {
            let kept = self.get(id.clone()).value().await?;
            if !kept.is_same(refused) {
                self.marks.replaced(refused);
                return Ok(kept);
            }
        }
        let Some(since) = self.marks.refused(refused) else { return Err(SecretError::unchanged(id)) };
        let fetched = self.cache.fetch_since(id, since).await;
        let value = fetched.map_err(|error| SecretError::not_fetched(id, error.into_reason()))?.as_ref().clone();
        if value.is_same(refused) {
            self.marks.unchanged(refused);
            return Err(SecretError::unchanged(id));
        }
        self.marks.replaced(refused);
        Ok(value)
    }

    /// Writes a text as a new version of a secret; returns the version's id. The secret is created if it does not exist yet. With a
    /// stage ([`SecretId::stage`]) the new version gets that staging label and no other, else `AWSCURRENT`. With a version
    /// ([`SecretId::version`], 32 to 64 characters) it gets that id, and writing the same text again changes nothing. What was
    /// kept of the secret is forgotten here, whatever its stage and whether it was read by name or by ARN; other processes go on
    /// with theirs until it is time to ask. It is forgotten also where the write fails or is given up, since it may have been done.
    ///
    /// The function needs `secretsmanager:PutSecretValue`, and `CreateSecret` for one that does not exist. A secret is not created
    /// under another stage than `AWSCURRENT`.
    ///
    /// # Errors
    ///
    /// It may not be written, the service fails, or the source cannot be written to.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::config::secrets::{SecretError, Secrets};
    ///
    /// use pilaster::config::secrets::SecretId;
    ///
    /// async fn renew(secrets: &Secrets, key: String) -> Result<Option<String>, SecretError> {
    ///     secrets.set("partner/api-key", key).await
    /// }
    ///
    /// /// The step `createSecret` of a rotation: a version that is not in use yet.
    /// async fn prepare(secrets: &Secrets, token: String, password: String) -> Result<Option<String>, SecretError> {
    ///     secrets.set(SecretId::new("prod/database").version(token).stage("AWSPENDING"), password).await
    /// }
    /// # let _ = (renew, prepare);
    /// ```
    pub async fn set(
        &self,
        id: impl Into<SecretId>,
        text: impl Into<SecretString>,
    ) -> Result<Option<String>, SecretError> {
        self.write(SecretValue::from_text(&id.into(), text)).await
    }

    /// As [`set`](Self::set), with bytes.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn set_binary(
        &self,
        id: impl Into<SecretId>,
        bytes: impl Into<SecretSlice<u8>>,
    ) -> Result<Option<String>, SecretError> {
        self.write(SecretValue::from_bytes(&id.into(), bytes)).await
    }

    async fn write(&self, value: SecretValue) -> Result<Option<String>, SecretError> {
        // Also where it fails or is given up: it may have been written. All stages may have moved.
        let _forget = After(|| self.forget(value.id()));
        self.source.write(&value).await.map_err(|reason| SecretError::not_written(value.id(), reason))
    }

    fn forget(&self, id: &SecretId) {
        self.cache.forget_if(|kept| kept.is_of_same_secret(id));
        self.marks.forget_if(|refused| refused.id().is_of_same_secret(id));
    }

    /// Forgets all values; the next call asks the service.
    pub fn clear(&self) {
        self.cache.clear();
        self.marks.clear();
    }
}

impl FromClients for Secrets {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?))
    }
}

/// One read of a secret: which version, how fresh, as what. Made by [`Secrets::get`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until `text`, `json`, `binary` or `value` is awaited"]
pub struct SecretRequest<'a> {
    secrets: &'a Secrets,
    id: SecretId,
    read: Read,
}

#[derive(Clone, Copy, Debug)]
enum Read {
    Default,
    Within(Duration),
    Force,
}

impl SecretRequest<'_> {
    /// Another staging label than `AWSCURRENT`.
    pub fn stage(mut self, stage: impl Into<String>) -> Self {
        self.id = self.id.stage(stage.into());
        self
    }

    /// One version by its id.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.id = self.id.version(version.into());
        self
    }

    /// A value fetched at most this long ago; if this call fetches it, it is kept that long. Zero always fetches and keeps
    /// nothing.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.read = Read::Within(max_age);
        self
    }

    /// Asks the service whatever is kept, and keeps the answer. If that fails, the last good value is no answer. A source that keeps
    /// values itself, as the extension does, may give the one that it keeps.
    pub fn force(mut self) -> Self {
        self.read = Read::Force;
        self
    }

    /// The value with its version.
    ///
    /// # Errors
    ///
    /// It could not be fetched and there is no last good value, or the service refused it.
    pub async fn value(self) -> Result<SecretValue, SecretError> {
        let cache = &self.secrets.cache;
        let value = match self.read {
            Read::Default => cache.get(&self.id).await,
            Read::Within(max_age) => cache.get_within(&self.id, max_age).await,
            Read::Force => cache.fetch(&self.id).await,
        };
        match value {
            Ok(value) => Ok((*value).clone()),
            Err(error) => Err(SecretError::not_fetched(&self.id, CacheError::into_reason(error))),
        }
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value), or the secret is binary.
    pub async fn text(self) -> Result<SecretString, SecretError> {
        self.value().await?.text().cloned()
    }

    /// The text, or the bytes, read as JSON.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value), or the secret is no JSON of `T`'s shape: the error has the field's path and no value.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, SecretError> {
        self.value().await?.json()
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value), or the secret is text.
    pub async fn binary(self) -> Result<SecretSlice<u8>, SecretError> {
        self.value().await?.binary().cloned()
    }
}

#[cfg(test)]
mod tests;
