//! Secrets from AWS Secrets Manager: typed, cached, refreshed and never printed.
//!
//! A type declares its secret with [`FromSecret`], which is usually derived; [`Secret<T>`] is an argument of a handler.
//! It is read from [`Secrets`], one per registry, with a [cache](crate::config::cache): a time to live of 5 minutes,
//! one call for concurrent callers, a refresh before expiry, and the last good value for an hour during an outage of
//! the service: throttling, a 5xx status, or no response. A refusal (the secret was deleted, access is denied, or its
//! KMS key is disabled) is reported immediately. A value is decoded once, not once per request.
//!
//! [`SecretsLayer`] fetches the declared secrets concurrently before the handler; `#[lambda_handler(warm(Secret<Db>))]`
//! does so in the init phase. Neither is required.
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
//! Without a handler, with your own source:
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
//! A secret may be rotated before its time to live ends. A caller whose secret is rejected fetches a newer one, once:
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
mod fixed;
mod id;
mod layer;
mod request;
mod rotation;
mod source;
mod value;

use std::sync::Arc;
use std::time::Duration;

pub use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};

pub use self::error::SecretError;
pub use self::extract::{Current, FromSecret, Secret};
use self::fixed::Fixed;
pub use self::id::SecretId;
pub use self::layer::SecretsLayer;
pub use self::request::SecretRequest;
use self::rotation::RejectedVersions;
pub use self::source::SecretSource;
use self::source::Writer;
pub use self::value::SecretValue;
use crate::clients::{Clients, FromClients};
use crate::config::cache::Cache;
use crate::config::on_drop::OnDrop;
use crate::core::error::BoxError;

/// Secrets by name, behind a cache. Cheap to clone; clones share their values. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Secrets {
    cache: Cache<SecretId, SecretValue>,
    source: Arc<dyn Writer>,
    rejected: RejectedVersions,
}

impl Secrets {
    /// Creates secrets that are read with this client.
    pub fn new(client: aws_sdk_secretsmanager::Client) -> Self {
        Self::from_source(client)
    }

    /// Creates secrets from any source: a stub, a file, another service.
    pub fn from_source(source: impl SecretSource) -> Self {
        let source = Arc::new(source);
        let fetched = Arc::clone(&source);
        let cache = Cache::new(move |id: SecretId| {
            let source = Arc::clone(&fetched);
            async move { source.fetch(&id).await }
        });
        Self { cache, source, rejected: RejectedVersions::default() }
    }

    /// Creates secrets with these values, by name or ARN, for tests and local runs. Other secrets are unavailable.
    ///
    /// In a local run, `PILASTER_SECRETS=secrets.json` adds such secrets to [`Clients::global`], from a file with a
    /// JSON object.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::{BoxError, Clients, FromSecret, Secret, Secrets};
    ///
    /// #[derive(serde::Deserialize, FromSecret)]
    /// #[secret(env = "DB_SECRET")]
    /// struct Database { user: String }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let clients = Clients::new().with_variable("DB_SECRET", "test/db");
    /// clients.insert(Secrets::fixed([("test/db", r#"{"user": "ada"}"#)]));
    /// assert_eq!(Secret::<Database>::of(&clients).await?.user, "ada");
    /// # Ok::<(), BoxError>(()) })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    pub fn fixed<I, T>(secrets: impl IntoIterator<Item = (I, T)>) -> Self
    where
        I: Into<SecretId>,
        T: Into<SecretString>,
    {
        Self::from_source(Fixed(secrets.into_iter().map(|(id, text)| (id.into(), text.into())).collect()))
    }

    /// Sets the time for which a value is returned without a call of the service: 5 minutes by default. Zero disables
    /// caching, [`Duration::MAX`] keeps values forever.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.cache = self.cache.time_to_live(ttl);
        self
    }

    /// Sets the additional time for which the last good value is returned during an outage of the service: 1 hour by
    /// default. Zero disables this.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        self.cache = self.cache.last_good(time);
        self
    }

    /// Creates a read of the secret with this name or ARN: `secrets.get("id").text().await`, `.json()`, `.binary()`.
    pub fn get(&self, id: impl Into<SecretId>) -> SecretRequest<'_> {
        SecretRequest::new(self, id.into())
    }

    /// Returns a newer value than a rejected one: the cached one if it already differs, or the service's current one. A
    /// fetch that started before the value was rejected does not count.
    ///
    /// A source that caches values itself, such as the Parameters and Secrets extension, may return the rejected one
    /// again: the error then states that no newer version exists.
    ///
    /// # Errors
    ///
    /// The service fails, or still has the rejected value ([`SecretError::is_unchanged`]); it is then not called again
    /// for 5 s.
    pub async fn fresh(&self, rejected: &SecretValue) -> Result<SecretValue, SecretError> {
        let id = rejected.id();
        if self.cache.at_hand(id).is_some_and(|kept| !kept.is_same(rejected)) {
            let kept = self.get(id.clone()).value().await?;
            if !kept.is_same(rejected) {
                self.rejected.replaced(rejected);
                return Ok(kept);
            }
        }
        let Some(since) = self.rejected.reject(rejected) else { return Err(SecretError::unchanged(id)) };
        let fetched = self.cache.fetch_since(id, since).await;
        let value = fetched.map_err(|error| SecretError::not_fetched(id, error.into_reason()))?.as_ref().clone();
        if value.is_same(rejected) {
            self.rejected.unchanged(rejected);
            return Err(SecretError::unchanged(id));
        }
        self.rejected.replaced(rejected);
        Ok(value)
    }

    /// Writes text as a new version of a secret, and returns the version's id. The secret is created if it does not
    /// exist yet. With a stage ([`SecretId::stage`]) the new version gets only that staging label, otherwise
    /// `AWSCURRENT`. With a version ([`SecretId::version`], 32 to 64 characters) it gets that id, and writing the same
    /// text again changes nothing. The cached values of the secret are dropped for all stages, by name and by ARN;
    /// other processes keep theirs until they expire. They are dropped even if the write fails or is cancelled, since
    /// it may have taken effect.
    ///
    /// The function needs `secretsmanager:PutSecretValue`, and `secretsmanager:CreateSecret` for one that does not
    /// exist. A secret is not created under a stage other than `AWSCURRENT`.
    ///
    /// # Errors
    ///
    /// Access is denied, the service fails, or the source is read-only.
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
    /// /// The step `createSecret` of a rotation creates a version that is not in use yet.
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

    /// Writes bytes like [`set`](Self::set).
    ///
    /// # Errors
    ///
    /// The same as those of [`set`](Self::set).
    pub async fn set_binary(
        &self,
        id: impl Into<SecretId>,
        bytes: impl Into<SecretSlice<u8>>,
    ) -> Result<Option<String>, SecretError> {
        self.write(SecretValue::from_bytes(&id.into(), bytes)).await
    }

    async fn write(&self, value: SecretValue) -> Result<Option<String>, SecretError> {
        // Even if it fails or is cancelled, since it may have taken effect. All stages may have moved.
        let _forget = OnDrop(|| self.forget(value.id()));
        self.source.write(&value).await.map_err(|reason| SecretError::not_written(value.id(), reason))
    }

    fn forget(&self, id: &SecretId) {
        self.cache.forget_if(|kept| kept.is_of_same_secret(id));
        self.rejected.forget_if(|rejected| rejected.id().is_of_same_secret(id));
    }

    /// Drops all values; the next read calls the service.
    pub fn clear(&self) {
        self.cache.clear();
        self.rejected.clear();
    }
}

impl FromClients for Secrets {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?))
    }
}

#[cfg(test)]
mod tests;
