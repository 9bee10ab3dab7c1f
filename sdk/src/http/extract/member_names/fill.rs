//! Default values for the items of a tuple before the one that is followed.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::{Content, End, Variant};

/// The maximum number of values for one item, since a type may be recursive.
const MOST: usize = 500;

/// A deserializer that provides a default for each value.
pub(super) struct Fill<'l> {
    left: &'l mut usize,
}

impl Fill<'_> {
    /// Returns a value of any type that accepts defaults.
    pub(super) fn one<'de, S: DeserializeSeed<'de>>(seed: S) -> Result<S::Value, End> {
        seed.deserialize(Fill { left: &mut MOST.clone() })
    }

    fn again(&mut self) -> Result<Fill<'_>, End> {
        *self.left = self.left.checked_sub(1).ok_or(End)?;
        Ok(Fill { left: self.left })
    }
}

macro_rules! defaults {
    ($($($method:ident)* => $visit:ident($value:expr);)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
            visitor.$visit($value)
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Fill<'_> {
    type Error = End;

    defaults! {
        deserialize_bool => visit_bool(false);
        // 0 is not a `NonZero`.
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 => visit_u8(1);
        deserialize_f32 deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('a');
        deserialize_str deserialize_string deserialize_identifier => visit_str("");
        deserialize_bytes deserialize_byte_buf => visit_bytes(&[]);
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, End> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(mut self, _: &'static str, visitor: V) -> Result<V::Value, End> {
        visitor.visit_newtype_struct(self.again()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_seq(Filled { items: 0, fill: self })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, items: usize, visitor: V) -> Result<V::Value, End> {
        visitor.visit_seq(Filled { items, fill: self })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        items: usize,
        visitor: V,
    ) -> Result<V::Value, End> {
        self.deserialize_tuple(items, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        visitor.visit_map(serde::de::value::MapDeserializer::new(std::iter::empty::<((), ())>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        self.deserialize_tuple(names.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        visitor.visit_enum(Variant { name: variants.first().ok_or(End)?, content: self })
    }
}

struct Filled<'l> {
    items: usize,
    fill: Fill<'l>,
}

impl<'de> SeqAccess<'de> for Filled<'_> {
    type Error = End;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, End> {
        let Some(items) = self.items.checked_sub(1) else { return Ok(None) };
        self.items = items;
        seed.deserialize(self.fill.again()?).map(Some)
    }
}

impl<'de> Content<'de> for Fill<'_> {
    fn unit(self) -> Result<(), End> {
        Ok(())
    }

    fn newtype<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, End> {
        seed.deserialize(self.again()?)
    }
}
