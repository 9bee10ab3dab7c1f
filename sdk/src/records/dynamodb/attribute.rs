//! An item of DynamoDB as the stream's JSON has it, into the user's type.
//!
//! `serde_dynamo` reads the attribute values and gives the plain ones; what is done here besides is that no digit of a number is
//! lost. DynamoDB keeps 38 of them (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>),
//! more than an `f64`: a type that takes what comes would silently get another number, and `String`, `i128` and `u128` none.
//!
//! A binary attribute is bytes for a type that takes bytes. A type for any JSON, such as `serde_json::Value`, cannot hold bytes: for it
//! they are base64 text, as the stream's own JSON has them.

use std::any::Any;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_dynamo::{AttributeValue, Deserializer as Plain, Error, Item};

use crate::error::BoxError;
use crate::json;

#[cfg(test)]
mod tests;

/// Reads an item. `()` is made of any, and [`Item`] is taken as it is.
pub(super) fn read<T: DeserializeOwned + 'static>(text: &str) -> Result<T, BoxError> {
    let mut value = None::<T>;
    // Resolved when it is compiled, as in `payload::decode`.
    let as_it_is: &mut dyn Any = &mut value;
    if let Some(nothing) = as_it_is.downcast_mut::<Option<()>>() {
        *nothing = Some(());
    } else if let Some(whole) = as_it_is.downcast_mut::<Option<Item>>() {
        *whole = Some(item(text)?);
    } else if let Some(whole) = as_it_is.downcast_mut::<Option<Option<Item>>>() {
        *whole = Some(Some(item(text)?));
    } else {
        return value_of(text);
    }
    value.ok_or_else(|| "it is empty".into())
}

fn item(text: &str) -> Result<Item, BoxError> {
    Ok(json::decode(text.as_bytes())?)
}

/// Reads an item with its binary attributes as bytes, and if the type does not take bytes where they are, with base64 text there.
fn value_of<T: DeserializeOwned>(text: &str) -> Result<T, BoxError> {
    let read = |binary| item(text).map(|item| T::deserialize(Attribute::of(item, binary)));
    let error = match read(Binary::Bytes)? {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // An item without a binary attribute is the same in both forms.
    if !text.contains("\"B\"") && !text.contains("\"BS\"") {
        return Err(locate::<T>(text, error, Binary::Bytes));
    }
    read(Binary::Base64)?.map_err(|error| locate::<T>(text, error, Binary::Base64))
}

/// The mistake with its place, for which the item is read again.
fn locate<T: DeserializeOwned>(text: &str, error: Error, binary: Binary) -> BoxError {
    let Ok(item) = item(text) else { return json::without_value(&error.to_string()).into() };
    match serde_path_to_error::deserialize::<_, T>(Attribute::of(item, binary)) {
        Err(found) => {
            let message = found.inner().to_string();
            format!("{}: {}", json::pointer(found.path()), json::without_value(&message)).into()
        }
        Ok(_) => json::without_value(&error.to_string()).into(),
    }
}

/// How a binary attribute is given to a type that does not ask for bytes.
#[derive(Clone, Copy)]
enum Binary {
    /// Also a buffer of serde (`flatten`, tagged and untagged enums) keeps bytes for a field of bytes.
    Bytes,
    Base64,
}

/// An attribute's value.
struct Attribute {
    value: AttributeValue,
    binary: Binary,
}

impl IntoDeserializer<'_, Error> for Attribute {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn map<'de>(
    map: HashMap<String, AttributeValue>,
    binary: Binary,
) -> impl Deserializer<'de, Error = Error> + serde::de::MapAccess<'de, Error = Error> {
    MapDeserializer::new(map.into_iter().map(move |(name, value)| (name, Attribute { value, binary })))
}

fn list<'de>(values: impl Iterator<Item = AttributeValue>, binary: Binary) -> impl Deserializer<'de, Error = Error> {
    SeqDeserializer::new(values.map(move |value| Attribute { value, binary }))
}

/// Those that `serde_dynamo` gives as they should be.
macro_rules! plain {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            Plain::from_attribute_value(self.value).$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Attribute {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let binary = self.binary;
        match self.value {
            AttributeValue::N(number) => any_number(number, visitor),
            AttributeValue::M(values) => map(values, binary).deserialize_any(visitor),
            AttributeValue::L(values) => list(values.into_iter(), binary).deserialize_any(visitor),
            AttributeValue::Ns(numbers) => {
                list(numbers.into_iter().map(AttributeValue::N), binary).deserialize_any(visitor)
            }
            AttributeValue::Bs(blobs) => {
                list(blobs.into_iter().map(AttributeValue::B), binary).deserialize_any(visitor)
            }
            AttributeValue::B(bytes) if matches!(binary, Binary::Base64) => {
                visitor.visit_string(STANDARD.encode(bytes))
            }
            plain => Plain::from_attribute_value(plain).deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            AttributeValue::N(number) => visitor.visit_string(number),
            plain => Plain::from_attribute_value(plain).deserialize_string(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            // For a `Vec<u8>`, which does not ask for bytes.
            AttributeValue::B(bytes) => SeqDeserializer::new(bytes.into_iter()).deserialize_any(visitor),
            value => Self { value, ..self }.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i128(self.whole()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u128(self.whole()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            AttributeValue::Null(true) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            AttributeValue::M(values) => visitor.visit_enum(MapAccessDeserializer::new(map(values, self.binary))),
            plain => Plain::from_attribute_value(plain).deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        Plain::from_attribute_value(self.value).deserialize_unit_struct(name, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    plain! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    forward_to_deserialize_any! { tuple_struct map struct }
}

impl Attribute {
    fn of(item: Item, binary: Binary) -> Self {
        Self { value: AttributeValue::M(item.into_inner()), binary }
    }

    fn whole<N: std::str::FromStr<Err: std::fmt::Display>>(self) -> Result<N, Error> {
        match self.value {
            AttributeValue::N(number) => number.parse().map_err(Error::custom),
            _ => Err(Error::custom("expected a number")),
        }
    }
}

/// A number for what takes anything: as text where no number of Rust's has the same digits.
fn any_number<'de, V: Visitor<'de>>(number: String, visitor: V) -> Result<V::Value, Error> {
    if let Ok(whole) = number.parse() {
        return visitor.visit_i64(whole);
    }
    if let Ok(whole) = number.parse() {
        return visitor.visit_u64(whole);
    }
    match number.parse::<f64>() {
        Ok(float) if digits(&number) != digits(&float.to_string()) => visitor.visit_string(number),
        _ => Plain::from_attribute_value(AttributeValue::N(number)).deserialize_any(visitor),
    }
}

/// The sign, the digits without zeros around them, and the power of ten of the last.
fn digits(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let unsigned = mantissa.trim_start_matches(['+', '-']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = [whole, fraction].concat();
    let end = all.trim_end_matches('0');
    let power = power.parse::<i64>().ok()? - fraction.len() as i64 + (all.len() - end.len()) as i64;
    match end.trim_start_matches('0') {
        "" => Some((false, String::new(), 0)),
        digits => Some((mantissa.starts_with('-'), digits.to_owned(), power)),
    }
}
