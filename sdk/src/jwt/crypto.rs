//! [`VerifyingKey`]: a key, and the verification of signatures by ring.

use ring::hmac;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

use super::algorithm::Algorithm;

/// A key that verifies signatures. Each kind verifies its own algorithms only, so a public key is never used as a secret.
pub(super) enum VerifyingKey {
    Secret(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point of an elliptic curve: uncompressed for ECDSA, 32 bytes for EdDSA.
    Point(Vec<u8>),
}

impl VerifyingKey {
    /// Returns `true` if the signature of the message is that of the key by this algorithm.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Secret(secret) => {
                hash(algorithm).map(|hash| hmac::verify(&hmac::Key::new(hash, secret), message, signature))
            }
            Self::Rsa { modulus: n, exponent: e } => {
                rsa(algorithm).map(|parameters| RsaPublicKeyComponents { n, e }.verify(parameters, message, signature))
            }
            Self::Point(point) => {
                curve(algorithm).map(|curve| UnparsedPublicKey::new(curve, point).verify(message, signature))
            }
        };
        verified.is_some_and(|verified| verified.is_ok())
    }
}

fn hash(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// Returns the parameters of RSA, which refuse keys of less than 2048 bits.
fn rsa(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn signature::VerificationAlgorithm> {
    match algorithm {
        Algorithm::ES256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Some(&signature::ED25519),
        _ => None,
    }
}
