//! [`WriteRequest`]: a parameter is written.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt};

use super::{ParameterError, ParameterId, Parameters};
use crate::config::on_drop::OnDrop;

/// What kind of parameter SSM keeps
/// ([`Type`](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Text.
    #[default]
    String,
    /// Texts with commas between them.
    StringList,
    /// Text that KMS encrypts.
    SecureString,
}

/// How much SSM keeps, and what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterTier {
    /// Up to 4 KB, free of charge.
    #[default]
    Standard,
    /// Up to 8 KB, charged.
    Advanced,
    /// Standard where it suffices.
    IntelligentTiering,
}

/// What is to be written. Its value does not print.
#[derive(Clone)]
#[non_exhaustive]
pub struct ParameterWrite {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether one that is there is replaced.
    pub overwrite: bool,
    /// What kind.
    pub kind: ParameterKind,
    /// How much.
    pub tier: ParameterTier,
    /// For people.
    pub description: Option<String>,
    /// The KMS key of a `SecureString`; else the account's own.
    pub key_id: Option<String>,
}

impl fmt::Debug for ParameterWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterWrite").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A write of a parameter. Made by [`Parameters::set`]; await it for the new version.
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

    /// Replaces a parameter that is there already; otherwise that is an error.
    pub fn overwrite(mut self) -> Self {
        self.write.overwrite = true;
        self
    }

    /// Another kind than `String`.
    pub fn kind(mut self, kind: ParameterKind) -> Self {
        self.write.kind = kind;
        self
    }

    /// Another tier than standard.
    pub fn tier(mut self, tier: ParameterTier) -> Self {
        self.write.tier = tier;
        self
    }

    /// A description for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.write.description = Some(description.into());
        self
    }

    /// The KMS key of a `SecureString`.
    pub fn key_id(mut self, key: impl Into<String>) -> Self {
        self.write.key_id = Some(key.into());
        self
    }

    /// Writes it; its version. What was kept of it under its name, its labels and its ARN, and of all paths, is forgotten, also where
    /// the write fails or is given up, since it may have been done.
    ///
    /// # Errors
    ///
    /// It is there already and is not to be replaced, may not be written, or the source cannot be written to.
    pub async fn send(self) -> Result<i64, ParameterError> {
        let Self { parameters, write } = self;
        // Also where it fails or is given up: it may have been written.
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
