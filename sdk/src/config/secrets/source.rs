//! [`SecretSource`]: where secrets come from; Secrets Manager is one.

use std::error::Error as StdError;

use aws_sdk_secretsmanager::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use secrecy::SecretSlice;

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
