//! Checks that a built event has the same fields as a real one, with values of the same types.

use std::collections::BTreeSet;

use serde_json::Value;

/// Returns the event in `tests/fixtures/events`.
pub(super) fn real(path: &str) -> Value {
    let path = format!("{}/../tests/fixtures/events/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the file")).expect("JSON")
}

/// Compares the first record of each list; names that start with one of `but` are ignored on both sides.
pub(super) fn same(fixture: &str, built: &Value, but: &[&str]) {
    let (mut real_paths, mut built_paths) = (BTreeSet::new(), BTreeSet::new());
    paths(&real(fixture), String::new(), &mut real_paths);
    paths(built, String::new(), &mut built_paths);
    for set in [&mut real_paths, &mut built_paths] {
        set.retain(|path| !but.iter().any(|but| path.starts_with(but)));
    }
    let missing: Vec<_> = real_paths.difference(&built_paths).collect();
    let extra: Vec<_> = built_paths.difference(&real_paths).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{fixture}: missing {missing:#?}, not there {extra:#?}");
}

fn paths(value: &Value, at: String, found: &mut BTreeSet<String>) {
    let under = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| paths(value, under(name), found)),
        Value::Array(items) => items.iter().take(1).for_each(|item| paths(item, under("[]"), found)),
        Value::String(_) => drop(found.insert(format!("{at}: text"))),
        Value::Number(_) => drop(found.insert(format!("{at}: number"))),
        Value::Bool(_) => drop(found.insert(format!("{at}: bool"))),
        Value::Null => drop(found.insert(format!("{at}: null"))),
    }
}
