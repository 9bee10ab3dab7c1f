//! CBOR and XML, read by other implementations.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;

/// Writes a value by a format; the error's text otherwise.
fn written<T: Serialize>(format: &impl Format, value: &T) -> Result<Vec<u8>, String> {
    format.write(&Content(value)).map_err(|error| error.to_string())
}

/// Any value of JSON.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// Takes a number of bytes from the front.
fn take<'b>(rest: &mut &'b [u8], count: u64) -> &'b [u8] {
    let (taken, after) = rest.split_at(usize::try_from(count).unwrap());
    *rest = after;
    taken
}

/// Reads a value of JSON in CBOR (RFC 8949, section 3).
fn read(rest: &mut &[u8]) -> Value {
    let first = take(rest, 1)[0];
    let argument = |rest: &mut &[u8], length: u64| {
        take(rest, length).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let number = match first & 0x1f {
        small @ 0..24 => u64::from(small),
        power @ 24..28 => argument(rest, 1 << (power - 24)),
        other => panic!("the length {other}"),
    };
    match first >> 5 {
        0 => number.into(),
        1 => i64::try_from(-1 - i128::from(number)).unwrap().into(),
        3 => std::str::from_utf8(take(rest, number)).unwrap().into(),
        4 => (0..number).map(|_| read(rest)).collect(),
        5 => (0..number).map(|_| (read(rest).as_str().unwrap().to_owned(), read(rest))).collect(),
        7 => match first & 0x1f {
            20 => false.into(),
            21 => true.into(),
            22 => Value::Null,
            25 => half(u16::try_from(number).unwrap()).into(),
            26 => f64::from(f32::from_bits(u32::try_from(number).unwrap())).into(),
            27 => f64::from_bits(number).into(),
            other => panic!("the simple value {other}"),
        },
        other => panic!("the type {other}"),
    }
}

/// Returns a number of 16 bits (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 => panic!("JSON has neither an infinity nor NaN"),
        exponent => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

proptest! {
    #[test]
    fn cbor_is_what_rfc_8949_defines(value in values()) {
        let bytes = written(&CborFormat, &value).unwrap();
        let mut rest = bytes.as_slice();
        prop_assert_eq!(read(&mut rest), value);
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn roxmltree_reads_the_texts_that_xml_format_writes(id in any::<String>(), text in any::<String>()) {
        let sale = Sale { id: id.clone(), article: text.clone(), discount: None };
        match written(&XmlFormat::new("sales"), &vec![sale]) {
            Ok(bytes) => {
                let document = String::from_utf8(bytes).unwrap();
                let document = roxmltree::Document::parse(&document).unwrap();
                let sale = document.root_element().first_child().unwrap();
                prop_assert_eq!(sale.tag_name().name(), "sale");
                prop_assert_eq!(sale.attribute("id"), Some(id.as_str()));
                prop_assert_eq!(sale.first_child().unwrap().text().unwrap_or_default(), text);
            }
            Err(_) => {
                let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
                prop_assert!(!id.chars().all(is_allowed) || !text.chars().all(is_allowed));
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename = "sale")]
struct Sale {
    #[serde(rename = "@id")]
    id: String,
    article: String,
    discount: Option<u8>,
}

#[test]
fn cbor_has_byte_strings_and_64_bits() {
    // RFC 8949, appendix A.
    assert_eq!(written(&CborFormat, &u64::MAX).unwrap(), b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_eq!(written(&CborFormat, &i64::MIN).unwrap(), b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff");
    assert_eq!(written(&CborFormat, &Bytes::from_static(b"\x01\x02")).unwrap(), b"\x42\x01\x02");
    assert_eq!(written(&CborFormat, &json!({ "a": 1 })).unwrap(), b"\xa1\x61a\x01");
}

#[test]
fn white_space_at_the_ends_of_a_text_and_line_breaks_survive_as_xml() {
    for text in [" a ", "\ta\n", "a\r\nb", "\r", "]]>", "<!--", "&#0;", "\u{85}\u{2028}"] {
        let sale = Sale { id: text.to_owned(), article: text.to_owned(), discount: Some(7) };
        let document = String::from_utf8(written(&XmlFormat::new("sales"), &sale).unwrap()).unwrap();
        let document = roxmltree::Document::parse(&document).unwrap();
        let sale = document.root_element().first_child().unwrap();
        assert_eq!(sale.attribute("id"), Some(text), "{text:?}");
        assert_eq!(sale.first_child().unwrap().text(), Some(text), "{text:?}");
    }
}

#[test]
fn xml_has_one_root_for_values_of_every_form() {
    let xml = |value: &dyn erased_serde::Serialize| {
        XmlFormat::new("root").write(&Content(value)).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(xml(&Vec::<Sale>::new()).unwrap(), "<root/>");
    assert_eq!(xml(&()).unwrap(), "<root/>");
    assert_eq!(xml(&7).unwrap(), "<root>7</root>");
    assert_eq!(xml(&"a<b").unwrap(), "<root>a&lt;b</root>");
    for refused in
        [&BTreeMap::from([("a b", 1)]) as &dyn erased_serde::Serialize, &vec![vec![vec![1]]], &"\0", &"\u{ffff}"]
    {
        let written = xml(refused);
        assert!(written.is_err(), "{written:?}");
    }
    for name in ["", "a b", "<", "1"] {
        assert!(XmlFormat::new(name).write(&Content(&7)).is_err(), "{name}");
    }
}
