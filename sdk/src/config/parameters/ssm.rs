//! SSM's parameters as a source.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterTier as Tier, ParameterType};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future;

use super::{
    ParameterId, ParameterKind, ParameterPath, ParameterSource, ParameterTier, ParameterValue, ParameterValues,
    ParameterWrite,
};
use crate::error::BoxError;

impl ParameterSource for Client {
    /// [GetParameters](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html) takes ten names.
    const BATCH: usize = 10;

    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let call = || self.get_parameter().name(id.name()).with_decryption(id.is_decrypted()).send();
        let output = match call().await {
            Err(error) if is_signature_expired(&error) => call().await?,
            other => other?,
        };
        value(id, &output.parameter.ok_or("the answer has no parameter")?)
    }

    async fn fetch_batch(&self, ids: &[ParameterId]) -> Vec<Result<ParameterValue, BoxError>> {
        let decrypt = ids.first().is_some_and(ParameterId::is_decrypted);
        let call = || {
            let names = ids.iter().map(|id| id.name().to_owned()).collect();
            self.get_parameters().set_names(Some(names)).with_decryption(decrypt).send()
        };
        let output = match call().await {
            Err(error) if is_signature_expired(&error) => call().await,
            other => other,
        };
        let output = match output {
            Ok(output) => output,
            // One name that may not be read, or whose key may not be used, fails the call for all.
            Err(error) if matches!(error.code(), Some("AccessDeniedException" | "InvalidKeyId")) => {
                return future::join_all(ids.iter().map(|id| self.fetch(id))).await;
            }
            Err(error) => {
                let error: Arc<dyn StdError + Send + Sync> = Arc::new(error);
                return ids.iter().map(|_| Err(BoxError::from(Shared(Arc::clone(&error))))).collect();
            }
        };
        let found = |id: &ParameterId| {
            let parameter = output.parameters().iter().find(|parameter| is_named(parameter, id.name()));
            value(id, parameter.ok_or("there is no such parameter")?)
        };
        ids.iter().map(found).collect()
    }

    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        let mut values = ParameterValues::new();
        let mut next = None;
        loop {
            let call = || {
                let request = self.get_parameters_by_path().path(path.path()).recursive(path.is_recursive());
                request.with_decryption(path.is_decrypted()).set_next_token(next.clone()).send()
            };
            let output = match call().await {
                Err(error) if is_signature_expired(&error) => call().await?,
                other => other?,
            };
            for parameter in output.parameters() {
                let full = parameter.name().unwrap_or_default();
                let name = full.strip_prefix(path.path()).unwrap_or(full).trim_start_matches('/');
                let id = ParameterId::new(full.to_owned()).decrypt(path.is_decrypted());
                values.insert(name.to_owned(), value(&id, parameter)?);
            }
            next = output.next_token;
            if next.is_none() {
                return Ok(values);
            }
        }
    }

    async fn write(&self, write: &ParameterWrite) -> Result<i64, BoxError> {
        let kind = match write.kind {
            ParameterKind::String => ParameterType::String,
            ParameterKind::StringList => ParameterType::StringList,
            ParameterKind::SecureString => ParameterType::SecureString,
        };
        let tier = match write.tier {
            ParameterTier::Standard => Tier::Standard,
            ParameterTier::Advanced => Tier::Advanced,
            ParameterTier::IntelligentTiering => Tier::IntelligentTiering,
        };
        let request = self.put_parameter().name(&write.name).value(&write.value).overwrite(write.overwrite);
        let request = request.r#type(kind).tier(tier).set_description(write.description.clone());
        Ok(request.set_key_id(write.key_id.clone()).send().await?.version)
    }
}

fn value(id: &ParameterId, parameter: &Parameter) -> Result<ParameterValue, BoxError> {
    let text = parameter.value().ok_or("it has no value")?;
    let value = ParameterValue::from_text(id, text).with_version(parameter.version().to_string());
    Ok(match parameter.r#type() {
        Some(ParameterType::String) => value.with_kind(ParameterKind::String),
        Some(ParameterType::StringList) => value.with_kind(ParameterKind::StringList),
        Some(ParameterType::SecureString) => value.with_kind(ParameterKind::SecureString),
        _ => value,
    })
}

/// Whether this is the parameter that was asked for by this name: the name itself, with a version or label, or the ARN.
fn is_named(parameter: &Parameter, asked: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default();
    [parameter.name(), parameter.arn()].into_iter().flatten().any(|name| {
        name == asked || asked.strip_prefix(name).is_some_and(|rest| !selector.is_empty() && rest == selector)
    })
}

/// One failure of a call that was for several.
#[derive(Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// A request that was signed, then frozen with the sandbox, and sent minutes later.
fn is_signature_expired(error: &(impl ProvideErrorMetadata + StdError)) -> bool {
    match error.code() {
        Some("RequestExpired") => true,
        Some("InvalidSignatureException") => error.message().is_some_and(|text| text.starts_with("Signature expired")),
        _ => false,
    }
}
