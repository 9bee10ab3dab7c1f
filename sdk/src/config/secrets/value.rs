//! [`SecretValue`]: a version of a secret, as text, JSON or bytes.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::DeserializeOwned;

use super::{SecretError, SecretId};
use crate::config::decode::{self, Decoded};

/// A version of a secret. Cheap to clone; it is never printed, and is wiped from memory when the last clone is dropped.
#[derive(Clone)]
pub struct SecretValue {
    inner: Arc<Inner>,
}

struct Inner {
    id: SecretId,
    version: Option<String>,
    content: Content,
    decoded: Decoded,
}

enum Content {
    Text(SecretString),
    Binary(SecretSlice<u8>),
}

impl SecretValue {
    /// Creates a text value: `SecretString` of the API.
    pub fn from_text(id: &SecretId, text: impl Into<SecretString>) -> Self {
        Self::new(id, Content::Text(text.into()))
    }

    /// Creates a binary value: `SecretBinary` of the API.
    pub fn from_bytes(id: &SecretId, bytes: impl Into<SecretSlice<u8>>) -> Self {
        Self::new(id, Content::Binary(bytes.into()))
    }

    fn new(id: &SecretId, content: Content) -> Self {
        let inner = Inner { id: id.clone(), version: None, content, decoded: Decoded::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Sets the id of this version: for a [`SecretSource`](super::SecretSource), directly after creating the value.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.version = Some(version.into());
        }
        self
    }

    /// Returns the id that was requested.
    pub fn id(&self) -> &SecretId {
        &self.inner.id
    }

    /// Returns the id of this version, if the source has one.
    pub fn version(&self) -> Option<&str> {
        self.inner.version.as_deref()
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// The secret is binary.
    pub fn text(&self) -> Result<&SecretString, SecretError> {
        match &self.inner.content {
            Content::Text(text) => Ok(text),
            Content::Binary(_) => Err(SecretError::malformed(self.id(), "is binary, not text")),
        }
    }

    /// Returns the bytes.
    ///
    /// # Errors
    ///
    /// The secret is text.
    pub fn binary(&self) -> Result<&SecretSlice<u8>, SecretError> {
        match &self.inner.content {
            Content::Binary(bytes) => Ok(bytes),
            Content::Text(_) => Err(SecretError::malformed(self.id(), "is text, not binary")),
        }
    }

    /// Decodes the text, or the bytes, as JSON.
    ///
    /// # Errors
    ///
    /// It is not JSON, or does not match the type: the error names a missing field, but contains nothing of the secret.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, SecretError> {
        decode::json(self.bytes()).map_err(|why| SecretError::malformed(self.id(), why))
    }

    /// Returns the types that this value was decoded to.
    pub(super) fn decoded(&self) -> &Decoded {
        &self.inner.decoded
    }

    /// Returns `true` if this is the same version as another value of the same secret.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.version(), other.version()) {
            (Some(version), Some(other)) => version == other,
            _ => self.bytes() == other.bytes(),
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.inner.content {
            Content::Text(text) => text.expose_secret().as_bytes(),
            Content::Binary(bytes) => bytes.expose_secret(),
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValue")
            .field("id", &self.inner.id)
            .field("version", &self.inner.version)
            .field("content", &format_args!("[REDACTED]"))
            .finish_non_exhaustive()
    }
}
