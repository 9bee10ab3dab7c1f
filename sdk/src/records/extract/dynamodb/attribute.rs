//! Decodes a DynamoDB item from the stream's JSON.
//!
//! `serde_dynamo` decodes the attribute values; this module keeps all digits of a number. DynamoDB numbers have 38
//! digits (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>),
//! more than an `f64`: a type for any value would silently get a different number, and `String`, `i128` and `u128`
//! would fail.
//!
//! A binary attribute is passed as bytes to a type that requests bytes. A type for any JSON, such as
//! `serde_json::Value`, cannot hold bytes and gets them as base64 text, as in the stream's JSON.

use std::any::Any;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_dynamo::{AttributeValue, Deserializer as Plain, Error, Item};

use crate::core::error::BoxError;
use crate::core::json;

#[cfg(test)]
mod tests;

/// Decodes an item. `()` ignores it, and [`Item`] takes it unchanged.
pub(super) fn read<T: DeserializeOwned + 'static>(text: &str) -> Result<T, BoxError> {
    let mut value = None::<T>;
    // Resolved at compile time, as in `payload::decode`.
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
    value.ok_or_else(|| "no value".into())
}

fn item(text: &str) -> Result<Item, BoxError> {
    Ok(json::decode(text.as_bytes())?)
}

/// Decodes an item, first with each number and each binary attribute unchanged. Values that serde buffers (`flatten`,
/// tagged and untagged enums) do not know the type of their field, so if that fails the item is decoded again with
/// values of other types.
fn value_of<T: DeserializeOwned>(text: &str) -> Result<T, BoxError> {
    let read = |form| item(text).map(|item| T::deserialize(Attribute::of(item, form)));
    let error = match read(Form::FIRST)? {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // The text of an attribute may also match, which costs an attempt.
    let has = |one: &str, set: &str| text.contains(one) || text.contains(set);
    let binaries = match has("\"B\"", "\"BS\"") {
        true => &[Binary::Bytes, Binary::Base64, Binary::List][..],
        false => &[Binary::Bytes],
    };
    let numbers = match has("\"N\"", "\"NS\"") {
        true => &[Number::Exact, Number::Float, Number::Text][..],
        false => &[Number::Exact],
    };
    let forms = numbers.iter().flat_map(|&number| binaries.iter().map(move |&binary| Form { number, binary }));
    for form in forms.skip(1) {
        if let Ok(value) = read(form)? {
            return Ok(value);
        }
    }
    let first = locate::<T>(text, &error, Form::FIRST);
    // Bytes that the type takes as text did not cause the error.
    match binaries.len() > 1 && first.contains("byte array") {
        true => Err(locate::<T>(text, &error, Form { binary: Binary::Base64, ..Form::FIRST }).into()),
        false => Err(first.into()),
    }
}

/// Returns the error with its location, by decoding the item again.
fn locate<T: DeserializeOwned>(text: &str, error: &Error, form: Form) -> String {
    let without_place = || json::described(&error.to_string()).into_owned();
    let Ok(item) = item(text) else { return without_place() };
    match serde_path_to_error::deserialize::<_, T>(Attribute::of(item, form)) {
        Err(found) => json::placed(&json::pointer(found.path()), &json::described(&found.inner().to_string())),
        Ok(_) => without_place(),
    }
}

/// The types of the values that are passed to a type for any value.
#[derive(Clone, Copy)]
struct Form {
    number: Number,
    binary: Binary,
}

impl Form {
    const FIRST: Self = Self { number: Number::Exact, binary: Binary::Bytes };
}

/// The type as which a number is passed.
#[derive(Clone, Copy)]
enum Number {
    /// Text, if no Rust number represents it exactly.
    Exact,
    /// A float, if it is not an integer.
    Float,
    Text,
}

/// The type as which a binary attribute is passed.
#[derive(Clone, Copy)]
enum Binary {
    /// Bytes, which serde's buffer keeps for a field of bytes.
    Bytes,
    Base64,
    /// A list, for a `Vec<u8>`, which does not request bytes.
    List,
}

/// The value of an attribute.
struct Attribute {
    value: AttributeValue,
    form: Form,
}

impl IntoDeserializer<'_, Error> for Attribute {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn map<'de>(
    map: HashMap<String, AttributeValue>,
    form: Form,
) -> impl Deserializer<'de, Error = Error> + serde::de::MapAccess<'de, Error = Error> {
    MapDeserializer::new(map.into_iter().map(move |(name, value)| (name, Attribute { value, form })))
}

fn list<'de>(values: impl Iterator<Item = AttributeValue>, form: Form) -> impl Deserializer<'de, Error = Error> {
    SeqDeserializer::new(values.map(move |value| Attribute { value, form }))
}

/// Methods for which `serde_dynamo` is correct.
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
        let form = self.form;
        match self.value {
            AttributeValue::N(number) => any_number(number, form.number, visitor),
            AttributeValue::M(values) => map(values, form).deserialize_any(visitor),
            AttributeValue::L(values) => list(values.into_iter(), form).deserialize_any(visitor),
            AttributeValue::Ns(numbers) => {
                list(numbers.into_iter().map(AttributeValue::N), form).deserialize_any(visitor)
            }
            AttributeValue::Bs(blobs) => list(blobs.into_iter().map(AttributeValue::B), form).deserialize_any(visitor),
            AttributeValue::B(bytes) => match form.binary {
                Binary::Bytes => Plain::from_attribute_value(AttributeValue::B(bytes)).deserialize_any(visitor),
                Binary::Base64 => visitor.visit_string(STANDARD.encode(bytes)),
                Binary::List => SeqDeserializer::new(bytes.into_iter()).deserialize_any(visitor),
            },
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
            // For a `Vec<u8>`, which does not request bytes.
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
            AttributeValue::M(values) => visitor.visit_enum(MapAccessDeserializer::new(map(values, self.form))),
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
    fn of(item: Item, form: Form) -> Self {
        Self { value: AttributeValue::M(item.into_inner()), form }
    }

    fn whole<N: std::str::FromStr<Err: std::fmt::Display>>(self) -> Result<N, Error> {
        match self.value {
            AttributeValue::N(number) => number.parse().map_err(Error::custom),
            _ => Err(Error::custom("expected a number")),
        }
    }
}

/// Passes a number to a type for any value.
fn any_number<'de, V: Visitor<'de>>(number: String, form: Number, visitor: V) -> Result<V::Value, Error> {
    if let Number::Text = form {
        return visitor.visit_string(number);
    }
    if let Ok(whole) = number.parse() {
        return visitor.visit_i64(whole);
    }
    if let Ok(whole) = number.parse() {
        return visitor.visit_u64(whole);
    }
    match number.parse::<f64>() {
        Ok(float) if matches!(form, Number::Float) => visitor.visit_f64(float),
        Ok(float) if digits(&number) != digits(&float.to_string()) => visitor.visit_string(number),
        _ => Plain::from_attribute_value(AttributeValue::N(number)).deserialize_any(visitor),
    }
}

/// Returns the sign, the digits without leading and trailing zeros, and the power of ten of the last digit.
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
