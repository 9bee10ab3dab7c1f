//! Bytes, and the types that take them.

use super::*;

/// As `serde_bytes` reads them: of a text its bytes, too.
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
            fn visit_str<E>(self, text: &str) -> Result<Blob, E> {
                Ok(Blob(text.as_bytes().to_vec()))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[test]
fn bytes_are_bytes() {
    let one = json!({ "one": { "B": "aGVsbG8=" } });
    assert_eq!(of::<BTreeMap<String, Blob>>(&one)["one"], Blob(b"hello".to_vec()));
    assert_eq!(of::<BTreeMap<String, Vec<u8>>>(&one)["one"], b"hello");
    assert_eq!(of::<BTreeMap<String, [u8; 5]>>(&one)["one"], *b"hello");
    let many = json!({ "many": { "BS": ["YQ==", "Yg=="] } });
    assert_eq!(of::<BTreeMap<String, Vec<Blob>>>(&many)["many"], [Blob(vec![97]), Blob(vec![98])]);
    assert_eq!(of::<BTreeMap<String, Vec<Vec<u8>>>>(&many)["many"], [[97], [98]]);
}

/// The item of `aws-lambda-go`'s `dynamodb-event.json` that has `B` and `BS`.
fn binary() -> Value {
    json!({ "id": { "S": "1" }, "b": { "B": "AAEqQQ==" }, "bs": { "BS": ["AAEqQQ==", "QSoBAA=="] }, "m": { "M": { "b": { "B": "" } } } })
}

#[test]
fn bytes_are_base64_text_where_any_json_is_taken() {
    #[derive(Debug, Deserialize)]
    struct Rest {
        id: String,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Both {
        /// Asked for as bytes.
        b: Blob,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    let expected = json!({ "id": "1", "b": "AAEqQQ==", "bs": ["AAEqQQ==", "QSoBAA=="], "m": { "b": "" } });
    assert_eq!(of::<Value>(&binary()), expected);
    assert_eq!(of::<Option<Value>>(&binary()).unwrap(), expected);
    assert_eq!(Value::from(of::<serde_json::Map<String, Value>>(&binary())), expected);
    let rest = of::<Rest>(&binary());
    assert_eq!((rest.id.as_str(), &rest.rest["b"], &rest.rest["bs"]), ("1", &expected["b"], &expected["bs"]));
    let both = of::<Both>(&binary());
    assert_eq!((both.b, &both.rest["m"]), (Blob(vec![0, 1, 42, 65]), &expected["m"]));
}

#[test]
fn bytes_stay_bytes_also_where_serde_keeps_them_until_it_knows_the_type() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "type")]
    enum Entry {
        Document { body: Blob },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        body: Blob,
    }
    let item = json!({ "type": { "S": "Document" }, "body": { "B": "AAEqQQ==" } });
    let body = || Blob(vec![0, 1, 42, 65]);
    assert_eq!(of::<Entry>(&item), Entry::Document { body: body() });
    assert_eq!(of::<Outer>(&item), Outer { inner: Inner { body: body() } });
}

#[test]
fn a_mistake_beside_bytes_is_told_with_its_place() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Order {
        count: u8,
        #[serde(default)]
        data: Value,
    }
    let item = json!({ "data": { "B": "AAEqQQ==" }, "count": { "N": "300" } });
    let error = read::<Order>(&item.to_string()).unwrap_err().to_string();
    assert!(error.starts_with("/count: "), "{error}");
}
