//! [`Text`] and [`OptionalText`]: a JSON string that is borrowed from the text around it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
#[cfg(feature = "http")]
use serde_json::value::RawValue;

/// A string, borrowed unless it has an escape. Any other value is an error.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'a> Text<'a> {
    /// Reads a value that has been found in a text.
    #[cfg(feature = "http")]
    pub(crate) fn of(value: &'a RawValue) -> serde_json::Result<Self> {
        let plain = value.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match plain.filter(|text| !text.contains('\\')) {
            Some(text) => Ok(Self(text.into())),
            None => serde_json::from_str(value.get()),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowed)
    }
}

/// A string, borrowed unless it has an escape, or `None` for `null`. Any other value is an error.
// An `Option<Text>` for each field costs a small HTTP request 0.25 % more instructions.
#[cfg(feature = "http")]
#[derive(Debug, Default)]
pub(crate) struct OptionalText<'a>(pub(crate) Option<Cow<'a, str>>);

#[cfg(feature = "http")]
impl OptionalText<'_> {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(feature = "http")]
impl<'de: 'a, 'a> Deserialize<'de> for OptionalText<'a> {
    // Not inlined into the decoding of each of the many fields.
    #[inline(never)]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Option<Cow<'de, str>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
        }

        deserializer.deserialize_any(Borrowed).map(Self)
    }
}
