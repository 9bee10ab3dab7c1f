//! [`SecretSource`]: where secrets come from; Secrets Manager is one.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::{self, BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretSlice};

use super::{SecretId, SecretValue};
use crate::error::BoxError;

/// Where [`Secrets`](super::Secrets) come from: `aws_sdk_secretsmanager::Client`, or a stub.
pub trait SecretSource: Send + Sync + 'static {
    /// The value of this secret now. Nothing is cached here, and no two calls for the same secret run at once.
    ///
    /// # Errors
    ///
    /// Why it cannot be had. The caller adds the secret's name; the value has no place in it.
    fn fetch(&self, id: &SecretId) -> impl Future<Output = Result<SecretValue, BoxError>> + Send;

    /// Writes this as the current version of its secret, or as that of its stage; the version's id, if it has one. A secret that
    /// is not there is made.
    ///
    /// # Errors
    ///
    /// Why it cannot be written. The caller adds the secret's name; the value has no place in it.
    fn write(&self, value: &SecretValue) -> impl Future<Output = Result<Option<String>, BoxError>> + Send {
        let _ = value;
        future::ready(Err("this source cannot be written to".into()))
    }
}

/// The same without its type, so that [`Secrets`](super::Secrets) needs none.
pub(super) trait Writable: Send + Sync {
    fn write<'a>(&'a self, value: &'a SecretValue) -> BoxFuture<'a, Result<Option<String>, BoxError>>;
}

impl<S: SecretSource> Writable for S {
    fn write<'a>(&'a self, value: &'a SecretValue) -> BoxFuture<'a, Result<Option<String>, BoxError>> {
        SecretSource::write(self, value).boxed()
    }
}

impl fmt::Debug for dyn Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSource").finish_non_exhaustive()
    }
}

impl SecretSource for Client {
    async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
        let call = || {
            let request = self.get_secret_value().secret_id(id.name());
            let (version, stage) = (id.version_id().map(str::to_owned), id.version_stage().map(str::to_owned));
            request.set_version_id(version).set_version_stage(stage).send()
        };
        let output = match call().await {
            Err(error) if is_signature_expired(&error) => call().await?,
            other => other?,
        };
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
        let name = value.id().name();
        let text = || value.text().ok().map(|text| text.expose_secret().to_owned());
        let binary = || value.binary().ok().map(|bytes| Blob::new(bytes.expose_secret()));
        let put =
            || self.put_secret_value().secret_id(name).set_secret_string(text()).set_secret_binary(binary()).send();
        let output = match put().await {
            Err(error) if is_signature_expired(&error) => put().await,
            other => other,
        };
        match output {
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                let create = self.create_secret().name(name).set_secret_string(text()).set_secret_binary(binary());
                Ok(create.send().await?.version_id)
            }
            other => Ok(other?.version_id),
        }
    }
}

/// A request that was signed, then frozen with the sandbox, and sent minutes later. The SDK signs anew only where it sees that
/// the clocks differ, and here they do not.
fn is_signature_expired(error: &(impl ProvideErrorMetadata + StdError)) -> bool {
    match error.code() {
        Some("RequestExpired") => true,
        Some("InvalidSignatureException") => error.message().is_some_and(|text| text.starts_with("Signature expired")),
        _ => false,
    }
}
