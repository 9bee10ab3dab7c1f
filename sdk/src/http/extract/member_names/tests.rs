use super::*;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Line {
    unit_price: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
#[allow(dead_code)]
struct Order {
    order_lines: Vec<Line>,
    #[serde(default)]
    by_name: BTreeMap<String, Box<Option<Line>>>,
    r#type: Wrapped,
    #[serde(rename = "e-mail", alias = "mail")]
    email: String,
    #[serde(rename = "id")]
    order_number: u8,
    line_set: HashSet<Line>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Wrapped(Line);

fn at<T: DeserializeOwned>(path: &str) -> String {
    renamed::<T>(&path.split('.').map(str::to_owned).collect::<Vec<_>>()).join(".")
}

#[test]
fn each_step_gets_the_name_that_serde_reads() {
    for (path, sent) in [
        ("order_lines.3.unit_price", "ORDER-LINES.3.unitPrice"),
        ("by_name.unit_price.unit_price", "BY-NAME.unit_price.unitPrice"),
        ("r#type.unit_price", "TYPE.unitPrice"),
        ("email", "e-mail"),
        ("line_set.0.unit_price", "LINE-SET.0.unitPrice"),
        // Nothing shows that `order_number` is deserialized as `id`.
        ("order_number", "order_number"),
        ("nothing.of.it", "nothing.of.it"),
    ] {
        assert_eq!(at::<Order>(path), sent);
    }
    assert_eq!(at::<Vec<Line>>("0.unit_price"), "0.unitPrice");
    // A number has no members.
    assert_eq!(at::<(Line, u8)>("1.unit_price"), "1");
    assert_eq!(at::<String>("unit_price"), "");
    assert_eq!(at::<serde_json::Value>("unit_price"), "unit_price");
    assert_eq!(renamed::<Order>(&[]), [""; 0]);
}

#[test]
fn a_type_without_end_ends_with_the_path() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Tree {
        left_branch: Option<Box<Tree>>,
    }
    assert_eq!(at::<Tree>("left_branch.left_branch"), "leftBranch.leftBranch");
    assert_eq!(at::<Tree>("right"), "right");
}

#[test]
fn keys_of_a_map_need_not_be_texts() {
    assert_eq!(at::<BTreeMap<usize, Line>>("7.unit_price"), "7.unitPrice");
    assert_eq!(at::<BTreeMap<i8, Line>>("-7.unit_price"), "-7.unitPrice");
    assert_eq!(at::<BTreeMap<bool, Line>>("true.unit_price"), "true.unitPrice");
    assert_eq!(at::<BTreeMap<char, Line>>("x.unit_price"), "x.unitPrice");
    assert_eq!(at::<BTreeMap<std::num::NonZeroU8, Line>>("7.unit_price"), "7.unitPrice");

    #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Number(u64);
    #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }
    assert_eq!(at::<BTreeMap<Number, Line>>("7.unit_price"), "7.unitPrice");
    assert_eq!(at::<BTreeMap<Colour, Line>>("red.unit_price"), "red.unitPrice");
    // That is not a key of this map.
    assert_eq!(at::<BTreeMap<u8, Line>>("x.unit_price"), "x.unit_price");
}

#[test]
fn items_of_arrays_and_tuples_are_reached_at_each_index() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Pair(Order, Line);
    #[derive(Deserialize)]
    #[allow(dead_code)]
    enum Kind {
        Only(u8, Line),
    }
    assert_eq!(at::<[Line; 2]>("1.unit_price"), "1.unitPrice");
    assert_eq!(at::<[std::net::IpAddr; 2]>("1"), "1");
    assert_eq!(at::<(Line, Line)>("1.unit_price"), "1.unitPrice");
    assert_eq!(at::<(Order, bool, String, char, f32, Option<Order>, (), Line)>("7.unit_price"), "7.unitPrice");
    assert_eq!(at::<Pair>("1.unit_price"), "1.unitPrice");
    assert_eq!(at::<(Kind, Line)>("1.unit_price"), "1.unitPrice");
    assert_eq!(at::<Kind>("1.unit_price"), "1.unitPrice");
    // No address can be made up.
    assert_eq!(at::<(std::net::IpAddr, Line)>("1.unit_price"), "1.unit_price");

    #[derive(Deserialize)]
    #[allow(dead_code)]
    enum Endless {
        Both(Box<(Endless, Endless)>),
    }
    assert_eq!(at::<(Endless, Line)>("1.unit_price"), "1.unit_price");
}

#[test]
fn a_step_into_a_transparent_struct_was_not_sent() {
    #[derive(Deserialize)]
    #[serde(transparent)]
    #[allow(dead_code)]
    struct Wrap<T> {
        inner_item: T,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Cart {
        first_line: WrappedLine,
        note: Wrap<String>,
        all_lines: Option<Vec<WrappedLine>>,
    }
    #[derive(Deserialize)]
    #[serde(transparent)]
    #[allow(dead_code)]
    struct WrappedLine {
        inner_line: Line,
    }
    assert_eq!(at::<WrappedLine>("inner_line.unit_price"), "unitPrice");
    assert_eq!(at::<Cart>("first_line.inner_line.unit_price"), "firstLine.unitPrice");
    assert_eq!(at::<Cart>("note.inner_item"), "note");
    assert_eq!(at::<Cart>("all_lines.3.inner_line.unit_price"), "allLines.3.unitPrice");
    assert_eq!(at::<Wrap<Vec<Line>>>("inner_item.3.unit_price"), "3.unitPrice");
    #[derive(Deserialize)]
    #[serde(transparent)]
    #[allow(dead_code)]
    struct ByName {
        lines: BTreeMap<String, Line>,
    }
    assert_eq!(at::<ByName>("lines.a_b.unit_price"), "a_b.unitPrice");

    // A member of another name is not such a step, though its content has one of the struct's names.
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Renamed {
        #[serde(rename = "sum")]
        total: Line,
        unit_price: u8,
    }
    assert_eq!(at::<Renamed>("total.unit_price"), "total.unit_price");
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Newtype(Renamed);
    assert_eq!(at::<Newtype>("total.unit_price"), "total.unit_price");
}
