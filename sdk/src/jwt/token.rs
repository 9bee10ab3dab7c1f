//! [`Token`]: the parts of a token, none of which is trusted yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::algorithm::Algorithm;
use super::error::JwtReason;
use crate::core::json::object;

/// The size above which a token is not decoded, in bytes. API Gateway accepts 10,240 bytes of all headers.
pub(super) const LONGEST: usize = 8 * 1024;

/// A token in its compact form ([RFC 7515, 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).
pub(super) struct Token<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    /// The part that is signed.
    pub(super) message: &'t [u8],
    pub(super) signature: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

/// The header. Keys that it contains or points to (`jwk`, `jku`, `x5c`, `x5u`) are not read.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Each of these changes the meaning of the token, also if its value is `null`.
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
    #[serde(default, deserialize_with = "is_there")]
    b64: bool,
    #[serde(default, deserialize_with = "is_there")]
    enc: bool,
    #[serde(default, deserialize_with = "is_there")]
    zip: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// It is not a signed token, has extensions, or an algorithm that is not supported.
    pub(super) fn parse(token: &'t str) -> Result<Self, JwtReason> {
        if token.len() > LONGEST {
            return Err(JwtReason::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(JwtReason::Malformed)?;
        let (header, payload) =
            message.split_once('.').filter(|(_, payload)| !payload.contains('.')).ok_or(JwtReason::Malformed)?;
        let header: Header = object(&decode(header)?).ok_or(JwtReason::Malformed)?;
        if header.crit || header.b64 || header.enc || header.zip {
            return Err(JwtReason::Extension);
        }
        Ok(Self {
            algorithm: Algorithm::named(&header.alg).ok_or(JwtReason::Algorithm)?,
            kid: header.kid,
            typ: header.typ,
            message: message.as_bytes(),
            signature: decode(signature)?,
            payload: decode(payload)?,
        })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JwtReason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtReason::Malformed)
}
