//! Parameters from SSM, AppConfig, a DynamoDB table or an extension on localhost: typed, cached and refreshed.
//!
//! A type declares its parameter with `FromParameter`, which is usually derived; `Parameter<T>` is an argument of a
//! handler. It is read from [`Parameters`], with a [cache](crate::config::cache): a time to live of 5 minutes (or
//! `POWERTOOLS_PARAMETERS_MAX_AGE` seconds), one call for concurrent callers, a refresh before expiry, and the last
//! good value for an hour during an outage of the service: throttling, a 5xx status, or no response. A refusal (the
//! parameter was deleted, access is denied, or its KMS key is disabled) is reported immediately.
//!
//! # Calls and permissions
//!
//! The call of SSM depends only on the kind of read, never on the cache:
//!
//! | read | call, and permission |
//! |---|---|
//! | [`get`](Parameters::get) | `ssm:GetParameter` |
//! | [`named`](Parameters::named), `Parameter<T>`, `ParametersLayer`, `typed` | `ssm:GetParameters` |
//! | [`below`](Parameters::below) | `ssm:GetParametersByPath` |
//! | [`set`](Parameters::set) | `ssm:PutParameter` |
//!
//! Concurrent requests with GetParameters share calls of up to ten names, SSM's limit: `ParametersLayer` requests
//! all declared parameters before the handler runs. A refresh uses the call of the read that starts it.
//!
//! Values are never printed, since a `SecureString` is also a parameter. Store secrets in Secrets
//! Manager and read them with `Secrets`, which supports versions and rotation.
//!
//! # Example
//!
//! ```
//! use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue, Parameters};
//! use pilaster::BoxError;
//!
//! /// Your own source; `Parameters::new(client)` uses SSM.
//! struct Stub;
//!
//! impl ParameterSource for Stub {
//!     async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
//!         match id.name() {
//!             "/shop/retries" => Ok(ParameterValue::from_text(id, "3")),
//!             "/shop/limits.json" => Ok(ParameterValue::from_text(id, r#"{"items": 20}"#)),
//!             _ => Err("there is no such parameter".into()),
//!         }
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let parameters = Parameters::from_source(Stub);
//! assert_eq!(parameters.get("/shop/retries").text().await?, "3");
//! assert_eq!(parameters.get("/shop/retries").json::<u8>().await?, 3);
//!
//! let several = parameters.named(["/shop/limits.json", "/shop/nowhere"]).await;
//! assert!(several["/shop/limits.json"].is_ok());
//! assert_eq!(several["/shop/nowhere"].as_ref().unwrap_err().to_string(), "could not get parameter `/shop/nowhere`");
//! # Ok::<(), BoxError>(()) })?;
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # Other sources
//!
//! AppConfig, a table and the extensions are also sources. Your own type adds one to the registry:
//!
#![cfg_attr(feature = "appconfig", doc = "```")]
#![cfg_attr(not(feature = "appconfig"), doc = "```ignore")]
//! use pilaster::config::parameters::{AppConfig, Parameters};
//! use pilaster::{BoxError, Clients, FromClients};
//!
//! #[derive(Clone)]
//! struct Settings(Parameters);
//!
//! impl FromClients for Settings {
//!     async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
//!         Ok(Self(Parameters::from_source(AppConfig::new(clients.get().await?, "shop", "prod"))))
//!     }
//! }
//!
//! async fn limit(Settings(parameters): Settings) -> Result<u32, BoxError> {
//!     Ok(parameters.get("limit").json().await?)
//! }
//! # let _ = limit;
//! ```

#[cfg(feature = "appconfig")]
mod appconfig;
mod batch;
#[cfg(all(feature = "macros", feature = "parameters"))]
mod check;
mod error;
#[cfg(feature = "parameters")]
mod extract;
mod fixed;
mod id;
#[cfg(feature = "parameters")]
mod layer;
mod named_parameters;
mod request;
mod source;
#[cfg(feature = "parameters")]
mod ssm;
#[cfg(all(feature = "parameters", feature = "dynamodb"))]
mod table;
mod value;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;

