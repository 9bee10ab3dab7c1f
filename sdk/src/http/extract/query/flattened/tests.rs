//! Tests of fields within `#[serde(flatten)]`.

mod plain;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::http::extract::query::decode;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Find {
    text: Option<String>,
    near: Option<i16>,
    #[serde(flatten)]
    page: Page,
    #[serde(flatten)]
    more: More,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Page {
    limit: u8,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    deep: bool,
    #[serde(default)]
    weight: f32,
    #[serde(default)]
    delta: Option<i32>,
    #[serde(default)]
    ids: Vec<u16>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct More {
    size: Option<u64>,
}

fn page(limit: u8) -> Page {
    Page { limit, after: None, deep: false, weight: 0.0, delta: None, ids: Vec::new(), tags: Vec::new() }
}

fn find(page: Page) -> Find {
    Find { text: None, near: None, page, more: More { size: None } }
}

#[test]
fn numbers_booleans_and_lists_are_read() {
    let read = |query: &str| decode::<Find>(query.as_bytes()).unwrap();
    assert_eq!(read("limit=5"), find(page(5)));
    let all = "text=5&near=-5&limit=5&after=5&deep=true&weight=1.5&delta=-5&ids=5&tags=5&size=5";
    let whole = Page {
        after: Some("5".into()),
        deep: true,
        weight: 1.5,
        delta: Some(-5),
        ids: vec![5],
        tags: vec!["5".into()],
        ..page(5)
    };
    let expected = Find { text: Some("5".into()), near: Some(-5), page: whole, more: More { size: Some(5) } };
    assert_eq!(read(all), expected, "texts stay texts, although they are numbers");
    assert_eq!(
        read("limit=05&ids=1&ids=2&tags=1&tags=x"),
        find(Page { ids: vec![1, 2], tags: vec!["1".into(), "x".into()], ..page(5) })
    );
    assert_eq!(read("limit=5&delta="), find(page(5)), "an `Option` without a value is `None`");
    assert_eq!(read("limit=5&other=7&another=x"), find(page(5)));
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_field() {
    for (query, pointer, detail) in [
        ("limit=hunter2", "/limit", "expected an integer from 0 to 255"),
        ("limit=256", "/limit", "expected an integer from 0 to 255"),
        ("limit=5&deep=hunter2", "/deep", "expected a boolean"),
        ("limit=5&ids=1&ids=hunter2", "/ids/1", "expected an integer from 0 to 65535"),
        ("limit=5&ids=hunter2", "/ids/0", "expected an integer from 0 to 65535"),
        ("near=hunter2&limit=5", "/near", "expected an integer"),
        ("text=x", "/limit", "is missing"),
    ] {
        let error = decode::<Find>(query.as_bytes()).unwrap_err();
        assert_eq!(error.pointer(), pointer, "{query}");
        assert!(error.detail().starts_with(detail), "{query}: {}", error.detail());
    }
}

#[test]
fn a_map_that_takes_each_key_keeps_its_texts() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Open {
        limit: u8,
        #[serde(flatten)]
        others: BTreeMap<String, String>,
    }
    let read = decode::<Open>(b"limit=5&size=7").unwrap();
    assert_eq!(read, Open { limit: 5, others: [("size".to_owned(), "7".to_owned())].into() });
}

#[test]
fn a_mistake_after_a_value_that_is_right_is_named() {
    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        _inner: Inner,
        #[serde(flatten)]
        _more: More,
        q: String,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        limit: u32,
        name: String,
        #[serde(default, alias = "id")]
        ids: Vec<u32>,
        letter: Option<char>,
        order: Option<Order>,
        address: Option<std::net::IpAddr>,
        big: Option<u128>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Ascending,
        Descending,
    }
    let whole = decode::<Outer>(b"limit=5&name=a&ids=1&letter=c&order=descending&address=::1&q=b").unwrap();
    assert_eq!(whole.q, "b");
    let _ = Order::Ascending;
    for (query, pointer, detail) in [
        ("limit=5&q=b", "/name", "is missing"),
        ("ids=1&limit=5&q=b", "/name", "is missing"),
        ("limit=5&name=a", "/q", "is missing"),
        ("limit=5&name=a&name=b&q=c", "/name", "must occur only once"),
        ("limit=5&limit=6&name=a&q=c", "/limit", "must occur only once"),
        ("limit=x&limit=y&name=a&q=c", "/limit", "must occur only once"),
        ("limit=5&name=5&q=5&size=5&size=5", "/size", "must occur only once"),
        ("limit=5&name=5&q=5&size=x", "/size", "expected a non-negative integer"),
        ("size=5&limit=5&q=5", "/name", "is missing"),
        ("limit=5&name=a&ids=1&id=2&q=c", "/ids", "must occur only once"),
        ("limit=5&name=a&letter=ab&q=c", "/letter", "expected a character"),
        ("limit=5&name=a&order=up&q=c", "/order", "expected `ascending` or `descending`"),
        ("limit=5&name=a&address=1&q=c", "/address", "expected an IP address"),
        ("limit=5&name=a&big=5&q=c", "/big", "is invalid"),
        ("limit=flattened-field&name=flattened-field&q=c", "/limit", "expected an integer from 0 to 4294967295"),
    ] {
        let error = decode::<Outer>(query.as_bytes()).unwrap_err();
        assert_eq!((error.pointer(), error.detail()), (pointer, detail), "{query}");
    }
}

#[test]
fn numbers_are_those_of_other_fields() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Plain {
        u: Option<u32>,
        i: Option<i32>,
        f: Option<f32>,
        d: Option<f64>,
        b: Option<bool>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Flat {
        #[serde(flatten)]
        plain: Plain,
    }
    let texts =
        ["", "-0", "+5", "05", "5.0", "1e2", "1e39", "1e400", "NaN", "inf", "0x5", "on", "off", "TRUE", "1", " 1"];
    for (key, text) in ["u", "i", "f", "d", "b"].into_iter().flat_map(|key| texts.map(|text| (key, text))) {
        let query = serde_html_form::to_string([(key, text)]).unwrap();
        let (plain, flat) = (decode::<Plain>(query.as_bytes()), decode::<Flat>(query.as_bytes()));
        assert_eq!(
            plain.map(|plain| format!("{plain:?}")).map_err(|error| error.pointer().to_owned()),
            flat.map(|flat| format!("{:?}", flat.plain)).map_err(|error| error.pointer().to_owned()),
            "{query}"
        );
    }
}

#[test]
fn many_or_long_fields_are_read_and_a_search_that_is_too_long_ends() {
    let keys = |count: usize| (0..count).map(|n| format!("&k{n}=5")).collect::<String>();
    for text in [keys(2000), format!("&text={}", "x".repeat(1 << 20))] {
        let long = decode::<Find>(format!("limit=5&size=7{text}").as_bytes()).unwrap();
        assert_eq!((long.page.limit, long.more.size), (5, Some(7)));
        let error = decode::<Find>(format!("limit=x&size=7{text}").as_bytes()).unwrap_err();
        assert_eq!((error.pointer(), error.detail()), ("/limit", "expected an integer from 0 to 255"));
    }
    #[derive(Debug, Deserialize)]
    struct Numbers {
        #[serde(flatten)]
        each: BTreeMap<String, u32>,
    }
    assert_eq!(decode::<Numbers>(&keys(40).as_bytes()[1..]).unwrap().each.len(), 40);
    let error = decode::<Numbers>(&keys(9000).as_bytes()[1..]).unwrap_err();
    assert_eq!((error.pointer(), error.detail()), ("", "has too many or too long fields to find their types"));
}

prop_compose! {
    fn finds()(
        text in any::<Option<String>>().prop_filter("is `None`", |text| text.as_deref() != Some("")),
        near in any::<Option<i16>>(),
        limit in any::<u8>(),
        after in prop_oneof![Just(None), "[0-9]{1,3}".prop_map(Some), "[a-z&=é%]{1,5}".prop_map(Some)],
        deep in any::<bool>(),
        weight in prop::num::f32::NORMAL,
        delta in any::<Option<i32>>(),
        ids in prop::collection::vec(any::<u16>(), 0..3),
        tags in prop::collection::vec("[0-9a-z]{1,3}", 0..3),
        size in any::<Option<u64>>(),
    ) -> Find {
        Find { text, near, page: Page { limit, after, deep, weight, delta, ids, tags }, more: More { size } }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(find in finds()) {
        let mut fields: Vec<(&str, String)> = Vec::new();
        let Page { limit, after, deep, weight, delta, ids, tags } = &find.page;
        fields.extend(find.text.iter().map(|text| ("text", text.clone())));
        fields.extend(find.near.iter().map(|near| ("near", near.to_string())));
        fields.push(("limit", limit.to_string()));
        fields.extend(after.iter().map(|after| ("after", after.clone())));
        fields.push(("deep", deep.to_string()));
        fields.push(("weight", format!("{weight:?}")));
        fields.extend(delta.iter().map(|delta| ("delta", delta.to_string())));
        fields.extend(ids.iter().map(|id| ("ids", id.to_string())));
        fields.extend(tags.iter().map(|tag| ("tags", tag.clone())));
        fields.extend(find.more.size.iter().map(|size| ("size", size.to_string())));
        let query = serde_html_form::to_string(&fields).unwrap();
        prop_assert_eq!(decode::<Find>(query.as_bytes()).unwrap(), find, "{}", query);
    }
}
