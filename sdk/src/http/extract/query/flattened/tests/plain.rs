//! A struct with flattened fields against one without.

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Plain {
    limit: u8,
    name: String,
    #[serde(default)]
    ids: Vec<u16>,
    delta: Option<i8>,
    flag: Option<bool>,
    q: String,
}

#[derive(Debug, Deserialize)]
struct Flat {
    #[serde(flatten)]
    first: First,
    q: String,
    #[serde(flatten)]
    second: Second,
}

#[derive(Debug, Deserialize)]
struct First {
    limit: u8,
    #[serde(default)]
    ids: Vec<u16>,
}

#[derive(Debug, Deserialize)]
struct Second {
    name: String,
    delta: Option<i8>,
    flag: Option<bool>,
}

/// Returns the pointers of all mistakes in a query for [`Plain`].
fn mistakes(fields: &[(&str, &str)]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for name in ["limit", "name", "ids", "delta", "flag", "q"] {
        let texts: Vec<_> = fields.iter().filter(|(key, _)| *key == name).map(|(_, text)| *text).collect();
        let is_wrong = |text: &str| match name {
            "limit" => text.parse::<u8>().is_err(),
            "ids" => text.parse::<u16>().is_err(),
            "delta" => !text.is_empty() && text.parse::<i8>().is_err(),
            "flag" => !["", "true", "false", "on"].contains(&text),
            _ => false,
        };
        match (name, &*texts) {
            ("ids", texts) => {
                let wrong = texts.iter().position(|text| is_wrong(text));
                mistakes.extend(wrong.map(|at| format!("/ids/{at}")));
            }
            ("limit" | "name" | "q", []) => mistakes.push(format!("/{name}")),
            (_, []) => {}
            (_, [text]) if !is_wrong(text) => {}
            _ => mistakes.push(format!("/{name}")),
        }
    }
    mistakes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    /// serde reports one mistake; in which order it finds several differs.
    #[test]
    fn a_flattened_struct_accepts_and_refuses_what_a_plain_one_does(fields in prop::collection::vec(
        (
            prop::sample::select(&["limit", "name", "ids", "ids", "delta", "flag", "q", "other"][..]),
            prop::sample::select(&["5", "5", "7", "-5", "0", "-0", "true", "on", "x", "", "300", "70000", "1.5"][..]),
        ),
        0..10,
    ), whole in any::<bool>()) {
        let mut fields = fields;
        for name in ["q", "name", "limit"] {
            if whole && !fields.iter().any(|(key, _)| *key == name) {
                fields.insert(fields.len() / 2, (name, "5"));
            }
        }
        let query = serde_html_form::to_string(&fields).unwrap();
        let expected = mistakes(&fields);
        match (decode::<Plain>(query.as_bytes()), decode::<Flat>(query.as_bytes())) {
            (Ok(plain), Ok(Flat { first: First { limit, ids }, q, second: Second { name, delta, flag } })) => {
                prop_assert_eq!(plain, Plain { limit, name, ids, delta, flag, q });
                prop_assert!(expected.is_empty(), "{} {:?}", query, expected);
            }
            (Err(plain), Err(flat)) => {
                prop_assert!(expected.iter().any(|pointer| pointer == flat.pointer()), "{} {:?}", query, flat);
                prop_assert!(expected.len() > 1 || plain.pointer() == flat.pointer(), "{} {:?} {:?}", query, plain, flat);
            }
            (plain, flat) => prop_assert!(false, "{}: {:?} {:?}", query, plain, flat),
        }
    }
}
