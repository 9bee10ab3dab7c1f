//! An item of DynamoDB as the stream's JSON has it, into the user's type.
//!
//! `serde_dynamo` reads the attribute values and gives the plain ones; what is done here besides is that no digit of a number is
//! lost. DynamoDB keeps 38 of them (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>),
//! more than an `f64`: a type that takes what comes would silently get another number, and `String`, `i128` and `u128` none.

use std::any::Any;
use std::collections::HashMap;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_dynamo::{AttributeValue, Deserializer as Plain, Error, Item};

use crate::error::BoxError;
use crate::json;

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
        let attributes = Attribute(AttributeValue::M(item(text)?.into_inner()));
        return T::deserialize(attributes).or_else(|error| Err(locate::<T>(text, error)));
    }
    value.ok_or_else(|| "it is empty".into())
}

fn item(text: &str) -> Result<Item, BoxError> {
    Ok(json::decode(text.as_bytes())?)
}

/// The mistake with its place, for which the item is read again.
fn locate<T: DeserializeOwned>(text: &str, error: Error) -> BoxError {
    let Ok(item) = item(text) else { return error.into() };
    match serde_path_to_error::deserialize::<_, T>(Attribute(AttributeValue::M(item.into_inner()))) {
        Err(found) => format!("{}: {}", json::pointer(found.path()), found.inner()).into(),
        Ok(_) => error.into(),
    }
}

/// An attribute's value.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, Error> for Attribute {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn map<'de>(
    map: HashMap<String, AttributeValue>,
) -> impl Deserializer<'de, Error = Error> + serde::de::MapAccess<'de, Error = Error> {
    MapDeserializer::new(map.into_iter().map(|(name, value)| (name, Attribute(value))))
}

fn list<'de>(values: impl Iterator<Item = AttributeValue>) -> impl Deserializer<'de, Error = Error> {
    SeqDeserializer::new(values.map(Attribute))
}

