//! Configuration from outside: secrets, parameters and feature flags behind one cache.
//!
//! | module | contents |
//! |---|---|
//! | `secrets` | `Secret<T>`, `#[derive(FromSecret)]`, `SecretsLayer`, and `Secrets` for use without them |
//! | `parameters` | `Parameter<T>`, `#[derive(FromParameter)]`, `ParametersLayer`, and `Parameters` over SSM, AppConfig, a DynamoDB table |
//! | `flags` | `Flags`: feature flags by Powertools' schema and rules |
//! | `extension` | the Parameters and Secrets extension and the AppConfig agent, as sources of the above |
//! | [`cache`] | the cache below them, for any source: time to live, one fetch per key at a time, refresh ahead, last good value |

#[cfg(any(feature = "secrets", feature = "parameters", feature = "appconfig"))]
mod aws;
pub mod cache;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod decode;
#[cfg(feature = "extension")]
pub mod extension;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod failure;
#[cfg(feature = "flags")]
pub mod flags;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod max_age;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod named_by;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
mod on_drop;
#[cfg(feature = "_parameters")]
pub mod parameters;
#[cfg(any(feature = "secrets", feature = "parameters"))]
mod prefetch;
#[cfg(feature = "secrets")]
pub mod secrets;

#[cfg(any(feature = "secrets", feature = "_parameters"))]
#[doc(hidden)]
pub use self::named_by::NamedBy;
#[cfg(any(feature = "secrets", feature = "parameters"))]
pub use self::prefetch::Prefetch;
