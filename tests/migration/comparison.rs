//! The page "Comparison": its versions are those that the tests install, each row names a deviation or a test that exists, and what a
//! mapping table has no counterpart for is on the page.

use std::collections::BTreeSet;

use super::differences::{has_deviation, has_test};
use super::page::Page;
use super::{file, read, root};

const HAS_NOT: &str = "What they have and Pilaster has not";

/// Returns the texts in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_versions_are_those_that_the_tests_install() {
    let page = Page::read("compare.md");
    let packages = read(&file("package.json"));
    let python = read(&root().join("tests/engines/install.sh"));
    let adapter = read(&file("from_web_adapter.rs"));
    for row in page.rows("Versions") {
        let (name, version) = (&row[0], &row[1]);
        let is_installed = match name.as_str() {
            "Pilaster" => read(&root().join("Cargo.toml")).contains(&format!("version = \"{version}\"")),
            "middy" => packages.contains(&format!("\"@middy/core\": \"{version}\"")),
            "Powertools for TypeScript" => {
                packages.contains(&format!("\"@aws-lambda-powertools/logger\": \"{version}\""))
            }
            "Powertools for Python" => python.contains(&format!("aws-lambda-powertools=={version}")),
            "`lambda_http`" => {
                read(&root().join("Cargo.lock")).contains(&format!("name = \"lambda_http\"\nversion = \"{version}\""))
            }
            "axum" => read(&root().join("Cargo.lock")).contains(&format!("name = \"axum\"\nversion = \"{version}\"")),
            "Lambda Web Adapter" => adapter.contains(&format!("as the adapter {version} does")),
            other => panic!("compare.md: no test installs {other}"),
        };
        assert!(is_installed, "compare.md: {name} {version} is not the version of the tests");
    }
}

#[test]
fn each_row_is_shown_by_a_test() {
    let page = Page::read("compare.md");
    let mut rows = 0;
    for heading in ["HTTP", "Records", "The process and its configuration", "Formats that are shared"] {
        for row in page.rows(heading) {
            let shown_by = quoted(row.last().expect("a cell"));
            assert!(!shown_by.is_empty(), "compare.md: `{}` names no test", row[0]);
            for name in shown_by {
                assert!(
                    has_test(name) || has_deviation(name),
                    "compare.md: `{}` names `{name}`, which is no test and no deviation",
                    row[0]
                );
            }
            rows += 1;
        }
    }
    assert!(rows > 20, "there are rows");
}

/// A last cell that begins with "none" says that there is no counterpart.
#[test]
fn what_has_no_counterpart_is_on_the_page() {
    let page = Page::read("compare.md");
    let rows = page.rows(HAS_NOT);
    let on_page: BTreeSet<_> = rows.iter().flatten().flat_map(|cell| quoted(cell)).collect();
    let mut missing = BTreeSet::new();
    for mapping in ["middy-packages.md", "powertools-utilities.md"] {
        for row in Page::read(mapping).all_rows() {
            if row.last().is_some_and(|cell| cell.starts_with("none")) {
                let names = row[..row.len() - 1].iter().flat_map(|cell| quoted(cell)).map(str::to_owned);
                missing.extend(names.filter(|name| !on_page.contains(name.as_str())));
            }
        }
    }
    assert!(missing.is_empty(), "compare.md, \"{HAS_NOT}\", lacks {missing:?}");
}

#[test]
fn the_page_has_its_date() {
    let page = Page::read("compare.md");
    let date = regex_lite::Regex::new("As of [0-9]{4}-[0-9]{2}-[0-9]{2}").expect("a pattern");
    assert_eq!(date.find_iter(&page.text).count(), 1, "compare.md has one date, which `.ci/compare-age` reads");
}
