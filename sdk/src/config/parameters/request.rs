//! [`ParameterRequest`] and [`PathRequest`]: a read of one parameter, or of all below a path.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use serde::de::DeserializeOwned;

use super::batch::Key;
use super::{AutoValue, ParameterError, ParameterId, ParameterPath, ParameterValue, ParameterValues, Parameters};
use crate::config::max_age::MaxAge;

/// A read of one parameter, with its maximum age and its type. Created by [`Parameters::get`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until `text`, `json`, `binary` or `value` is awaited"]
pub struct ParameterRequest<'a> {
    parameters: &'a Parameters,
    id: ParameterId,
    /// `true` if it is fetched by the call for several names.
    is_shared: bool,
    max_age: MaxAge,
}

impl<'a> ParameterRequest<'a> {
    pub(super) fn new(parameters: &'a Parameters, id: ParameterId) -> Self {
        Self { parameters, id, is_shared: false, max_age: MaxAge::TimeToLive }
    }

    /// Uses the call for several names, even for this name alone.
    pub(super) fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    #[cfg(feature = "parameters")]
    pub(super) fn with_max_age(mut self, max_age: MaxAge) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sets whether SSM decrypts a `SecureString`; [`Parameters::decrypt`] sets the default.
    pub fn decrypt(mut self, decrypt: bool) -> Self {
        self.id = self.id.decrypt(decrypt);
        self
    }

    /// Sets the maximum age of the value; a value that this call fetches is cached for this time. Zero always fetches
    /// and caches nothing.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = MaxAge::Of(max_age);
        self
    }

    /// Calls the service even if a value is cached, and caches the response. If the call fails, the last good value is
    /// not used. A source that caches values itself (an extension, or AppConfig until the next poll) may return its
    /// cached one.
    pub fn force(mut self) -> Self {
        self.max_age = MaxAge::Forced;
        self
    }

    /// Returns the raw value.
    ///
    /// # Errors
    ///
    /// It could not be fetched and there is no last good value, or the service refused it.
    pub async fn value(self) -> Result<ParameterValue, ParameterError> {
        let key = Key { id: self.id.or_decrypt(self.parameters.decrypt), is_shared: self.is_shared };
        let value = self.max_age.read(&self.parameters.one, &key).await;
        Ok(value.map_err(|error| ParameterError::not_fetched(&key.id, error.into_reason()))?.as_ref().clone())
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or the value is not UTF-8.
    pub async fn text(self) -> Result<String, ParameterError> {
        self.value().await?.text().map(str::to_owned)
    }

    /// Decodes the value as JSON.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or it is not JSON that matches `T`: the error names a missing
    /// field, but no value.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, ParameterError> {
        self.value().await?.json()
    }

    /// Returns the bytes; text is decoded as base64.
    ///
    /// # Errors
    ///
    /// The same as those of [`value`](Self::value), or the text is not base64.
    pub async fn binary(self) -> Result<Vec<u8>, ParameterError> {
        self.value().await?.binary()
    }

    /// Decodes the value according to the suffix of the name: `.json` is JSON, `.binary` is base64, anything else is
    /// text.
    ///
    /// # Errors
    ///
    /// The same as those of [`json`](Self::json) and [`binary`](Self::binary).
    pub async fn auto(self) -> Result<AutoValue, ParameterError> {
        self.value().await?.auto()
    }
}

/// A read of all parameters below a path, created by [`Parameters::below`]; await it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct PathRequest<'a> {
    parameters: &'a Parameters,
    path: ParameterPath,
    max_age: MaxAge,
}

impl<'a> PathRequest<'a> {
    pub(super) fn new(parameters: &'a Parameters, path: ParameterPath) -> Self {
        Self { parameters, path, max_age: MaxAge::TimeToLive }
    }

    /// Includes all levels below the path; the default is only the next level.
    pub fn recursive(mut self) -> Self {
        self.path = self.path.recursive();
        self
    }

    /// Sets whether SSM decrypts them, like [`ParameterRequest::decrypt`].
    pub fn decrypt(mut self, decrypt: bool) -> Self {
        self.path = self.path.decrypt(decrypt);
        self
    }

    /// Sets their maximum age, like [`ParameterRequest::max_age`].
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = MaxAge::Of(max_age);
        self
    }

    /// Fetches them from the source, like [`ParameterRequest::force`].
    pub fn force(mut self) -> Self {
        self.max_age = MaxAge::Forced;
        self
    }

    /// Returns the values, keyed by their names after the path. Without parameters, the map is empty.
    ///
    /// # Errors
    ///
    /// They could not be fetched and there are no last good values, or the service refused them.
    pub async fn values(self) -> Result<Arc<ParameterValues>, ParameterError> {
        let path = self.path.or_decrypt(self.parameters.decrypt);
        let values = self.max_age.read(&self.parameters.many, &path).await;
        values.map_err(|error| ParameterError::not_fetched(&path, error.into_reason()))
    }
}

impl<'a> IntoFuture for PathRequest<'a> {
    type Output = Result<Arc<ParameterValues>, ParameterError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.values().boxed()
    }
}
