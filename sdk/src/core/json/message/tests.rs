use super::*;
use serde::Deserialize;

#[test]
fn the_expected_type_is_that_of_json() {
    for (message, words) in [
        ("invalid type: null, expected struct NewNote at line 1 column 4", "expected an object, got null"),
        ("invalid length 1, expected struct X with 2 elements at line 1 column 3", "expected an object"),
        ("invalid type: string \"x at line 3\", expected u8", "expected an integer from 0 to 255, got a string"),
        ("invalid type: string \"x\", expected u8 at line 1", "expected an integer from 0 to 255, got a string"),
        ("invalid type: floating point `1.5`, expected u16", "expected an integer from 0 to 65535"),
        ("invalid value: integer `-1`, expected usize", "expected a non-negative integer"),
        ("invalid value: integer `0`, expected a nonzero u8", "expected an integer from 1 to 255"),
        ("invalid type: integer `1`, expected a string", "expected a string, got a number"),
        ("invalid type: sequence, expected a map", "expected an object, got an array"),
        ("invalid type: map, expected a sequence", "expected an array, got an object"),
        ("invalid type: boolean `true`, expected f64", "expected a number, got a boolean"),
        ("invalid type: string \"\", expected unit", "expected null, got a string"),
        ("invalid length 1, expected a tuple of size 2", "expected an array of 2 elements"),
        ("invalid length 3, expected 1 element in sequence", "expected an array of 1 element"),
        ("invalid type: unit variant, expected newtype variant", "expected an object with this as its key"),
        ("unknown variant `x`, expected `a` or `b`", "expected `a` or `b`"),
        ("invalid value: string \"x\", expected an e-mail address", "expected an e-mail address"),
        ("UUID parsing failed: invalid length: found 7", "expected a UUID"),
        ("invalid IPv4 address syntax", "expected an IPv4 address"),
        ("unknown field `x`, expected one of `a`, `b`", "unknown field, expected one of `a`, `b`"),
        ("data did not match any variant of untagged enum Shape", "does not match any of the accepted forms"),
    ] {
        assert_eq!(without_values(message), words, "{message}");
    }
}

#[test]
fn the_value_is_not_repeated() {
    for (message, words) in [
        ("unknown field `x, expected hunter2`, there are no fields", "unknown field"),
        ("unknown variant `x, expected hunter2`, there are no variants", "is invalid"),
        ("invalid type: string \"a, expected hunter2\", expected u64", "expected a non-negative integer, got a string"),
        ("hunter2: invalid digit found in string", "is invalid"),
        ("hunter2", "is invalid"),
    ] {
        assert_eq!(without_values(message), words, "{message}");
    }
}

#[test]
fn the_type_of_a_key_is_found() {
    #[derive(Debug, Deserialize)]
    struct Wrapped(#[allow(dead_code)] i16);
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Asking {
        small: u8,
        maybe: Option<Wrapped>,
        #[serde(rename = "many[]", default)]
        many: Vec<f32>,
        text: String,
    }
    let asked = ["small", "maybe", "many[]", "text", "other"].map(expected_type::<Asking>);
    assert_eq!(asked, [Some("u8"), Some("i16"), Some("f32"), None, None]);
    assert_eq!(expected_type::<std::collections::HashMap<String, bool>>("any"), Some("bool"));
    assert_eq!(expected_type::<u8>("any"), None);
}

#[test]
fn a_text_that_is_not_a_number_has_a_message_with_or_without_its_type() {
    let [digit, large] = ["invalid digit found in string", "number too large to fit in target type"];
    assert_eq!(unparsed(Some("u8"), large), "expected an integer from 0 to 255");
    assert_eq!(unparsed(Some("u64"), digit), "expected a non-negative integer");
    assert_eq!(unparsed(Some("u64"), large), "is too large");
    assert_eq!(without_values(digit), "expected an integer");
    assert_eq!(without_values(large), "is too large");
}
