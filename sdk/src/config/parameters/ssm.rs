//! SSM parameters as a source.

use std::error::Error as StdError;
use std::sync::Arc;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterTier as Tier, ParameterType};
use futures_util::future;

use super::id::without_selector;
use super::{
    ParameterId, ParameterKind, ParameterPath, ParameterSource, ParameterTier, ParameterValue, ParameterValues,
    ParameterWrite,
};
use crate::config::aws;
use crate::config::cache::{Chain, Refused};
use crate::core::error::BoxError;

/// [`Parameters::get`](super::Parameters::get) calls GetParameter, and needs `ssm:GetParameter`;
/// [`named`](super::Parameters::named), typed parameters and their layer call GetParameters, and need
/// `ssm:GetParameters`; [`below`](super::Parameters::below) needs `ssm:GetParametersByPath`, and
/// [`set`](super::Parameters::set) `ssm:PutParameter`. A `SecureString` under your own key also needs `kms:Decrypt`, or
/// `kms:Encrypt` to write it.
impl ParameterSource for Client {
    /// [GetParameters](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html) takes
    /// ten names.
    const BATCH: usize = 10;

    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let call = || self.get_parameter().name(id.name()).with_decryption(id.is_decrypted()).send();
        let output = aws::send(call).await.map_err(aws::failed)?;
        value(id, &output.parameter.ok_or("the response has no parameter")?)
    }

    async fn fetch_batch(&self, ids: &[ParameterId]) -> Vec<Result<ParameterValue, BoxError>> {
        let error = match self.several(ids).await {
            Ok(values) => return values,
            Err(error) => error,
        };
        // A name that is malformed or not accessible fails the whole call.
        if Refused::is_in(&*error) && ids.len() > 1 {
            let alone = ids.iter().map(|id| async {
                match self.several(std::slice::from_ref(id)).await {
                    Ok(mut values) => values.pop().unwrap_or_else(|| Err(NOT_ANSWERED.into())),
                    Err(error) => Err(error),
                }
            });
            return future::join_all(alone).await;
        }
        let error: Arc<dyn StdError + Send + Sync> = Arc::from(error);
        ids.iter().map(|_| Err(Shared(Arc::clone(&error)).into())).collect()
    }

    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        let mut values = ParameterValues::new();
        let mut next = None;
        loop {
            let call = || {
                let request = self.get_parameters_by_path().path(path.path()).recursive(path.is_recursive());
                request.with_decryption(path.is_decrypted()).set_next_token(next.clone()).send()
            };
            let output = aws::send(call).await.map_err(aws::failed)?;
            for parameter in output.parameters() {
                let full = parameter.name().unwrap_or_default();
                let name = full.strip_prefix(path.path()).unwrap_or(full).trim_start_matches('/');
                let id = ParameterId::new(full.to_owned()).decrypt(path.is_decrypted());
                values.insert(name.to_owned(), value(&id, parameter)?);
            }
            let token = output.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(values);
            }
            if token == next {
                return Err("the service returned the same page token twice".into());
            }
            next = token;
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
        let request = request.set_key_id(write.key_id.clone());
        Ok(aws::send(|| request.clone().send()).await.map_err(aws::failed)?.version)
    }
}

const NOT_THERE: &str = "there is no such parameter";
const NOT_ANSWERED: &str = "the response contains neither the parameter nor an error for it";

trait Several {
    /// Fetches all of these in one call.
    fn several(
        &self,
        ids: &[ParameterId],
    ) -> impl Future<Output = Result<Vec<Result<ParameterValue, BoxError>>, BoxError>> + Send;
}

impl Several for Client {
    async fn several(&self, ids: &[ParameterId]) -> Result<Vec<Result<ParameterValue, BoxError>>, BoxError> {
        let decrypt = ids.first().is_some_and(ParameterId::is_decrypted);
        let call = || {
            let names = ids.iter().map(|id| id.name().to_owned()).collect();
            self.get_parameters().set_names(Some(names)).with_decryption(decrypt).send()
        };
        let output = aws::send(call).await.map_err(aws::failed)?;
        let found = |id: &ParameterId| {
            let parameter = output.parameters().iter().find(|parameter| is_named(parameter, id.name()));
            if let Some(parameter) = parameter {
                return value(id, parameter);
            }
            // SSM reports a missing label with the name or, if the name is missing too, without it.
            let (plain, _) = without_selector(id.name());
            let is_invalid = output.invalid_parameters().iter().any(|name| name == id.name() || name == plain);
            if is_invalid { Err(Refused::new(NOT_THERE).into()) } else { Err(NOT_ANSWERED.into()) }
        };
        Ok(ids.iter().map(found).collect())
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

/// Returns `true` if this is the parameter with this requested name or ARN, which may end in a version or label.
/// One response can contain both a name and its label, which only the selector distinguishes.
fn is_named(parameter: &Parameter, requested: &str) -> bool {
    let selector = parameter.selector().unwrap_or_default().trim_start_matches(':');
    let (requested, wanted) = without_selector(requested);
    wanted.unwrap_or_default() == selector && [parameter.name(), parameter.arn()].contains(&Some(requested))
}

/// The error of a call for several parameters, shared by each of them.
struct Shared(Arc<dyn StdError + Send + Sync>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Shared").field(&Chain(self)).finish()
    }
}

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The error itself, not its source: a refusal is identified by its type.
        Some(&*self.0)
    }
}
