//! The page on environment variables has a row for each variable that the sources read, and no other.

use std::collections::BTreeSet;
use std::fs;

use super::page::Page;
use super::sentences::literals::{Source, sources};
use super::sentences::rows::{Row, rows};

/// The sections whose variables are not read by Pilaster itself: by a crate or an extension, which the docs of the sources name, or by none.
const OF_OTHERS: &str = "Read by the AWS SDK and other crates";
const NOT_READ: &str = "Powertools variables that are not read";

/// Literals that look like variables.
const NOT_VARIABLES: [(&str, &[&str]); 5] = [
    (
        "an action of a feature flag",
        &[
            "ALL_IN_VALUE",
            "ANY_IN_VALUE",
            "KEY_GREATER_THAN_OR_EQUAL_VALUE",
            "KEY_GREATER_THAN_VALUE",
            "KEY_IN_VALUE",
            "KEY_LESS_THAN_OR_EQUAL_VALUE",
            "KEY_LESS_THAN_VALUE",
            "KEY_NOT_IN_VALUE",
            "MODULO_RANGE",
            "NONE_IN_VALUE",
            "NOT_EQUALS",
            "NOT_IN",
            "SCHEDULE_BETWEEN_DATETIME_RANGE",
            "SCHEDULE_BETWEEN_DAYS_OF_WEEK",
            "SCHEDULE_BETWEEN_TIME_RANGE",
            "VALUE_IN_KEY",
            "VALUE_NOT_IN_KEY",
        ],
    ),
    ("a key of a feature flag", &["CURRENT_DATETIME", "CURRENT_DAY_OF_WEEK", "CURRENT_TIME"]),
    (
        "a value in an event",
        &[
            "AWS_IAM",
            "CONTROL_MESSAGE",
            "CREATE_TIME",
            "DATA_MESSAGE",
            "EVENT_CONNECT",
            "EVENT_PUBLISH",
            "EVENT_SUBSCRIBE",
            "KEYS_ONLY",
            "NEW_AND_OLD_IMAGES",
            "NEW_IMAGE",
            "OLD_IMAGE",
        ],
    ),
    (
        "set by cargo for a crate that it compiles",
        &[
            "CARGO_CRATE_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_DESCRIPTION",
            "CARGO_PKG_LICENSE",
            "CARGO_PKG_NAME",
            "CARGO_PKG_VERSION",
        ],
    ),
    ("a rule of serde", &["SCREAMING_SNAKE_CASE"]),
];

fn all_sources() -> Vec<Source> {
    ["sdk/src", "macros/src"].into_iter().flat_map(sources).collect()
}

fn is_like_a_variable(text: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.contains('_') && text.chars().all(is_of_name)
}

/// The variables of the sources.
fn read() -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    for literal in all_sources().into_iter().flat_map(|source| source.literals) {
        if literal.last_call() == "of_traces" {
            // Two variables: the one of traces, and the one of all signals.
            read.extend(
                ["OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"].map(|head| head.to_owned() + &literal.text),
            );
        } else if is_like_a_variable(&literal.text) {
            read.insert(literal.text);
        }
    }
    read
}

fn documented(is_of_section: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let rows = ["environment-variables", "powertools-variables"].into_iter().flat_map(|page| rows(&Page::read(page)));
    let rows = rows.collect::<Vec<_>>();
    rows.iter().filter(|row| is_of_section(&row.section)).map(Row::name).collect()
}

#[test]
fn every_variable_that_is_read_has_a_row() {
    let not_variables: BTreeSet<&str> = NOT_VARIABLES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let rows = documented(|section| section != NOT_READ);
    let read = read();
    let missing: Vec<&String> =
        read.iter().filter(|name| !rows.contains(*name) && !not_variables.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "environment-variables.md has no row for {missing:#?}");
    let unused: Vec<_> = not_variables.iter().filter(|name| !read.contains(**name)).collect();
    assert!(unused.is_empty(), "remove from `NOT_VARIABLES`: {unused:?}");
}

#[test]
fn a_variable_is_read_as_its_row_says() {
    let read = read();
    let not_read: Vec<String> = documented(|section| section != OF_OTHERS && section != NOT_READ)
        .into_iter()
        .filter(|name| !read.contains(name))
        .collect();
    assert!(not_read.is_empty(), "no source reads {not_read:#?}");
    let read_after_all: Vec<String> =
        documented(|section| section == NOT_READ).into_iter().filter(|name| read.contains(name)).collect();
    assert!(read_after_all.is_empty(), "a source reads {read_after_all:#?}");
    let mut files = Vec::new();
    crate::rust_files(&crate::root().join("sdk/src"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let of_others = documented(|section| section == OF_OTHERS);
    assert!(of_others.len() > 5, "{of_others:?}");
    let unnamed: Vec<String> =
        of_others.into_iter().filter(|name| !texts.iter().any(|text| text.contains(name.as_str()))).collect();
    assert!(unnamed.is_empty(), "the docs of no source name {unnamed:#?}");
}

#[test]
fn a_variable_of_powertools_that_a_page_names_has_a_row() {
    let rows = documented(|_| true);
    let mut missing = BTreeSet::new();
    for page in super::pages() {
        for (at, _) in page.text.match_indices("POWERTOOLS_") {
            let name: String = page.text[at..]
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
                .collect();
            // `POWERTOOLS_…`, and the beginning of several.
            if !name.ends_with('_') && !rows.contains(&name) {
                missing.insert(format!("{}.md: {name}", page.name));
            }
        }
    }
    assert!(missing.is_empty(), "environment-variables.md has no row for {missing:#?}");
}
