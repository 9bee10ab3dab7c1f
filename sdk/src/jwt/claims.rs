//! [`Registered`]: the claims that every verifier reads.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

/// The registered claims of a token ([RFC 7519, 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)). A claim that
/// appears twice, or has another type, is an error.
#[derive(Deserialize)]
pub(super) struct Registered {
    #[serde(default)]
    pub(super) iss: Option<String>,
    /// Read only because one that is not a text is an error.
    #[serde(default, rename = "sub")]
    _sub: Option<String>,
    #[serde(default)]
    pub(super) aud: Option<Texts>,
    #[serde(default)]
    pub(super) exp: Option<Seconds>,
    #[serde(default)]
    pub(super) nbf: Option<Seconds>,
    #[serde(default)]
    pub(super) iat: Option<Seconds>,
    #[serde(default)]
    pub(super) token_use: Option<String>,
    #[serde(default)]
    pub(super) client_id: Option<String>,
}

/// Seconds since 1970, which may have a fraction but are never negative.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub(super) f64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if seconds >= 0.0 { Ok(Self(seconds)) } else { Err(de::Error::custom("not a time")) }
    }
}

/// One text, or a list of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_any(TextsVisitor)
    }
}