#[cfg(feature = "appconfig")]
pub use self::appconfig::AppConfig;
use self::batch::{Batches, Key};
pub use self::error::ParameterError;
#[cfg(feature = "parameters")]
pub use self::extract::{FromParameter, Parameter};
use self::fixed::Fixed;
pub use self::id::{ParameterId, ParameterPath};
#[cfg(feature = "parameters")]
pub use self::layer::ParametersLayer;
pub use self::named_parameters::NamedParameters;
pub use self::request::{ParameterRequest, PathRequest};
use self::source::AnySource;
pub use self::source::{ParameterSource, ParameterValues};
#[cfg(all(feature = "parameters", feature = "dynamodb"))]
pub use self::table::Table;
pub use self::value::{AutoValue, ParameterValue};
pub use self::write::{ParameterKind, ParameterTier, ParameterWrite, WriteRequest};
use crate::clients::Variables;
use crate::config::cache::Cache;
use crate::core::env;

const MAX_AGE: &str = "POWERTOOLS_PARAMETERS_MAX_AGE";
const DECRYPT: &str = "POWERTOOLS_PARAMETERS_SSM_DECRYPT";

/// Parameters by name, behind a cache. Cheap to clone; clones share their values. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Parameters {
    source: Arc<dyn AnySource>,
    one: Cache<Key, ParameterValue>,
    many: Cache<ParameterPath, ParameterValues>,
    /// The default for reads: `true` if a `SecureString` is decrypted.
    decrypt: bool,
}

impl Parameters {
    /// Creates parameters from SSM, read with this client.
    #[cfg(feature = "parameters")]
    pub fn new(client: aws_sdk_ssm::Client) -> Self {
        Self::from_source(client)
    }

    /// Creates parameters from any source: AppConfig, a table, an extension, a stub. It does not read the
    /// environment.
    pub fn from_source(source: impl ParameterSource) -> Self {
        let source: Arc<dyn AnySource> = Arc::new(source);
        let batches = Batches::new(Arc::clone(&source));
        let below = Arc::clone(&source);
        Self {
            source,
            one: Cache::new(move |key: Key| batches.clone().fetch(key)),
            many: Cache::new(move |path: ParameterPath| {
                let source = Arc::clone(&below);
                async move { source.fetch_below(&path).await }
            }),
            decrypt: false,
        }
    }

    /// Creates parameters from a source, with the settings of the process's environment:
    /// `POWERTOOLS_PARAMETERS_MAX_AGE` in seconds, and `POWERTOOLS_PARAMETERS_SSM_DECRYPT`. The setters take
    /// precedence.
    pub fn from_env(source: impl ParameterSource) -> Self {
        Self::from_variables(source, &Variables::default())
    }

    /// Creates parameters like [`from_env`](Self::from_env), with the variables of a registry: for an implementation of
    /// [`FromClients`](crate::FromClients).
    pub fn from_variables(source: impl ParameterSource, variables: &Variables) -> Self {
        let lookup = |name: &str| variables.get(name);
        let mut this = Self::from_source(source);
        this.decrypt = env::or_warn(env::boolean(&lookup, DECRYPT)).unwrap_or_default();
        match env::or_warn(env::seconds(&lookup, MAX_AGE)) {
            Some(age) => this.time_to_live(age),
            None => this,
        }
    }

    /// Creates parameters with these values, by name, for tests and local runs. Other parameters are unavailable.
    ///
    /// In a local run, `PILASTER_PARAMETERS=parameters.json` adds such parameters to
    /// [`Clients::global`](crate::Clients::global), from a file with a JSON object.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::{BoxError, Parameters};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let parameters = Parameters::fixed([("/shop/limit", "20"), ("/shop/retries", "3")]);
    /// assert_eq!(parameters.get("/shop/limit").json::<u32>().await?, 20);
    /// assert_eq!(parameters.below("/shop").await?.len(), 2);
    /// # Ok::<(), BoxError>(()) })?;
    /// # Ok::<(), BoxError>(())
    /// ```
    pub fn fixed<N, T>(parameters: impl IntoIterator<Item = (N, T)>) -> Self
    where
        N: Into<String>,
        T: Into<String>,
    {
        Self::from_source(Fixed(parameters.into_iter().map(|(name, text)| (name.into(), text.into())).collect()))
    }

