//! Pages of reference that repeat what a file of the repository says: the features of `Cargo.toml`, the constants of the sources, the IAM
//! actions of the docs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::page::Page;
use super::sentences::rows::rows;

/// The features, with the features and crates that each one turns on.
fn manifest() -> BTreeMap<String, Vec<String>> {
    let manifest: toml::Table = fs::read_to_string(crate::root().join("sdk/Cargo.toml")).unwrap().parse().unwrap();
    let features = manifest["features"].as_table().expect("the features");
    let entries = |value: &toml::Value| {
        let names = value.as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a name"));
        names.map(|name| name.strip_prefix("dep:").unwrap_or(name).to_owned()).collect()
    };
    features.iter().map(|(name, value)| (name.clone(), entries(value))).collect()
}

#[test]
fn each_feature_has_its_row_with_what_it_adds() {
    let manifest = manifest();
    let by_default: BTreeSet<&String> = manifest["default"].iter().collect();
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    for row in rows(&Page::read("features")) {
        let name = row.name();
        let Some(entries) = manifest.get(&name) else {
            wrong.push(format!("line {}: there is no feature `{name}`", row.line));
            continue;
        };
        let expected = if by_default.contains(&name) { "yes" } else { "–" };
        if name != "default" && row.cells[1] != expected {
            wrong.push(format!("line {}: `{name}` is default: {:?}, not {expected:?}", row.line, row.cells[1]));
        }
        if name != "full" && row.code(3) != *entries {
            wrong.push(format!("line {}: `{name}` adds {entries:?}", row.line));
        }
        if !named.insert(name.clone()) {
            wrong.push(format!("line {}: a second row of `{name}`", row.line));
        }
    }
    let missing = manifest.keys().filter(|name| !named.contains(*name));
    wrong.extend(missing.map(|name| format!("there is no row for `{name}`")));
    assert!(wrong.is_empty(), "features.md:\n{}", wrong.join("\n"));
    let public = manifest.keys().filter(|name| !name.starts_with('_') && *name != "full");
    let not_full: Vec<_> =
        public.filter(|name| !manifest["full"].contains(name) && !by_default.contains(name)).collect();
    assert!(not_full.is_empty(), "`full` lacks {not_full:?}");
}

#[test]
fn the_numbers_of_crates_are_those_of_the_test() {
    let page = Page::read("features").text;
    let test = fs::read_to_string(crate::root().join("tests/tidy/dependencies.rs")).unwrap();
    for (features, sentence) in [("default", "an AWS client: N crates"), ("full", "every feature: N crates")] {
        let number = test.split(&format!("(\"{features}\", ")).nth(1).and_then(|rest| rest.split(')').next());
        let sentence = sentence.replace('N', number.expect("a number"));
        assert!(page.contains(&sentence), "features.md must say {sentence:?}");
    }
}

#[test]
fn each_bound_of_the_limits_is_that_of_its_constant() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for row in rows(&Page::read("limits")).iter().filter(|row| row.section == "Bounds of Pilaster") {
        count += 1;
        let [file, constant] = &*row.code(3) else {
            wrong.push(format!("line {}: the last column must be a file and `NAME = VALUE`", row.line));
            continue;
        };
        let text = fs::read_to_string(crate::root().join("sdk/src").join(file)).unwrap_or_default();
        let (name, value) = constant.split_once(" = ").unwrap_or((constant, ""));
        let (start, end) = (format!("const {name}: "), format!(" = {value};"));
        if !text.lines().any(|line| line.contains(&start) && line.ends_with(&end)) {
            wrong.push(format!("line {}: {file} has no `{constant}`", row.line));
        }
    }
    assert!(count > 20 && wrong.is_empty(), "limits.md:\n{}", wrong.join("\n"));
}

/// The services whose actions the docs name.
const SERVICES: [&str; 7] = ["dynamodb", "kms", "lambda", "secretsmanager", "ssm", "xray", "appconfig"];

#[test]
fn each_iam_action_that_the_docs_name_is_on_the_page() {
    let page = Page::read("iam").text;
    let mut files = Vec::new();
    crate::rust_files(&crate::root().join("sdk/src"), &mut files);
    let mut actions = BTreeSet::new();
    for text in files.iter().map(|file| fs::read_to_string(file).unwrap()) {
        for service in SERVICES {
            for (at, start) in text.match_indices(&format!("`{service}:")) {
                let action: String = text[at + start.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
                if action.starts_with(|c: char| c.is_ascii_uppercase()) {
                    actions.insert(format!("{service}:{action}"));
                }
            }
        }
    }
    assert!(actions.len() > 10, "{actions:?}");
    let missing: Vec<_> = actions.iter().filter(|action| !page.contains(&format!("`{action}`"))).collect();
    assert!(missing.is_empty(), "iam.md does not name {missing:#?}");
}
