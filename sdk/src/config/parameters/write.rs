//! [`WriteRequest`]: a write of a parameter.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt};

use super::{ParameterError, ParameterId, Parameters};
use crate::config::on_drop::OnDrop;

/// The type of an SSM parameter
/// ([`Type`](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Text.
    #[default]
    String,
    /// A list of strings, separated by commas.
    StringList,
    /// Text encrypted by KMS.
    SecureString,
}

/// The tier of an SSM parameter, which determines its maximum size and its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterTier {
    /// Up to 4 KB, free of charge.
    #[default]
    Standard,
    /// Up to 8 KB, charged.
    Advanced,
    /// The standard tier if it suffices, the advanced one otherwise.
    IntelligentTiering,
}

/// The parameter to write. `Debug` does not print its value.
#[derive(Clone)]
#[non_exhaustive]
pub struct ParameterWrite {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// `true` if an existing parameter is replaced.
    pub overwrite: bool,
    /// The type.
    pub kind: ParameterKind,
    /// The tier.
    pub tier: ParameterTier,
    /// The description.
    pub description: Option<String>,
    /// The KMS key of a `SecureString`; the account's default key otherwise.
    pub key_id: Option<String>,
}

impl fmt::Debug for ParameterWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterWrite").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A write of a parameter, created by [`Parameters::set`]; await it for the new version.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::{ParameterError, Parameters};
///
/// async fn raise(parameters: &Parameters) -> Result<i64, ParameterError> {
///     parameters.set("/shop/limit", "40").overwrite().await
/// }
/// # let _ = raise;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct WriteRequest<'a> {
    parameters: &'a Parameters,
    write: ParameterWrite,
}

impl<'a> WriteRequest<'a> {
    pub(super) fn new(parameters: &'a Parameters, name: String, value: String) -> Self {
        let (kind, tier) = (ParameterKind::default(), ParameterTier::default());
        let write = ParameterWrite { name, value, overwrite: false, kind, tier, description: None, key_id: None };
        Self { parameters, write }
    }

    /// Replaces an existing parameter, which is an error otherwise.
    pub fn overwrite(mut self) -> Self {
        self.write.overwrite = true;
        self
    }

    /// Sets the type: `String` by default.
    pub fn kind(mut self, kind: ParameterKind) -> Self {
        self.write.kind = kind;
        self
    }

    /// Sets the tier: standard by default.
    pub fn tier(mut self, tier: ParameterTier) -> Self {
        self.write.tier = tier;
        self
    }

    /// Sets the description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.write.description = Some(description.into());
        self
    }

    /// Sets the KMS key of a `SecureString`.
    pub fn key_id(mut self, key: impl Into<String>) -> Self {
        self.write.key_id = Some(key.into());
        self
    }

    /// Writes the parameter and returns its version. The cached values of its name, its labels, its ARN and all paths
    /// are removed, even if the write fails or is dropped, since it may have taken effect.
    ///
    /// # Errors
    ///
    /// The parameter exists and is not overwritten, access is denied, or the source is read-only.
    pub async fn send(self) -> Result<i64, ParameterError> {
        let Self { parameters, write } = self;
        // Even if it fails or is dropped: it may have taken effect.
        let _forget = OnDrop(|| parameters.forget(&write.name));
        parameters
            .source
            .write(&write)
            .await
            .map_err(|reason| ParameterError::not_written(&ParameterId::from(write.name.as_str()), reason))
    }
}

impl<'a> IntoFuture for WriteRequest<'a> {
    type Output = Result<i64, ParameterError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.send().boxed()
    }
}