    /// Sets the time for which a value is returned without a call of the service: 5 minutes by default, or
    /// `POWERTOOLS_PARAMETERS_MAX_AGE` seconds. Zero disables caching, [`Duration::MAX`] keeps values forever.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        (self.one, self.many) = (self.one.time_to_live(ttl), self.many.time_to_live(ttl));
        self
    }

    /// Sets the additional time for which the last good value is returned during an outage of the service: 1 hour by
    /// default. Zero disables this.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        (self.one, self.many) = (self.one.last_good(time), self.many.last_good(time));
        self
    }

    /// Sets whether SSM decrypts a `SecureString` unless a read overrides it: `false` by default, or
    /// `POWERTOOLS_PARAMETERS_SSM_DECRYPT`.
    #[must_use]
    pub fn decrypt(mut self, decrypt: bool) -> Self {
        self.decrypt = decrypt;
        self
    }

    /// Creates a read of the parameter with this name: `parameters.get("/name").text().await`, `.json()`, `.binary()`.
    ///
    /// For SSM a name may end in a version or label (`/name:3`, `/name:prod`), or be an ARN. The call is GetParameter,
    /// which needs `ssm:GetParameter`.
    pub fn get(&self, id: impl Into<ParameterId>) -> ParameterRequest<'_> {
        ParameterRequest::new(self, id.into())
    }

    /// Creates a read of all parameters below a path, keyed by their names after the path:
    /// `parameters.below("/shop").await`.
    ///
    /// In a DynamoDB table, the path is a partition key and the names are sort keys. The call of SSM is
    /// GetParametersByPath, which needs `ssm:GetParametersByPath`; that of a table is Query, which needs
    /// `dynamodb:Query`.
    pub fn below(&self, path: impl Into<ParameterPath>) -> PathRequest<'_> {
        PathRequest::new(self, path.into())
    }

    /// Returns several parameters independently: an unavailable one is an error under its own name. Parameters that are
    /// not cached are requested in calls of up to ten names. The call of SSM is GetParameters, which needs
    /// `ssm:GetParameters`.
    pub async fn named<I>(&self, ids: I) -> NamedParameters
    where
        I: IntoIterator<Item: Into<ParameterId>>,
    {
        let all = ids.into_iter().map(|id| {
            let id = id.into().or_decrypt(self.decrypt);
            async { (id.clone(), self.get(id).shared().value().await) }
        });
        NamedParameters::new(future::join_all(all).await)
    }

    /// Writes a parameter: `parameters.set("/name", "value").overwrite().await`. Only SSM supports writes.
    pub fn set(&self, name: impl Into<String>, value: impl Into<String>) -> WriteRequest<'_> {
        WriteRequest::new(self, name.into(), value.into())
    }

    /// Drops all values; the next read calls the service.
    pub fn clear(&self) {
        self.one.clear();
        self.many.clear();
    }

    /// Removes the cached values of a parameter: under its name, its versions and labels, and its ARN.
    fn forget(&self, name: &str) {
        let changed = id::base(name);
        self.one.forget_if(|kept| id::base(kept.id.name()) == changed);
        self.many.clear();
    }
}

#[cfg(feature = "parameters")]
impl crate::clients::FromClients for Parameters {
    async fn from_clients(clients: &crate::clients::Clients) -> Result<Self, crate::core::error::BoxError> {
        Ok(Self::from_variables(clients.get::<aws_sdk_ssm::Client>().await?, clients.variables()))
    }
}

#[cfg(test)]
mod tests;
