//! Finds a NaN or an infinite number in an output: serde_json writes `null` for it, which the schema of a number does not
//! allow.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use crate::core::json::push_step;

/// Returns the JSON Pointer to the first number that is not finite.
pub(super) fn find<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    value.serialize(Walk).err().filter(|found| found.is_number).map(|found| found.steps.into_iter().rev().collect())
}

/// The first number that is not finite, or another reason to end the search.
#[derive(Debug)]
struct Found {
    is_number: bool,
    /// The steps that lead to it, the last first.
    steps: Vec<String>,
}

impl Found {
    const NUMBER: Self = Self { is_number: true, steps: Vec::new() };

    fn within(mut self, step: &str) -> Self {
        let mut pointer = String::new();
        push_step(&mut pointer, step);
        self.steps.push(pointer);
        self
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Found {}

impl ser::Error for Found {
    fn custom<M: Display>(_: M) -> Self {
        Self { is_number: false, steps: Vec::new() }
    }
}

/// The serializer, which writes nothing.
struct Walk;

macro_rules! nothing {
    ($($name:ident: $of:ty),*) => {
        $(fn $name(self, _: $of) -> Result<(), Found> {
            Ok(())
        })*
    };
}

impl Serializer for Walk {
    type Ok = ();
    type Error = Found;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    nothing! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str
    }

    fn serialize_f32(self, number: f32) -> Result<(), Found> {
        if number.is_finite() { Ok(()) } else { Err(Found::NUMBER) }
    }

    fn serialize_f64(self, number: f64) -> Result<(), Found> {
        if number.is_finite() { Ok(()) } else { Err(Found::NUMBER) }
    }

    fn serialize_unit(self) -> Result<(), Found> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Found> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Found> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Found> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Found> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Found> {
        value.serialize(self).map_err(|found| found.within(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Found> {
        Ok(Items::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Found> {
        Ok(Items::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Found> {
        Ok(Items::default())
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, name: &'static str, _: usize) -> Result<Items, Found> {
        Ok(Items { variant: Some(name), ..Items::default() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Found> {
        Ok(Members::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, Found> {
        Ok(Members::default())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, name: &'static str, _: usize) -> Result<Members, Found> {
        Ok(Members { variant: Some(name), ..Members::default() })
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<(), Found> {
        Ok(())
    }
}

/// Steps into the object that holds a variant with fields.
fn within_variant(found: Found, variant: Option<&'static str>) -> Found {
    match variant {
        Some(name) => found.within(name),
        None => found,
    }
}

/// The items of a list.
#[derive(Default)]
struct Items {
    at: usize,
    variant: Option<&'static str>,
}

impl Items {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        let (at, variant) = (self.at, self.variant);
        self.at += 1;
        value.serialize(Walk).map_err(|found| within_variant(found.within(&at.to_string()), variant))
    }
}

macro_rules! items {
    ($($name:ident $method:ident),*) => {$(
        impl ser::$name for Items {
            type Ok = ();
            type Error = Found;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
                self.item(value)
            }

            fn end(self) -> Result<(), Found> {
                Ok(())
            }
        }
    )*};
}

items! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
}

/// The members of an object.
#[derive(Default)]
struct Members {
    /// The last key of a map.
    key: Option<String>,
    variant: Option<&'static str>,
}

impl ser::SerializeMap for Members {
    type Ok = ();
    type Error = Found;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Found> {
        // As serde_json writes it; it has refused a key that is not finite.
        let json = serde_json::to_value(key).map_err(ser::Error::custom)?;
        self.key = Some(json.as_str().map_or_else(|| json.to_string(), str::to_owned));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Found> {
        let key = self.key.take().unwrap_or_default();
        value.serialize(Walk).map_err(|found| found.within(&key))
    }

    fn end(self) -> Result<(), Found> {
        Ok(())
    }
}

macro_rules! members {
    ($($name:ident),*) => {$(
        impl ser::$name for Members {
            type Ok = ();
            type Error = Found;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Found> {
                let variant = self.variant;
                value.serialize(Walk).map_err(|found| within_variant(found.within(name), variant))
            }

            fn end(self) -> Result<(), Found> {
                Ok(())
            }
        }
    )*};
}

members! { SerializeStruct, SerializeStructVariant }

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(serde::Serialize)]
    enum Shape {
        Circle(f64),
        Line(u8, f32),
        Square { side: f64 },
        Point,
    }

    #[derive(serde::Serialize)]
    struct Flat {
        #[serde(flatten)]
        inner: BTreeMap<u8, Option<f64>>,
        wide: (u128, i128),
    }

    #[test]
    fn a_number_that_is_not_finite_is_found_with_its_path() {
        const NAN: f64 = f64::NAN;
        let flat = |number| Flat { inner: BTreeMap::from([(7, number)]), wide: (u128::MAX, i128::MIN) };
        let found = [
            (find(&NAN), ""),
            (find(&f32::INFINITY), ""),
            (find(&Some(-f64::INFINITY)), ""),
            (find(&[1.0, NAN]), "/1"),
            (find(&BTreeMap::from([("a/b", vec![(1, NAN)])])), "/a~1b/0/1"),
            (find(&[Shape::Point, Shape::Circle(NAN)]), "/1/Circle"),
            (find(&Shape::Line(1, f32::NAN)), "/Line/1"),
            (find(&Shape::Square { side: NAN }), "/Square/side"),
            (find(&flat(Some(NAN))), "/7"),
        ];
        for (found, expected) in found {
            assert_eq!(found.as_deref(), Some(expected));
        }
        let finite = [
            find(&json!({ "a": [1.5, null, "null", true] })),
            find(&flat(None)),
            find(&flat(Some(f64::MAX))),
            find(&("NaN", 'c', (), Some(f32::MIN), Shape::Circle(0.0), Shape::Square { side: 1.0 })),
        ];
        assert_eq!(finite, [None, None, None, None]);
    }
}
