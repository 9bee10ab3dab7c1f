//! Configuration from outside: secrets behind a cache.
//!
//! | room | what it does |
//! |---|---|
//! | [`secrets`] | `Secret<T>`, `#[derive(FromSecret)]`, [`SecretsLayer`](secrets::SecretsLayer), and [`Secrets`](secrets::Secrets) for use by hand |
//! | [`cache`] | the cache below it, for any source: time to live, one flight per key, refresh ahead, last good value |

pub mod cache;
pub mod secrets;
