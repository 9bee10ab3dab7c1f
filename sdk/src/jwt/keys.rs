//! [`Keys`]: the keys of an issuer, fixed or fetched and kept in the cache.

mod remote;

use std::sync::Arc;

use futures_util::FutureExt;

pub(super) use self::remote::Fetcher;
use self::remote::Remote;
use super::error::{JwtError, JwtReason};
use super::fetch::fetch;
use super::key_set::{KeySet, NoKey};
use super::token::Token;

/// The place of an issuer's keys.
#[derive(Clone)]
pub(super) enum Location {
    /// The URL of the key set.
    Jwks(String),
    /// The issuer, whose discovery document has that URL.
    Discovery(String),
}

pub(super) enum Keys {
    Fixed(KeySet),
    Remote(Remote),
}

impl Keys {
    pub(super) fn at(location: Location) -> Arc<Self> {
        Self::fetched_by(location, Box::new(|url| async move { fetch(&url).await }.boxed()))
    }

    pub(super) fn fetched_by(location: Location, fetcher: Fetcher) -> Arc<Self> {
        Arc::new(Self::Remote(Remote::new(location, fetcher)))
    }

    /// Returns `true` if the keys are shared secrets.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Fixed(keys) if keys.is_secret())
    }

    /// Fetches the keys, unless they are there.
    pub(super) async fn warm(&self) -> Result<(), JwtError> {
        match self {
            Self::Fixed(_) => Ok(()),
            Self::Remote(remote) => remote.warm().await,
        }
    }

    /// Verifies the signature of a token.
    pub(super) async fn verify(&self, token: &Token<'_>) -> Result<(), JwtError> {
        let verified = match self {
            Self::Fixed(keys) => keys.has_signed(token),
            Self::Remote(remote) => remote.has_signed(token).await?,
        };
        let reason = match verified {
            Ok(true) => return Ok(()),
            Ok(false) => JwtReason::Signature,
            Err(NoKey::Unknown) => JwtReason::UnknownKey,
            Err(NoKey::Ambiguous) => JwtReason::AmbiguousKey,
            Err(NoKey::Unfit) => JwtReason::Algorithm,
        };
        Err(JwtError::new(reason))
    }
}
