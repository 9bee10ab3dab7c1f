//! Sources for the Lambda extensions that serve configuration on localhost.
//!
//! [`ParametersExtension`] is AWS's Parameters and Secrets extension: SSM's parameters, and Secrets Manager's secrets
//! with feature `secrets`. [`AppConfigAgent`] is the AppConfig agent. Both are Lambda layers of the function; they call
//! AWS, cache the values, and use plain HTTP, so a function of parameters alone needs neither TLS nor an AWS client in its
//! binary; feature `secrets` has the client of Secrets Manager. Neither responds in the init phase, so do not `warm` their values.
//!
//! Both cache values themselves, so `force()`, `fresh()` and `max_age(..)` call the extension instead of the service
//! behind it: the value may be as old as the extension's time to live (5 minutes unless `SSM_PARAMETER_STORE_TTL` or
//! `SECRETS_MANAGER_TTL` sets it, in seconds), and after a rotation `fresh()` may not return a newer secret. Since
//! Pilaster caches values as well, disable the extension's cache with
//! `PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED=false` in the function's environment: they then call the service. The
//! Secrets Manager Agent, which has the same interface, bypasses its cache with [`ParametersExtension::refresh_now`].
//! The AppConfig agent polls by itself, every `AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS` (45 by default).
//!
//! # Example
//!
//! ```
//! use pilaster::config::extension::ParametersExtension;
//! use pilaster::config::parameters::{ParameterError, Parameters};
//!
//! async fn limit(parameters: &Parameters) -> Result<u32, ParameterError> {
//!     parameters.get("/shop/limit").json().await
//! }
//!
//! let parameters = Parameters::from_env(ParametersExtension::from_env());
//! # let _ = (limit, parameters);
//! ```

mod localhost;

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use self::localhost::get;
use crate::config::parameters::{ParameterId, ParameterKind, ParameterSource, ParameterValue};
use crate::core::env;
use crate::core::error::BoxError;

/// The characters that are not escaped in a path or query: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, ENCODED)
}

/// The Parameters and Secrets extension ([AWS's
/// page](https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html)) on port
/// 2773, or `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`. Each call passes it the function's session token.
#[derive(Clone, Debug)]
pub struct ParametersExtension {
    port: u16,
    refresh_now: bool,
}

impl ParametersExtension {
    /// Creates a client of the extension on port 2773. The environment is not read.
    pub fn new() -> Self {
        Self { port: 2773, refresh_now: false }
    }

    /// Creates a client of the extension on the port of `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`, or on 2773.
    pub fn from_env() -> Self {
        Self::new().port(port("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", 2773))
    }

    /// Sets the port of the extension.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Bypasses the cache on localhost (`refreshNow=true`), so that only Pilaster caches secrets, and
    /// `fresh()` after a rotation returns the new version. The [Secrets Manager
    /// Agent](https://github.com/aws/aws-secretsmanager-agent) supports this; the Parameters and Secrets extension does
    /// not document it, and it does not apply to parameters.
    #[must_use]
    pub fn refresh_now(mut self) -> Self {
        self.refresh_now = true;
        self
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, BoxError> {
        // The variable changes during the life of the sandbox, so it is read each time.
        let token = env::var("AWS_SESSION_TOKEN").ok_or("AWS_SESSION_TOKEN is not set; the extension requires it")?;
        let failed = "the Parameters and Secrets extension; is its layer added to the function?";
        get(self.port, path, Some(("x-aws-parameters-secrets-token", &token)), failed).await
    }
}

impl Default for ParametersExtension {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    parameter: Found,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    value: String,
    version: Option<i64>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

impl ParameterSource for ParametersExtension {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let path =
            format!("/systemsmanager/parameters/get?name={}&withDecryption={}", encode(id.name()), id.is_decrypted());
        // serde's message would repeat the value.
        let body: Body =
            serde_json::from_slice(&self.get(&path).await?).map_err(|_| "the response is not a parameter")?;
        let Found { value, version, kind } = body.parameter;
        let value = ParameterValue::from_text(id, value);
        let value = match version {
            Some(version) => value.with_version(version.to_string()),
            None => value,
        };
        Ok(match kind.as_deref() {
            Some("String") => value.with_kind(ParameterKind::String),
            Some("StringList") => value.with_kind(ParameterKind::StringList),
            Some("SecureString") => value.with_kind(ParameterKind::SecureString),
            _ => value,
        })
    }
}

#[cfg(feature = "secrets")]
mod secrets {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::Deserialize;

