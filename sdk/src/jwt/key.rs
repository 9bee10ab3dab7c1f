//! [`Key`]: one key of a set, if it can verify signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::crypto::VerifyingKey;

/// A key as it is in a set ([RFC 7517, 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
#[derive(Deserialize)]
struct Jwk<'a> {
    kty: &'a str,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<&'a str>,
    n: Option<&'a str>,
    e: Option<&'a str>,
    x: Option<&'a str>,
    y: Option<&'a str>,
    k: Option<&'a str>,
}

/// A key for signatures, with the algorithms that it may be used with: none, if it is not supported or malformed.
pub(super) struct Key {
    pub(super) kid: Option<String>,
    usable: Option<Usable>,
}

struct Usable {
    algorithms: Vec<Algorithm>,
    key: VerifyingKey,
}

impl Key {
    /// Creates a key from a shared secret; `None` if it is too short for any algorithm.
    pub(super) fn of_secret(secret: &[u8]) -> Option<Self> {
        Some(Self { kid: None, usable: Some(Usable::of_secret(secret)?) })
    }

    /// Reads a key of a set; `None` for one that is not a key, or not for signatures.
    pub(super) fn read(key: &Value) -> Option<Self> {
        // An array of the fields would do for serde.
        let jwk = Jwk::deserialize(key.as_object().map(|_| key)?).ok()?;
        let verifies = |operations: &[String]| operations.iter().any(|operation| operation == "verify");
        let is_for_signatures = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_deref().is_none_or(verifies);
        let usable = jwk.usable();
        is_for_signatures.then_some(Self { kid: jwk.kid, usable })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.usable.is_some()
    }

    /// Returns `true` if the key may verify signatures by this algorithm.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        self.usable.as_ref().is_some_and(|usable| usable.algorithms.contains(&algorithm))
    }

    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let usable = self.usable.as_ref().filter(|usable| usable.algorithms.contains(&algorithm));
        usable.is_some_and(|usable| usable.key.verifies(algorithm, message, signature))
    }
}

impl Usable {
    fn of_secret(secret: &[u8]) -> Option<Self> {
        let long_enough = |algorithm: &Algorithm| secret.len() >= algorithm.shortest_secret();
        let algorithms: Vec<_> = Algorithm::SECRET.into_iter().filter(long_enough).collect();
        (!algorithms.is_empty()).then(|| Self { algorithms, key: VerifyingKey::Secret(secret.to_vec()) })
    }
}

impl Jwk<'_> {
    /// Returns the key with the algorithms of its type and curve, of which `alg` leaves one.
    fn usable(&self) -> Option<Usable> {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        let of = |algorithms: &[Algorithm], key| Usable { algorithms: algorithms.to_vec(), key };
        let mut usable = match (self.kty, self.crv) {
            ("RSA", None) => {
                let (modulus, exponent) = (number(self.n?)?, number(self.e?)?);
                // ring refuses such a modulus, too, but with each signature.
                let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
                let key = VerifyingKey::Rsa { modulus, exponent };
                of(&[RS256, RS384, RS512, PS256, PS384, PS512], (2048..=8192).contains(&bits).then_some(key)?)
            }
            ("EC", Some("P-256")) => of(&[ES256], self.point(32)?),
            ("EC", Some("P-384")) => of(&[ES384], self.point(48)?),
            ("OKP", Some("Ed25519")) => of(&[EdDSA], VerifyingKey::Point(bytes(self.x?).filter(|x| x.len() == 32)?)),
            ("oct", None) => Usable::of_secret(&bytes(self.k?)?)?,
            _ => return None,
        };
        if let Some(name) = &self.alg {
            let named = Algorithm::named(name)?;
            usable.algorithms.retain(|algorithm| *algorithm == named);
        }
        (!usable.algorithms.is_empty()).then_some(usable)
    }

    /// Returns the point of an elliptic curve whose coordinates have this many bytes, uncompressed.
    fn point(&self, length: usize) -> Option<VerifyingKey> {
        let (x, y) = (bytes(self.x?)?, bytes(self.y?)?);
        (x.len() == length && y.len() == length).then(|| VerifyingKey::Point([&[4], &x[..], &y[..]].concat()))
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes an integer without its leading zeros, which some issuers send and ring refuses.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec())
}
