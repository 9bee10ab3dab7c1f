//! [`IdempotencyKey`]: the key of a request, as an argument of the function.

use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{invalid, missing};
use crate::core::expression::Selected;
use crate::core::hexadecimal::hexadecimal;
use crate::http::error::Rejection;
use crate::idempotency::canonical_json;
use crate::idempotency::engine::Idempotency;
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::key::is_missing;

/// The idempotency key of the request, as [`IdempotencyLayer`](crate::idempotency::IdempotencyLayer) has parsed it: with
/// it, the function makes its effect idempotent, too. See [one effect](crate::http::idempotency#one-effect).
///
/// A request without a key is a 400, with the sentence of the layer, or `None` of an `Option<IdempotencyKey>`. A function
/// without the layer, and a method that the layer ignores ([`methods`](crate::idempotency::IdempotencyLayer::methods)),
/// are mistakes of the function: a 500 whose reason is logged. With `POWERTOOLS_IDEMPOTENCY_DISABLED=true` there are no
/// records, and the key is extracted all the same.
///
/// Its `Debug` does not show the key.
///
/// # Example
///
/// ```
/// use pilaster::http::{self, IdempotencyKey};
/// use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
/// use pilaster::testing::{Caller, http as request};
///
/// async fn pay(key: IdempotencyKey) -> String {
///     format!("{} {}", key.as_str(), key.effect_id("charge"))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let layer = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "payments"));
/// let caller = Caller::new(pilaster::handler(pay).layer(http::Stack::new().idempotency(layer)));
/// let answer = caller.send(request::post("/payments").header("idempotency-key", "\"a1\"")).await?;
/// assert!(answer.text().starts_with("a1 "));
/// assert_eq!(answer.text().len(), "a1 ".len() + 64);
///
/// let without = caller.send(request::post("/payments")).await?;
/// assert_eq!(without.status(), 400);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    text: String,
    /// The hash of all that identifies the record.
    scope: [u8; 32],
}

impl IdempotencyKey {
    /// Creates the key of the record that this value identifies.
    pub(super) fn of(text: String, idempotency: &Idempotency, key: &Selected) -> Result<Self, IdempotencyError> {
        Ok(Self { text, scope: Sha256::digest(idempotency.identity(key)?).into() })
    }

    /// Returns the text of the key: of a quoted string, what is between the quotes, without escapes and parameters. If an
    /// expression selects the key, that is the selected text, or the JSON text of any other value. A key without any
    /// character counts as none.
    ///
    /// Two callers may send the same key, and one caller the same key to two paths. For an id or for the key of a
    /// provider, use [`effect_id`](Self::effect_id).
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the id of an effect of this request: 64 hexadecimal digits, the same in each attempt.
    ///
    /// It is a SHA-256 hash of what identifies the record: the key with its method, its path, its
    /// [caller](crate::http::idempotency#the-caller) and the [`prefix`](Idempotency::prefix). So two callers who send the
    /// same key do not share an effect. (If an expression selects the key, it is a hash of the selected value and the prefix
    /// alone: two callers, and two paths, share it.) The payload is not part of it: compare it with what is stored under
    /// this id. Neither are the table and the expiry of records: the id is the same after the record has expired.
    ///
    /// `effect` names the effect, such as `charge`, since one request may have several.
    ///
    /// - Set the prefix to a constant with the name of the stage: by default it is the name of the function, which changes if
    ///   the stack is created anew, and two stages with one prefix share ids at a common provider.
    /// - `/payments` and `/payments/` are two paths, and so are those of a stage and of a custom domain.
    /// - If neither AWS nor [`caller`](crate::idempotency::IdempotencyLayer::caller) identifies the caller, the hash
    ///   includes the credentials of the request and all of its cookies. Do not give such an id to others if the credentials
    ///   can be guessed, and expect another id when they are renewed or any cookie changes: set `caller` for browsers.
    pub fn effect_id(&self, effect: &str) -> String {
        hexadecimal(&Sha256::new().chain_update(self.scope).chain_update(effect).finalize())
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKey").finish_non_exhaustive()
    }
}

/// Returns the key that an expression has selected, unless it has selected none.
pub(super) fn selected(idempotency: &Idempotency, key: &Selected) -> Result<Option<IdempotencyKey>, IdempotencyError> {
    if is_missing(&key.value) {
        return Ok(None);
    }
    let text = match &key.value {
        Value::String(text) => text.clone(),
        other => canonical_json::python(other, &key.large).unwrap_or_default(),
    };
    IdempotencyKey::of(text, idempotency, key).map(Some)
}

/// What the layer has read, in the extensions of the request.
#[derive(Clone)]
pub(super) enum Parsed {
    Key(IdempotencyKey),
    Missing(Rejection),
    /// The request runs although its key is invalid, since idempotency is disabled.
    Invalid(Rejection),
}

impl Parsed {
    /// `header` is set if it contains the key.
    pub(super) fn missing(header: Option<&HeaderName>) -> Self {
        let detail = header.map_or_else(|| "the idempotency key is missing".to_owned(), missing);
        Self::Missing(Rejection::new(StatusCode::BAD_REQUEST, detail))
    }

    pub(super) fn invalid(header: Option<&HeaderName>) -> Self {
        let detail = header.map_or_else(|| "invalid idempotency key".to_owned(), invalid);
        Self::Invalid(Rejection::new(StatusCode::BAD_REQUEST, detail))
    }

    fn of(parts: &Parts) -> Result<Self, Rejection> {
        let mistake = "`IdempotencyKey` needs the idempotency layer, and a method to which it applies: see \
                       `http::Stack::idempotency` and `IdempotencyLayer::methods`";
        let parsed = parts.extensions.get::<Self>().cloned();
        parsed.ok_or_else(|| Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, mistake))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match Parsed::of(parts)? {
            Parsed::Key(key) => Ok(key),
            Parsed::Missing(rejection) | Parsed::Invalid(rejection) => Err(rejection),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Rejection;

    /// Returns `None` for a request without a key. An invalid key is still a 400.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        match Parsed::of(parts)? {
            Parsed::Key(key) => Ok(Some(key)),
            Parsed::Missing(_) => Ok(None),
            Parsed::Invalid(rejection) => Err(rejection),
        }
    }
}
