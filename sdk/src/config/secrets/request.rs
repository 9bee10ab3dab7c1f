//! [`SecretRequest`]: a read of one secret.

use std::time::Duration;

use secrecy::{SecretSlice, SecretString};
use serde::de::DeserializeOwned;

use super::{SecretError, SecretId, SecretValue, Secrets};
use crate::config::max_age::MaxAge;

/// A read of one secret, with its version, its maximum age and its type. Created by [`Secrets::get`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until `text`, `json`, `binary` or `value` is awaited"]
pub struct SecretRequest<'a> {
    secrets: &'a Secrets,
    id: SecretId,
    max_age: MaxAge,
}

impl<'a> SecretRequest<'a> {
    pub(super) fn new(secrets: &'a Secrets, id: SecretId) -> Self {
        Self { secrets, id, max_age: MaxAge::TimeToLive }
    }

    pub(super) fn with_max_age(mut self, max_age: MaxAge) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sets the staging label: `AWSCURRENT` by default.
    pub fn stage(mut self, stage: impl Into<String>) -> Self {
        self.id = self.id.stage(stage.into());
        self
    }

    /// Selects a version by its id.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.id = self.id.version(version.into());
        self
    }

    /// Sets the maximum age of the value; a value that this call fetches is cached for this time. Zero always fetches
    /// and caches nothing.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = MaxAge::Of(max_age);
        self
    }

    /// Calls the service even if a value is cached, and caches the response. If the call fails, the last good value is
    /// not used. A source that caches values itself, such as the extension, may return its cached one.
    pub fn force(mut self) -> Self {
        self.max_age = MaxAge::Forced;
        self
    }

    /// Returns the value with its version.
    ///
    /// # Errors
    ///
    /// It could not be fetched and there is no last good value, or the service refused it.
    pub async fn value(self) -> Result<SecretValue, SecretError> {
        match self.max_age.read(&self.secrets.cache, &self.id).await {
            Ok(value) => Ok((*value).clone()),
            Err(error) => Err(SecretError::not_fetched(&self.id, error.into_reason())),
        }
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or the secret is binary.
    pub async fn text(self) -> Result<SecretString, SecretError> {
        self.value().await?.text().cloned()
    }

    /// Decodes the text, or the bytes, as JSON.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or the secret is not JSON that matches `T`: the error names a
    /// missing field, but no value.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, SecretError> {
        self.value().await?.json()
    }

    /// Returns the bytes.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or the secret is text.
    pub async fn binary(self) -> Result<SecretSlice<u8>, SecretError> {
        self.value().await?.binary().cloned()
    }
}
