mod bytes;

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
        "small": { "L": [{ "N": "2.71" }, { "N": "42" }, { "N": "1E-10" }, { "N": "-0.0" }] },
    }));
    let all_nines = 10_i128.pow(38) - 1;
    assert_eq!((account.text.as_str(), account.signed, account.unsigned), (LONG, -all_nines, all_nines as u128));
    assert_eq!(
        (account.set.contains(LONG), account.any, account.small),
        (true, json!(LONG), json!([2.71, 42, 1e-10, -0.0]))
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
    let line =
        |count: Value| json!({ "lines": { "L": [{ "M": { "count": { "N": "1" } } }, { "M": { "count": count } }] } });
    let text = why(line(json!({ "N": "300" })));
    assert!(text.starts_with("/lines/1/count: "), "{text}");
    let text = why(line(json!({ "X": "1" })));
    assert!(text.starts_with("/lines/L/1/M/count") && text.contains("'X' is not a known DynamoDB prefix"), "{text}");
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

#[test]
fn what_serde_buffers_gets_the_number_and_the_bytes_that_its_type_asks_for() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Average { value: f64 },
        Version { number: String },
        Blob { data: Vec<u8> },
        Both { value: f64, data: Vec<u8>, id: u64 },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Average { value: f64 },
        Version { number: String },
        Blob { data: Vec<u8> },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat<T> {
        id: String,
        #[serde(flatten)]
        rest: T,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Value1 {
        value: f64,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Number1 {
        number: String,
    }
    let third = json!({ "N": "0.3333333333333333333333333333" });
    let (seven, bytes) = (json!({ "N": "7" }), json!({ "B": "AAE=" }));
    let tagged = |kind: &str, mut item: Value| {
        item["kind"] = json!({ "S": kind });
        of::<Tagged>(&item)
    };
    let value = 1.0 / 3.0;
    assert_eq!(tagged("Average", json!({ "value": third })), Tagged::Average { value });
    assert_eq!(tagged("Version", json!({ "number": seven })), Tagged::Version { number: "7".to_owned() });
    assert_eq!(tagged("Blob", json!({ "data": bytes })), Tagged::Blob { data: vec![0, 1] });
    let both = tagged("Both", json!({ "value": third, "data": bytes, "id": seven }));
    assert_eq!(both, Tagged::Both { value, data: vec![0, 1], id: 7 });
    assert_eq!(of::<Untagged>(&json!({ "value": third })), Untagged::Average { value });
    assert_eq!(of::<Untagged>(&json!({ "number": seven })), Untagged::Version { number: "7".to_owned() });
    assert_eq!(of::<Untagged>(&json!({ "data": bytes })), Untagged::Blob { data: vec![0, 1] });
    let id = json!({ "S": "a" });
    let flat = of::<Flat<Value1>>(&json!({ "id": id, "value": third }));
    assert_eq!(flat, Flat { id: "a".to_owned(), rest: Value1 { value } });
    let flat = of::<Flat<Number1>>(&json!({ "id": id, "number": seven }));
    assert_eq!(flat, Flat { id: "a".to_owned(), rest: Number1 { number: "7".to_owned() } });
    // Of several mistakes the first is reported.
    let mistake = read::<Tagged>(&json!({ "kind": { "S": "Average" }, "value": { "S": "x" }, "n": seven }).to_string());
    let mistake = mistake.unwrap_err().to_string();
    assert!(mistake.contains("f64"), "{mistake}");
}
