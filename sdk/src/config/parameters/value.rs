//! [`ParameterValue`]: the value of a parameter, as text, JSON or bytes.

use std::fmt;
use std::str;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ParameterError, ParameterId, ParameterKind};
use crate::config::decode;

/// The value of a parameter. Cheap to clone; it is never printed, and is wiped from memory when the last clone is
/// dropped.
#[derive(Clone)]
pub struct ParameterValue {
    inner: Arc<Inner>,
}

struct Inner {
    id: ParameterId,
    bytes: SecretSlice<u8>,
    is_text: bool,
    kind: Option<ParameterKind>,
    version: Option<String>,
    #[cfg(feature = "parameters")]
    decoded: decode::Decoded,
}

/// A value decoded according to the suffix of its parameter's name. `Debug` does not print it, since it may be a
/// `SecureString`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum AutoValue {
    /// The name ends in `.json`.
    Json(Value),
    /// The name ends in `.binary`.
    Binary(Vec<u8>),
    /// Any other name.
    Text(String),
}

impl fmt::Debug for AutoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Json(_) => "Json",
            Self::Binary(_) => "Binary",
            Self::Text(_) => "Text",
        };
        f.debug_tuple(kind).field(&format_args!("[REDACTED]")).finish()
    }
}

impl ParameterValue {
    /// Creates a text value.
    pub fn from_text(id: &ParameterId, text: impl Into<String>) -> Self {
        Self::new(id, text.into().into_bytes(), true)
    }

    /// Creates a binary value, as from AppConfig or a binary attribute in a table.
    pub fn from_bytes(id: &ParameterId, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(id, bytes.into(), false)
    }

    fn new(id: &ParameterId, bytes: Vec<u8>, is_text: bool) -> Self {
        let inner = Inner {
            id: id.clone(),
            bytes: SecretSlice::from(bytes),
            is_text,
            kind: None,
            version: None,
            #[cfg(feature = "parameters")]
            decoded: decode::Decoded::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Sets the version: for a [`ParameterSource`](super::ParameterSource), directly after creating the value.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.version = Some(version.into());
        }
        self
    }

    /// Sets the SSM type of the parameter.
    #[must_use]
    pub fn with_kind(mut self, kind: ParameterKind) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.kind = Some(kind);
        }
        self
    }

    /// Returns the id that was requested.
    pub fn id(&self) -> &ParameterId {
        &self.inner.id
    }

    /// Returns the version, if the source has one: a number of SSM, a label of AppConfig.
    pub fn version(&self) -> Option<&str> {
        self.inner.version.as_deref()
    }

    /// Returns the type, if the source is SSM.
    pub fn kind(&self) -> Option<ParameterKind> {
        self.inner.kind
    }

    /// Returns `true` if it is a `SecureString` whose decryption was not requested: a ciphertext in base64.
    pub fn is_encrypted(&self) -> bool {
        self.inner.kind == Some(ParameterKind::SecureString) && !self.inner.id.is_decrypted()
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// The value is bytes that are not UTF-8.
    pub fn text(&self) -> Result<&str, ParameterError> {
        str::from_utf8(self.bytes()).map_err(|_| ParameterError::malformed(self.id(), "is binary, not text"))
    }

    /// Returns the items of a `StringList`, which SSM stores as text separated by commas.
    ///
    /// # Errors
    ///
    /// The same as those of [`text`](Self::text).
    pub fn list(&self) -> Result<Vec<&str>, ParameterError> {
        Ok(self.text()?.split(',').collect())
    }

    /// Returns the bytes; text is decoded as base64.
    ///
    /// # Errors
    ///
    /// The text is not base64.
    pub fn binary(&self) -> Result<Vec<u8>, ParameterError> {
        if !self.inner.is_text {
            return Ok(self.bytes().to_vec());
        }
        STANDARD.decode(self.bytes()).map_err(|_| ParameterError::malformed(self.id(), "is not base64"))
    }

    /// Decodes the value as JSON.
    ///
    /// # Errors
    ///
    /// It is not JSON, or does not match the type: the error names a missing field, but contains nothing of the value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        decode::json(self.bytes()).map_err(|why| ParameterError::malformed(self.id(), why))
    }

    /// Decodes the value according to the suffix of the name: `.json` is JSON, `.binary` is base64, anything else is
    /// text.
    ///
    /// # Errors
    ///
    /// The same as those of [`json`](Self::json), [`binary`](Self::binary) and [`text`](Self::text).
    pub fn auto(&self) -> Result<AutoValue, ParameterError> {
        self.auto_as(self.id().name())
    }

    /// Decodes the value according to the suffix of another name: the one below a path.
    ///
    /// # Errors
    ///
    /// The same as those of [`auto`](Self::auto).
    pub fn auto_as(&self, name: &str) -> Result<AutoValue, ParameterError> {
        match name.rsplit_once('.') {
            Some((_, "json")) => self.json().map(AutoValue::Json),
            Some((_, "binary")) => self.binary().map(AutoValue::Binary),
            _ => self.text().map(|text| AutoValue::Text(text.to_owned())),
        }
    }

    /// Returns the types that this value was decoded to.
    #[cfg(feature = "parameters")]
    pub(super) fn decoded(&self) -> &decode::Decoded {
        &self.inner.decoded
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.inner.bytes.expose_secret()
    }
}

impl fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterValue")
            .field("id", &self.inner.id)
            .field("version", &self.inner.version)
            .field("value", &format_args!("[REDACTED]"))
            .finish_non_exhaustive()
    }
}