    use super::{ParametersExtension, encode};
    use crate::config::secrets::{SecretId, SecretSlice, SecretSource, SecretString, SecretValue};
    use crate::core::error::BoxError;

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Body {
        secret_string: Option<SecretString>,
        secret_binary: Option<SecretString>,
        version_id: Option<String>,
    }

    impl ParametersExtension {
        /// Returns the path and query of the extension for a secret.
        pub(super) fn path_of(&self, id: &SecretId) -> String {
            let mut path = format!("/secretsmanager/get?secretId={}", encode(id.name()));
            if let Some(version) = id.version_id() {
                path += &format!("&versionId={}", encode(version));
            }
            if let Some(stage) = id.version_stage() {
                path += &format!("&versionStage={}", encode(stage));
            }
            if self.refresh_now {
                path += "&refreshNow=true";
            }
            path
        }
    }

    impl SecretSource for ParametersExtension {
        async fn fetch(&self, id: &SecretId) -> Result<SecretValue, BoxError> {
            use crate::config::secrets::ExposeSecret as _;

            let body: Body = serde_json::from_slice(&self.get(&self.path_of(id)).await?)
                .map_err(|_| "the response is not a secret")?;
            let value = match (body.secret_string, body.secret_binary) {
                (Some(text), _) => SecretValue::from_text(id, text),
                (None, Some(base64)) => {
                    let bytes = STANDARD.decode(base64.expose_secret()).map_err(|_| "its bytes are not base64")?;
                    SecretValue::from_bytes(id, SecretSlice::from(bytes))
                }
                (None, None) => return Err("it has no value yet".into()),
            };
            Ok(match body.version_id {
                Some(version) => value.with_version(version),
                None => value,
            })
        }
    }
}

/// The AppConfig agent ([AWS's
/// page](https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions.html)) for one
/// application and environment, on port 2772 or `AWS_APPCONFIG_EXTENSION_HTTP_PORT`. A parameter's name is that of a
/// profile.
///
/// The agent polls AppConfig by itself, so a read only costs a call on localhost: [`Flags`](crate::config) and
/// parameters from it may use a short time to live.
#[derive(Clone, Debug)]
pub struct AppConfigAgent {
    application: String,
    environment: String,
    port: u16,
}

impl AppConfigAgent {
    /// Creates a source of this application and environment, on port 2772. The environment is not read.
    pub fn new(application: impl Into<String>, environment: impl Into<String>) -> Self {
        Self { application: application.into(), environment: environment.into(), port: 2772 }
    }

    /// Creates a source on the port of `AWS_APPCONFIG_EXTENSION_HTTP_PORT`, or on 2772.
    pub fn from_env(application: impl Into<String>, environment: impl Into<String>) -> Self {
        Self::new(application, environment).port(port("AWS_APPCONFIG_EXTENSION_HTTP_PORT", 2772))
    }

    /// Sets the port of the agent.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }
}

impl ParameterSource for AppConfigAgent {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let path = format!(
            "/applications/{}/environments/{}/configurations/{}",
            encode(&self.application),
            encode(&self.environment),
            encode(id.name())
        );
        let failed = "the AppConfig agent; is its layer added to the function?";
        Ok(ParameterValue::from_bytes(id, get(self.port, &path, None, failed).await?))
    }
}

fn port(variable: &str, default: u16) -> u16 {
    env::or_warn(env::parsed(&env::var, variable, "a port")).unwrap_or(default)
}

#[cfg(test)]
mod tests;
