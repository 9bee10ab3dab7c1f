//! [`ParameterSource`]: a source of parameters.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::future::{self, BoxFuture, FutureExt};

use super::{ParameterId, ParameterPath, ParameterValue, ParameterWrite};
use crate::core::error::BoxError;

/// The parameters below a path, keyed by their names after the path.
pub type ParameterValues = BTreeMap<String, ParameterValue>;

/// A source of [`Parameters`](super::Parameters): `aws_sdk_ssm::Client`, AppConfig, a table, an extension, or a stub.
///
/// Only [`fetch`](Self::fetch) is required; a source without paths, without batches or without writes keeps the
/// defaults of the other methods.
pub trait ParameterSource: Send + Sync + 'static {
    /// The maximum number of names in [`fetch_batch`](Self::fetch_batch). With more than one, parameters that are
    /// requested by name together, and typed ones, share its calls; those of
    /// [`Parameters::get`](super::Parameters::get) do not.
    const BATCH: usize = 1;

    /// Fetches the current value of this parameter. The caller caches it, and never runs two calls for the same
    /// parameter concurrently.
    ///
    /// # Errors
    ///
    /// The reason why it is unavailable. The caller adds the parameter's name; the reason must not contain the
    /// value. A parameter that does not exist, or for which access is denied, is a
    /// [`Refused`](crate::config::cache::Refused); any other error counts as an outage.
    fn fetch(&self, id: &ParameterId) -> impl Future<Output = Result<ParameterValue, BoxError>> + Send;

    /// Fetches these parameters in their order, at most [`BATCH`](Self::BATCH) of them, all decrypted or none.
    fn fetch_batch(&self, ids: &[ParameterId]) -> impl Future<Output = Vec<Result<ParameterValue, BoxError>>> + Send {
        future::join_all(ids.iter().map(|id| self.fetch(id)))
    }

    /// Fetches all parameters below a path.
    ///
    /// # Errors
    ///
    /// The reason why they are unavailable.
    fn fetch_below(&self, path: &ParameterPath) -> impl Future<Output = Result<ParameterValues, BoxError>> + Send {
        let _ = path;
        future::ready(Err("this source has no paths".into()))
    }

    /// Writes a parameter and returns its new version.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be written.
    fn write(&self, write: &ParameterWrite) -> impl Future<Output = Result<i64, BoxError>> + Send {
        let _ = write;
        future::ready(Err("this source is read-only".into()))
    }
}

/// The object-safe form, so that [`Parameters`](super::Parameters) has no type parameter.
pub(super) trait AnySource: Send + Sync {
    fn batch(&self) -> usize;
    fn fetch<'a>(&'a self, id: &'a ParameterId) -> BoxFuture<'a, Result<ParameterValue, BoxError>>;
    fn fetch_batch<'a>(&'a self, ids: &'a [ParameterId]) -> BoxFuture<'a, Vec<Result<ParameterValue, BoxError>>>;
    fn fetch_below<'a>(&'a self, path: &'a ParameterPath) -> BoxFuture<'a, Result<ParameterValues, BoxError>>;
    fn write<'a>(&'a self, write: &'a ParameterWrite) -> BoxFuture<'a, Result<i64, BoxError>>;
}

impl<S: ParameterSource> AnySource for S {
    fn batch(&self) -> usize {
        S::BATCH
    }

    fn fetch<'a>(&'a self, id: &'a ParameterId) -> BoxFuture<'a, Result<ParameterValue, BoxError>> {
        ParameterSource::fetch(self, id).boxed()
    }

    fn fetch_batch<'a>(&'a self, ids: &'a [ParameterId]) -> BoxFuture<'a, Vec<Result<ParameterValue, BoxError>>> {
        ParameterSource::fetch_batch(self, ids).boxed()
    }

    fn fetch_below<'a>(&'a self, path: &'a ParameterPath) -> BoxFuture<'a, Result<ParameterValues, BoxError>> {
        ParameterSource::fetch_below(self, path).boxed()
    }

    fn write<'a>(&'a self, write: &'a ParameterWrite) -> BoxFuture<'a, Result<i64, BoxError>> {
        ParameterSource::write(self, write).boxed()
    }
}

impl fmt::Debug for dyn AnySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterSource").finish_non_exhaustive()
    }
}
