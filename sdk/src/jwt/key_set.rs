//! [`KeySet`]: the keys of an issuer, and which of them a token names.

use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::key::Key;
use super::token::Token;
use crate::core::json::object;

/// The keys of an issuer for signatures ([RFC 7517, 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// The keys are one secret, which has no `kid`: that of a token is not read.
    is_one_secret: bool,
    /// The keys are shared secrets; a set never mixes both.
    is_secret: bool,
}

/// The reason why a set has no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The set has no such key; a newer one may have it.
    Unknown,
    /// Several keys could be meant.
    Ambiguous,
    /// The algorithm of the token is not that of the key.
    Unfit,
}

impl KeySet {
    /// Reads a JSON Web Key Set. Keys that are not for signatures are left out. One that is not supported or malformed
    /// verifies nothing, but counts where another one has the same `kid`. A set may have no key at all: the issuer has
    /// withdrawn its keys.
    ///
    /// # Errors
    ///
    /// A sentence without a value of the document: it is not a set, or mixes secrets with public keys.
    pub(super) fn read(json: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = object(json).ok_or("the document is not a JSON Web Key Set")?;
        let is_secret = |key: &Value| key.get("kty").is_some_and(|kind| kind == "oct");
        let secrets = set.keys.iter().filter(|key| is_secret(key)).count();
        if secrets > 0 && secrets < set.keys.len() {
            return Err("the key set mixes shared secrets with public keys");
        }
        let keys = set.keys.iter().filter_map(Key::read).collect();
        Ok(Self { keys, is_one_secret: false, is_secret: secrets > 0 })
    }

    /// Returns the set.
    ///
    /// # Errors
    ///
    /// It has no usable key.
    pub(super) fn usable(self) -> Result<Self, &'static str> {
        let is_usable = self.keys.iter().any(Key::is_usable);
        is_usable.then_some(self).ok_or("the key set has no key that can verify a supported signature")
    }

    pub(super) fn of_secret(secret: &[u8]) -> Option<Self> {
        Some(Self { keys: vec![Key::of_secret(secret)?], is_one_secret: true, is_secret: true })
    }

    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Returns the key that the token names. Without a `kid`, it is the only one that fits the algorithm.
    pub(super) fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, NoKey> {
        let kid = kid.filter(|_| !self.is_one_secret);
        let mut named = self.keys.iter().filter(|key| match kid {
            Some(kid) => key.kid.as_deref() == Some(kid),
            None => key.fits(algorithm),
        });
        match (named.next(), named.next()) {
            (None, _) if self.is_one_secret => Err(NoKey::Unfit),
            (None, _) => Err(NoKey::Unknown),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            (Some(key), None) if key.fits(algorithm) => Ok(key),
            (Some(_), None) => Err(NoKey::Unfit),
        }
    }

    /// Returns whether the key that the token names has signed it.
    pub(super) fn has_signed(&self, token: &Token<'_>) -> Result<bool, NoKey> {
        let key = self.select(token.kid.as_deref(), token.algorithm)?;
        Ok(key.verifies(token.algorithm, token.message, &token.signature))
    }
}
