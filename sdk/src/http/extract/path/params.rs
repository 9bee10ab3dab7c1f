//! All parameters of a path as a value: a map, a sequence, or the only one.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::core::json::message::{unparsed, without_values};
use crate::http::extract::plain_value::{Text, TextError};

/// The reason why the parameters do not match the type.
#[derive(Debug)]
pub(super) enum Mismatch {
    /// The client's mistake: the value of this parameter does not match.
    Value { name: String, expected: String },
    /// The client's mistake: a value does not match a plain type, and its parameter is not known yet.
    Unparsed(String),
    /// The client's mistake: the type itself rejects a value, in a `TryFrom` for example.
    Rejected(String),
    /// The function's mistake: the route does not have the parameters of the type.
    Shape(String),
}

impl Mismatch {
    /// Returns the mismatch of a value of this parameter.
    fn at(self, name: &str) -> Self {
        let expected = match self {
            Self::Unparsed(expected) => expected,
            Self::Rejected(message) | Self::Shape(message) => without_values(&message),
            Self::Value { .. } => return self,
        };
        Self::Value { name: name.to_owned(), expected }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, expected } => write!(f, "the path parameter `{name}`: {expected}"),
            Self::Unparsed(message) | Self::Rejected(message) | Self::Shape(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Rejected(message.to_string())
    }

    fn invalid_type(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("invalid type: {got}, expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::Shape(format!("invalid length {length}, expected {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Shape(format!("the route has no parameter `{field}`"))
    }
}

impl TextError for Mismatch {
    fn unparsed(kind: &'static str, message: &dyn fmt::Display) -> Self {
        Self::Unparsed(unparsed(Some(kind), &message.to_string()))
    }
}

/// The named parameters, in the order of the path.
#[derive(Clone, Copy)]
pub(super) struct Params<'p>(pub(super) &'p [(String, String)]);

impl<'p> Params<'p> {
    fn only(self) -> Result<(&'p str, Text<'p, Mismatch>), Mismatch> {
        match self.0 {
            [(name, value)] => Ok((name, Text::new(value))),
            all => Err(Mismatch::Shape(format!("it takes one parameter, but the route has {}", all.len()))),
        }
    }
}

macro_rules! of_the_only {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Mismatch> {
            let (name, text) = self.only()?;
            text.$method($($argument,)* visitor).map_err(|mismatch| mismatch.at(name))
        }
    )*};
}

impl<'de> Deserializer<'de> for Params<'_> {
    type Error = Mismatch;

    of_the_only! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128() deserialize_f32()
        deserialize_f64() deserialize_char() deserialize_str() deserialize_string() deserialize_bytes()
        deserialize_byte_buf() deserialize_identifier()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_map(Entries { left: self.0 })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(Entries { left: self.0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.len() != len {
            return Err(Mismatch::Shape(format!("it takes {len} parameters, but the route has {}", self.0.len())));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { map struct }
}

/// The remaining parameters: members of a map, or elements of a sequence.
struct Entries<'p> {
    left: &'p [(String, String)],
}

impl Entries<'_> {
    /// Takes the value of the first parameter.
    fn value<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        let Some(((name, value), left)) = self.left.split_first() else { return Ok(None) };
        self.left = left;
        seed.deserialize(Text::new(value)).map(Some).map_err(|mismatch: Mismatch| mismatch.at(name))
    }
}

impl<'de> SeqAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        self.value(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        self.left.first().map(|(name, _)| seed.deserialize(Text::new(name))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        self.value(seed)?.ok_or_else(|| Mismatch::Shape("a value without a name".to_owned()))
    }
}
