//! [`Algorithm`]: the signature algorithms of tokens.

use std::fmt;

/// A signature algorithm of tokens ([RFC 7518, 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1), and
/// [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037) for `EdDSA`, which is also accepted by its newer name `Ed25519`).
///
/// ES512, ES256K and Ed448 are not supported, nor is `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names of the RFC")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    /// All algorithms whose keys are pairs: all but `HS256`, `HS384` and `HS512`.
    pub(super) const PUBLIC: [Self; 9] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];
    /// The algorithms whose key is a shared secret.
    pub(super) const SECRET: [Self; 3] = [Self::HS256, Self::HS384, Self::HS512];

    /// Returns the algorithm of this name; `none` is not one.
    pub(super) fn named(name: &str) -> Option<Self> {
        // RFC 9864 names the curve, too: https://www.rfc-editor.org/rfc/rfc9864
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        Self::PUBLIC.into_iter().chain(Self::SECRET).find(|algorithm| algorithm.name() == name)
    }

    /// Returns its name in tokens and keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    pub(super) fn is_secret(self) -> bool {
        Self::SECRET.contains(&self)
    }

    /// Returns the length of the hash in bytes, below which no secret may be
    /// ([RFC 7518, 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
    pub(super) fn shortest_secret(self) -> usize {
        match self {
            Self::HS384 => 48,
            Self::HS512 => 64,
            _ => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