/// Those that `serde_dynamo` gives as they should be.
macro_rules! plain {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            Plain::from_attribute_value(self.0).$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Attribute {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            AttributeValue::N(number) => any_number(number, visitor),
            AttributeValue::M(values) => map(values).deserialize_any(visitor),
            AttributeValue::L(values) => list(values.into_iter()).deserialize_any(visitor),
            AttributeValue::Ns(numbers) => list(numbers.into_iter().map(AttributeValue::N)).deserialize_any(visitor),
            AttributeValue::Bs(blobs) => list(blobs.into_iter().map(AttributeValue::B)).deserialize_any(visitor),
            plain => Plain::from_attribute_value(plain).deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            AttributeValue::N(number) => visitor.visit_string(number),
            plain => Plain::from_attribute_value(plain).deserialize_string(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            // For a `Vec<u8>`, which does not ask for bytes.
            AttributeValue::B(bytes) => SeqDeserializer::new(bytes.into_iter()).deserialize_any(visitor),
            other => Self(other).deserialize_any(visitor),
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
        match self.0 {
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
        match self.0 {
            AttributeValue::M(values) => visitor.visit_enum(MapAccessDeserializer::new(map(values))),
            plain => Plain::from_attribute_value(plain).deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        Plain::from_attribute_value(self.0).deserialize_unit_struct(name, visitor)
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
    fn whole<N: std::str::FromStr<Err: std::fmt::Display>>(self) -> Result<N, Error> {
        match self.0 {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    /// 38 digits.
    const LONG: &str = "3.1415926535897932384626433832795028841";

    fn of<T: DeserializeOwned + 'static>(item: &Value) -> T {
        read(&item.to_string()).unwrap()
    }

    #[test]
    fn every_kind_of_attribute_becomes_what_the_type_asks_for() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Product {
            id: u64,
            title: String,
            price: f32,
            in_stock: bool,
            #[serde(default)]
            missing: Option<String>,
            nothing: Option<String>,
            size: Size,
            tags: BTreeSet<String>,
            primes: Vec<u8>,
            pages: (u8, String),
            kind: Kind,
            shape: Kind,
            letter: char,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct Size {
            #[serde(flatten)]
            sides: BTreeMap<String, f64>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        enum Kind {
            Book,
            Disc { minutes: u16 },
        }
        let product = of::<Product>(&json!({
            "id": { "N": "103" },
            "title": { "S": "Book" },
            "price": { "N": "20.5" },
            "in_stock": { "BOOL": false },
            "nothing": { "NULL": true },
            "size": { "M": { "width": { "N": "8.5" }, "height": { "N": "0.30000000000000004" } } },
            "tags": { "SS": ["b", "a"] },
            "primes": { "NS": ["2", "3"] },
            "pages": { "L": [{ "N": "1" }, { "S": "ii" }] },
            "kind": { "S": "Book" },
            "shape": { "M": { "Disc": { "M": { "minutes": { "N": "74" } } } } },
            "letter": { "S": "x" },
            "aws:rep:updateregion": { "S": "eu-central-1" },
            "unknown": { "M": { "deep": { "BS": ["YQ=="] } } },
        }));
        let expected = Product {
            id: 103,
            title: "Book".to_owned(),
            price: 20.5,
            in_stock: false,
            missing: None,
            nothing: None,
            size: Size { sides: [("width".to_owned(), 8.5), ("height".to_owned(), 0.1 + 0.2)].into() },
            tags: ["a".to_owned(), "b".to_owned()].into(),
            primes: vec![2, 3],
            pages: (1, "ii".to_owned()),
            kind: Kind::Book,
            shape: Kind::Disc { minutes: 74 },
            letter: 'x',
        };
        assert_eq!(product, expected);
    }

    #[test]
    fn no_digit_of_38_is_lost() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Account {
            text: String,
            signed: i128,
            unsigned: u128,
            set: BTreeSet<String>,
            any: Value,
            small: Value,
        }
        let account = of::<Account>(&json!({
            "text": { "N": LONG },
            "signed": { "N": "-99999999999999999999999999999999999999" },
            "unsigned": { "N": "99999999999999999999999999999999999999" },
            "set": { "NS": [LONG, "1"] },
            "any": { "N": LONG },
            "small": { "L": [{ "N": "3.14" }, { "N": "42" }, { "N": "1E-10" }, { "N": "-0.0" }] },
        }));
        let all_nines = 10_i128.pow(38) - 1;
        assert_eq!((account.text.as_str(), account.signed, account.unsigned), (LONG, -all_nines, all_nines as u128));
        assert_eq!(
            (account.set.contains(LONG), account.any, account.small),
            (true, json!(LONG), json!([3.14, 42, 1e-10, -0.0]))
        );
    }

    #[test]
    fn a_tagged_enum_takes_whole_numbers_and_floats() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(tag = "type")]
        enum Entry {
            Order { total: f64, lines: u64 },
            Customer { name: String },
        }
        let order = json!({ "type": { "S": "Order" }, "total": { "N": "0.30000000000000004" }, "lines": { "N": "2" } });
        assert_eq!(of::<Entry>(&order), Entry::Order { total: 0.1 + 0.2, lines: 2 });
        let customer = json!({ "type": { "S": "Customer" }, "name": { "S": "Ada" } });
        assert_eq!(of::<Entry>(&customer), Entry::Customer { name: "Ada".to_owned() });
    }

    #[test]
    fn an_item_can_be_taken_as_it_is_or_not_at_all() {
        let json = json!({ "id": { "N": LONG }, "data": { "B": "aGVsbG8=" }, "set": { "SS": ["a"] } });
        let item = of::<Item>(&json);
        assert_eq!(
            (&item["id"], &item["data"]),
            (&AttributeValue::N(LONG.to_owned()), &AttributeValue::B(b"hello".to_vec()))
        );
        assert_eq!((of::<Option<Item>>(&json), serde_json::to_value(&item).unwrap()), (Some(item), json.clone()));
        of::<()>(&json);
        of::<serde::de::IgnoredAny>(&json);
    }

    #[test]
    fn bytes_are_bytes() {
        /// As `serde_bytes` reads them.
        #[derive(Debug, PartialEq)]
        struct Blob(Vec<u8>);

        impl<'de> Deserialize<'de> for Blob {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Bytes;
                impl Visitor<'_> for Bytes {
                    type Value = Blob;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("bytes")
                    }
                    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                        Ok(Blob(bytes))
                    }
                    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                        Ok(Blob(bytes.to_vec()))
                    }
                }
                deserializer.deserialize_byte_buf(Bytes)
            }
        }
        let one = json!({ "one": { "B": "aGVsbG8=" } });
        assert_eq!(of::<BTreeMap<String, Blob>>(&one)["one"], Blob(b"hello".to_vec()));
        assert_eq!(of::<BTreeMap<String, Vec<u8>>>(&one)["one"], b"hello");
        assert_eq!(of::<BTreeMap<String, [u8; 5]>>(&one)["one"], *b"hello");
        let many = json!({ "many": { "BS": ["YQ==", "Yg=="] } });
        assert_eq!(of::<BTreeMap<String, Vec<Blob>>>(&many)["many"], [Blob(vec![97]), Blob(vec![98])]);
        assert_eq!(of::<BTreeMap<String, Vec<Vec<u8>>>>(&many)["many"], [[97], [98]]);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code)]
        struct Order {
            lines: Vec<Line>,
        }
        #[derive(Debug, Deserialize)]
        #[allow(dead_code)]
        struct Line {
            count: u8,
        }
        let why = |item: Value| read::<Order>(&item.to_string()).unwrap_err().to_string();
        let line = |count: Value| json!({ "lines": { "L": [{ "M": { "count": { "N": "1" } } }, { "M": { "count": count } }] } });
        let text = why(line(json!({ "N": "300" })));
        assert!(text.starts_with("/lines/1/count: "), "{text}");
        let text = why(line(json!({ "X": "1" })));
        assert!(
            text.starts_with("/lines/L/1/M/count") && text.contains("'X' is not a known DynamoDB prefix"),
            "{text}"
        );
        assert!(why(json!({})).contains("missing field `lines`"));
    }

    #[test]
    fn numbers_are_the_same_by_their_digits() {
        for (one, other) in
            [("1.50", "1.5"), ("-0.0", "0"), ("1E+39", "1000000000000000000000000000000000000000"), ("1E-3", "0.001")]
        {
            assert_eq!(digits(one), digits(other), "{one}");
        }
        for (one, other) in [("1", "-1"), ("10", "1"), ("0.1", "0.01"), (LONG, "3.141592653589793")] {
            assert_ne!(digits(one), digits(other), "{one}");
        }
    }
}
