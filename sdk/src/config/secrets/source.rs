//! [`SecretSource`]: a source of secrets, such as Secrets Manager.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use aws_sdk_secretsmanager::primitives::Blob;
use futures_util::future::{self, BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretSlice};

use super::{SecretId, SecretValue};
use crate::config::aws;
use crate::core::error::BoxError;

/// The stage that Secrets Manager assigns to a version by default.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// A source of [`Secrets`](super::Secrets): `aws_sdk_secretsmanager::Client`, or a stub.
pub trait SecretSource: Send + Sync + 'static {
    /// Fetches the current value of this secret. The caller caches it, and does not run two calls for the same secret
    /// concurrently.
    ///
    /// # Errors
    ///
    /// The reason why it is unavailable. The caller adds the secret's name; it must not contain the value. A secret
    /// that does not exist, or for which access is denied, is a [`Refused`](crate::config::cache::Refused); any other
    /// error counts as an outage.
    fn fetch(&self, id: &SecretId) -> impl Future<Output = Result<SecretValue, BoxError>> + Send;

    /// Writes this as the current version of its secret, or as the version of its id's stage; returns the version's id,
    /// if it has one. If the id contains a version, the new version gets that id. A secret that does not exist is
    /// created.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be written. The caller adds the secret's name; it must not contain the value.
    fn write(&self, value: &SecretValue) -> impl Future<Output = Result<Option<String>, BoxError>> + Send {
        let _ = value;
        future::ready(Err("this source is read-only".into()))
    }
}

/// The object-safe form, so that [`Secrets`](super::Secrets) has no type parameter.
pub(super) trait Writer: Send + Sync {
    fn write<'a>(&'a self, value: &'a SecretValue) -> BoxFuture<'a, Result<Option<String>, BoxError>>;
}

impl<S: SecretSource> Writer for S {
    fn write<'a>(&'a self, value: &'a SecretValue) -> BoxFuture<'a, Result<Option<String>, BoxError>> {
        SecretSource::write(self, value).boxed()
    }
}

impl fmt::Debug for dyn Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSource").finish_non_exhaustive()
    }
}

/// The function needs `secretsmanager:GetSecretValue` to read, `secretsmanager:PutSecretValue` to write, and
/// `secretsmanager:CreateSecret` to write a secret that does not exist yet.
impl SecretSource for Client {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let call = || {
            let request = self.get_secret_value().secret_id(id.name());
            let (version, stage) = (id.version_id().map(str::to_owned), id.version_stage().map(str::to_owned));
            request.set_version_id(version).set_version_stage(stage).send()
        };
        let output = aws::send(call).await.map_err(aws::failed)?;
        let value = match (output.secret_string, output.secret_binary) {
            (Some(text), _) => SecretValue::from_text(id, text),
            (None, Some(blob)) => SecretValue::from_bytes(id, SecretSlice::from(blob.into_inner())),
            (None, None) => return Err("it has no value yet".into()),
        };
        Ok(match output.version_id {
            Some(version) => value.with_version(version),
            None => value,
        })
    }

    async fn write(&self, value: &SecretValue) -> Result<Option<String>, BoxError> {
        let (id, name) = (value.id(), value.id().name());
        let text = || value.text().ok().map(|text| text.expose_secret().to_owned());
        let binary = || value.binary().ok().map(|bytes| Blob::new(bytes.expose_secret()));
        let version = || id.version_id().map(str::to_owned);
        let put = || {
            let request = self.put_secret_value().secret_id(name).set_client_request_token(version());
            let request = request.set_version_stages(id.version_stage().map(|stage| vec![stage.to_owned()]));
            request.set_secret_string(text()).set_secret_binary(binary()).send()
        };
        match aws::send(put).await {
            // The first version of a secret is always the current one, so it cannot have another stage.
            Err(error)
                if error.as_service_error().is_some_and(PutSecretValueError::is_resource_not_found_exception)
                    && id.version_stage().is_none_or(|stage| stage == CURRENT) =>
            {
                let create = || {
                    let request = self.create_secret().name(name).set_client_request_token(version());
                    request.set_secret_string(text()).set_secret_binary(binary()).send()
                };
                Ok(aws::send(create).await.map_err(aws::failed)?.version_id)
            }
            other => Ok(other.map_err(aws::failed)?.version_id),
        }
    }
}
