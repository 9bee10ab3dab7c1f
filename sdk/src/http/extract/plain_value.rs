//! Deserializes a text as a plain type: a path parameter, or the key of a JSON object.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// An error of [`Text`].
pub(super) trait TextError: de::Error {
    /// Creates the error for a text that does not match this standard type.
    fn unparsed(kind: &'static str, message: &dyn fmt::Display) -> Self;
}

/// Deserializes a text as the type requires it: numbers, booleans and characters are parsed.
pub(super) struct Text<'t, E>(&'t str, PhantomData<fn() -> E>);

impl<'t, E> Text<'t, E> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(text, PhantomData)
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(E::unparsed(stringify!($type), &error)),
            }
        }
    )*};
}

impl<'de, E: TextError> Deserializer<'de> for Text<'_, E> {
    type Error = E;

    parsed! {
        deserialize_bool => visit_bool bool;
        deserialize_i8 => visit_i8 i8;
        deserialize_i16 => visit_i16 i16;
        deserialize_i32 => visit_i32 i32;
        deserialize_i64 => visit_i64 i64;
        deserialize_i128 => visit_i128 i128;
        deserialize_u8 => visit_u8 u8;
        deserialize_u16 => visit_u16 u16;
        deserialize_u32 => visit_u32 u32;
        deserialize_u64 => visit_u64 u64;
        deserialize_u128 => visit_u128 u128;
        deserialize_f32 => visit_f32 f32;
        deserialize_f64 => visit_f64 f64;
        deserialize_char => visit_char char;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let deserializer: StrDeserializer<'_, E> = self.0.into_deserializer();
        deserializer.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
