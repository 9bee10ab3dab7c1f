//! Configuration from outside: secrets, parameters and feature flags behind one cache.
//!
//! | room | what it does |
//! |---|---|
//! | `secrets` | `Secret<T>`, `#[derive(FromSecret)]`, `SecretsLayer`, and `Secrets` for use by hand |
//! | `parameters` | `Parameter<T>`, `#[derive(FromParameter)]`, `ParametersLayer`, and `Parameters` over SSM, AppConfig, a DynamoDB table |
//! | `flags` | `Flags`: feature flags by Powertools' schema and rules |
//! | `extension` | the Parameters and Secrets extension and the AppConfig agent, as sources of the above |
//! | [`cache`] | the cache below them, for any source: time to live, one flight per key, refresh ahead, last good value |

#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod after;
#[cfg(any(feature = "secrets", feature = "parameters", feature = "appconfig"))]
mod aws;
pub mod cache;
mod decode;
#[cfg(feature = "extension")]
pub mod extension;
#[cfg(feature = "flags")]
pub mod flags;
#[cfg(feature = "_parameters")]
pub mod parameters;
#[cfg(feature = "secrets")]
pub mod secrets;
