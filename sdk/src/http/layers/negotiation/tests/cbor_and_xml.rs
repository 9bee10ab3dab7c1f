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
        let names = prop_oneof![9 => "[a-zA-Z_][a-zA-Z0-9._-]{0,6}", 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6).prop_map(Value::from_iter),
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
    fn roxmltree_reads_the_values_that_xml_format_writes(value in values()) {
        match written(&XmlFormat::new("root"), &value) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                let document = roxmltree::Document::parse(&text).unwrap();
                prop_assert_eq!(document.root_element().tag_name().name(), "root");
                assert_element(document.root_element(), &value);
            }
            Err(_) => prop_assert!(!fits_xml(&value), "{}", value),
        }
    }
}

/// Asserts that an element has the value: members in order, items in order, and texts to the letter.
fn assert_element(element: roxmltree::Node<'_, '_>, value: &Value) {
    let children: Vec<_> = element.children().filter(|child| child.is_element()).collect();
    assert_eq!(element.attributes().len(), 0);
    match value {
        Value::Object(members) => {
            assert_eq!(children.len(), members.len());
            for (child, (name, value)) in children.into_iter().zip(members) {
                assert_eq!(child.tag_name().name(), name);
                assert_element(child, value);
            }
        }
        Value::Array(items) => {
            assert_eq!(children.len(), items.len());
            for (child, value) in children.into_iter().zip(items) {
                assert_eq!(child.tag_name().name(), "item");
                assert_element(child, value);
            }
        }
        Value::Null => assert_eq!(element.text(), None),
        Value::String(text) => assert_eq!(element.text().unwrap_or_default(), text),
        other => assert_eq!(element.text().unwrap(), other.to_string()),
    }
}

/// Returns whether XML can write the value, as section 2 of its specification says.
fn fits_xml(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().all(|(name, value)| {
            let mut letters = name.chars();
            let first = letters.next().is_some_and(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '_'));
            first
                && letters.all(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.'))
                && fits_xml(value)
        }),
        Value::Array(items) => items.iter().all(fits_xml),
        Value::String(text) => text
            .chars()
            .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)),
        _ => true,
    }
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
        let document = String::from_utf8(written(&XmlFormat::new("root"), &text).unwrap()).unwrap();
        let document = roxmltree::Document::parse(&document).unwrap();
        assert_eq!(document.root_element().text(), Some(text), "{text:?}");
    }
}

#[test]
fn xml_has_one_root_for_values_of_every_form() {
    #[derive(Serialize)]
    struct Page {
        z: u128,
        a: Option<Vec<Vec<u8>>>,
        #[serde(flatten)]
        more: BTreeMap<String, State>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    enum State {
        Open,
        Paid { at: u8 },
    }
    let xml = |value: &dyn erased_serde::Serialize| {
        XmlFormat::new("root").write(&Content(value)).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(xml(&Vec::<Page>::new()).unwrap(), "<root/>");
    assert_eq!(xml(&()).unwrap(), "<root/>");
    assert_eq!(xml(&"").unwrap(), "<root/>");
    assert_eq!(xml(&7).unwrap(), "<root>7</root>");
    assert_eq!(xml(&(true, "a<b")).unwrap(), "<root><item>true</item><item>a&lt;b</item></root>");
    let more = BTreeMap::from([("paid".to_owned(), State::Paid { at: 1 }), ("open".to_owned(), State::Open)]);
    let page = Page { z: u128::MAX, a: Some(vec![vec![1, 2], Vec::new()]), more };
    assert_eq!(
        xml(&vec![Some(page), None]).unwrap(),
        "<root><item><z>340282366920938463463374607431768211455</z><a><item><item>1</item><item>2</item></item><item/></a>\
         <open>open</open><paid><paid><at>1</at></paid></paid></item><item/></root>"
    );
    let map = |name: &str| BTreeMap::from([(name.to_owned(), 1)]);
    for name in ["", "@id", "$text", "a b", "a:b", "1", "-", "\u{e9}", "<", "xmlns:a"] {
        assert!(xml(&map(name)).is_err(), "{name}");
    }
    for name in ["", "a b", "<", "1"] {
        assert!(XmlFormat::new(name).write(&Content(&7)).is_err(), "{name}");
    }
    for text in ["\0", "\u{ffff}", "\u{1f}"] {
        assert!(xml(&text).is_err(), "{text:?}");
    }
}
